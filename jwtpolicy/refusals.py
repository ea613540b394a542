"""Log refusals, name them, and keep what a later answer needs of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Final
from weakref import ref

from flask import Request, current_app

from .decision import Decision
from .exceptions import AccessError, NoTokenError, quoted
from .misplaced import misplaced
from .outcomes import Outcome
from .policy.credentials import OwnTokens
from .state import RequestState

logger = logging.getLogger("jwtpolicy")

#: Policies that a line names; who needs all of them reads the decision.
_MOST: Final = 3


def refused(
    error: AccessError,
    label: str,
    *,
    realm: str,
    resource_metadata: str | None,
    state: RequestState | None,
    token_id: str | None = None,
    level: int | None = None,
    may_be_caught: bool = False,
) -> AccessError:
    """Log *error*, say in whose name its challenge is, and return it.

    Args:
        error: The refusal; one that this request has logged is not logged again.
        label: Who refuses: the method and the endpoint.
        realm: The realm of challenges.
        resource_metadata: The URL that challenges name, or None.
        state: What is known of the request, or None: then there is none.
        token_id: ``jti`` of the token that was refused, or None.
        level: How loud; None: an outage is an error, another refusal a warning in debug mode.
        may_be_caught: Whether it comes of a call in a view, which may go on without: then it is
            logged by `log_answered`, if it is the answer.
    """
    error.addressed(realm, resource_metadata)
    if state is not None:
        # The texts alone: the error's traceback holds the request, in which the state is kept.
        headers, bare = error.headers, f"Bearer {quoted('realm', realm)}"
        state.refusal = error.code, headers, headers.get("WWW-Authenticate", bare)
    found = level or _level(error)
    if logger.isEnabledFor(found) and (state is None or state.logged() is not error):
        line = (found, "%s: %s (jti=%r)", label, _line(error, state), token_id)
        is_final = not may_be_caught or found > logging.WARNING
        if is_final:
            logger.log(*line)
        if state is not None:
            state.unlogged = None if is_final else (error.code, line)
            # Weakly: its traceback holds all that the request has made.
            state.logged = ref(error) if is_final else state.logged
    return error


def log_answered(state: RequestState, status: int) -> None:
    """Log the refusal of a call in the view, where the answer has its status."""
    unlogged, state.unlogged = state.unlogged, None
    if unlogged is not None and unlogged[0] == status:
        logger.log(*unlogged[1])


def _level(error: AccessError) -> int:
    if error.outcome is Outcome.ERROR:
        return logging.ERROR
    # In debug mode nothing has to be set up for the line to be seen: Python prints warnings.
    return logging.WARNING if current_app.debug else logging.INFO


def _line(error: AccessError, state: RequestState | None) -> str:
    """Return what the log says of *error*: what was missing, and which policy asked for it."""
    said = _hint(error, state) or error.reason
    policies = "" if error.decision is None else _refusing(error.decision)
    return f"{error.code} {error.error}: {said}{policies and ': '}{policies}"


def _hint(error: AccessError, state: RequestState | None) -> str | None:
    """Return where a token may have been put by mistake, where none was found."""
    request: Request | None = None if state is None else state.request
    if type(error) is not NoTokenError or state is None or request is None or not state.asked:
        return None
    return misplaced(request, state.asked[-1].places)


def _refusing(decision: Decision) -> str:
    """Return the policies without whose refusal *decision* would be another one."""
    # Nobody writes `OwnTokens`: closing adds it, and there is another one wherever it refuses.
    causes = (cause for cause in _causes(decision) if not isinstance(cause, OwnTokens))
    found = list(dict.fromkeys(map(repr, causes)))
    return ", ".join(found[:_MOST]) + (" …" if len(found) > _MOST else "")


def _causes(decision: Decision) -> Iterator[object]:
    children = [child for child in decision.children if child.outcome is decision.outcome]
    if not children:
        yield decision.policy
    for child in children:
        yield from _causes(child)
