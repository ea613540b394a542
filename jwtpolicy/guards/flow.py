"""The steps of a decision, as a generator that the sync and async drivers share.

A driver sends each step's outcome back: it weighs the node that it is given, or loads the resource.
So what is decided, and in which order, stands in one place, and only the waiting differs.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from functools import partial
from typing import Final, TypeVar, cast

from flask import Response
from werkzeug.exceptions import HTTPException

from ..decision import Finding, Outcome
from ..exceptions import AccessError, NoTokenError, RevokedTokenError
from ..policy.base import NO_TOKEN_SENT
from ..policy.program import Node, Program, Run
from .challenges import refusal
from .request_state import RequestState

logger = logging.getLogger("jwtpolicy")

#: Outcomes as the integers that nodes return.
ALLOW: Final = 0
PENDING: Final = int(Outcome.PENDING)
NO_TOKEN: Final = int(Outcome.NO_TOKEN)
INVALID_TOKEN: Final = int(Outcome.INVALID_TOKEN)
_USED_UP: Final = Finding(Outcome.INVALID_TOKEN, "used up")

Result = TypeVar("Result")
#: The node that is to be weighed, or None for the resource that is to be loaded.
Step = tuple[Node | None, Run]
#: Shared by the sync and async drivers: yields steps, receives the outcome of each. What a loader
#: raised is raised inside of it, where the next token may be judged all the same.
Flow = Generator[Step, int, Result]


class Answered(HTTPException):
    """The answer to HEAD where GET would use a token up: the view does not run, the token stays.

    Mail scanners and previews of links ask so. The status is 200, because what meets a 405 asks
    again with GET; RFC 9110 section 9.3.2 lets a server leave out what only the view could say.
    """

    def __init__(self) -> None:
        response = Response(headers={"Cache-Control": "no-store"})
        response.automatically_set_content_length = False
        super().__init__(response=response)


def advanced(
    flow: Flow[Result], outcome: int | Exception | None = None
) -> tuple[Step | None, Result | None]:
    """Let *flow* go on with *outcome*; return its next step, or None and its result.

    A `StopIteration` counts as the end here alone: a loader that calls ``next(…)`` raises it too,
    which is a `RuntimeError` as soon as it leaves the decision (:pep:`479`), so that the request
    that it was asked about is not let in.
    """
    try:
        if isinstance(outcome, Exception):
            return flow.throw(outcome), None
        return flow.send(cast(int, outcome)), None
    except StopIteration as end:
        return None, end.value


def resolve(outcome: int, program: Program, run: Run) -> Flow[None]:
    """Load the resource if the outcome is pending; raise the refusal unless it is allowed."""
    if outcome == PENDING:
        yield None, run
        run.forget_pending()
        outcome = yield program.root, run
    if outcome != ALLOW:
        yield from _refused(program, run, outcome)


def _refused(program: Program, run: Run, outcome: int) -> Flow[None]:
    """Raise the refusal; a revoked token's comes first, so that its client gets another."""
    node = program.root
    if outcome == NO_TOKEN and program.lacks_token_alone(run):
        # Nobody may read the decision, which is as long as the tree.
        raise NoTokenError(NO_TOKEN_SENT, decision=partial(node.compose, run))
    if outcome > INVALID_TOKEN and (baseline := program.baseline) is not None:
        node = baseline if (yield baseline, run) == INVALID_TOKEN else program.root
    raise refusal_of(node, run)


def refusal_of(node: Node, run: Run) -> Exception:
    """Return the exception that answers what *node* has refused in *run*."""
    return refusal(node.compose(run))


def use_up(program: Program, run: Run, state: RequestState) -> None:
    """Consume a single-use token, if the request would not have got in without.

    Raises:
        RevokedTokenError: Another request has consumed the token in the meantime.
        Answered: The method is HEAD, which leaves the token to GET.
    """
    token, is_head = run.access.token, run.access.method == "HEAD"
    asked = program.single_uses if is_head else program.consumed
    if token is None or not any(_depends_on(index, program, run) for index in asked):
        return
    if is_head:
        raise Answered
    if not state.answers.services.consume(token):
        msg = "another request used the token first"
        raise RevokedTokenError(msg)
    state.answers.forget()


def _depends_on(index: int, program: Program, run: Run) -> bool:
    """Whether the tree allowed only because of the leaf at *index*."""
    return program.root.weigh(run.replaced(index, _USED_UP)) != ALLOW


def outcome_of(error: Exception) -> Outcome:
    """Return the outcome that an exception stands for; ERROR if a loader raised it."""
    return error.outcome if isinstance(error, AccessError) else Outcome.ERROR


def note_failure(error: Exception, label: str, *, is_last: bool) -> None:
    """Log a loader's exception that no answer shows, because another token is tried next."""
    if not is_last and not isinstance(error, HTTPException):
        logger.error("%s: a loader raised %s", label, type(error).__name__, exc_info=error)
