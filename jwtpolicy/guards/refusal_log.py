"""The log of refusals, and the headers that later error answers get from them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final, NamedTuple
from weakref import ref

from flask import Request, Response, after_this_request, current_app

from ..decision import Decision, Outcome, is_added, one_line, retold
from ..exceptions import AccessError, NoTokenError, quoted
from ..policy.base import NO_TOKEN_SENT
from .misplaced_tokens import misplaced
from .request_state import RequestState

logger = logging.getLogger("jwtpolicy")

#: Policies that a line names; who needs all of them reads the decision.
_MOST: Final = 3


class Address(NamedTuple):
    """The metadata and the scopes that the challenges of an endpoint name.

    Attributes:
        resource_metadata: The URL of the metadata of its protected resource (:rfc:`9728`).
        scopes: The scopes to ask for, separated by spaces, by the method; empty: none are told.
    """

    resource_metadata: str
    scopes: Mapping[str, str]


class Refusals:
    """The refusals of one application: they are logged, and get its realm.

    Args:
        realm: The realm of challenges.
        resource_metadata: The URL that challenges name, or None (:rfc:`9728`).

    Attributes:
        began_in_debug: Whether the application was in debug mode when it was bound. While it still
            is, refusals are logged as warnings and show their decisions: to clients in the body,
            and in the log.
        answers_all: Says whether the library answers every refusal, because the application has no
            error handler that could.
        addresses: The endpoints whose challenges lead elsewhere than those of the application,
            because they belong to a protected resource.
    """

    def __init__(self, realm: str, resource_metadata: str | None = None) -> None:
        self._realm = realm
        self._resource_metadata = resource_metadata
        self.began_in_debug = False
        self.answers_all: Callable[[], bool] = lambda: False
        self.addresses: dict[str, Address] = {}

    def sent(
        self,
        error: AccessError,
        label: str,
        state: RequestState | None,
        *,
        token_id: str | None = None,
        level: int | None = None,
        may_be_caught: bool = False,
    ) -> AccessError:
        """Log *error*, set the realm of its challenge, and return it, to be raised.

        Its traceback begins where it is raised next, unless somebody may want to read it: the
        frames below hold the request, and what the request holds may hold the error.

        Args:
            error: The refusal; one that this request has logged is not logged again.
            label: The method and the endpoint.
            state: The state of the request, or None outside of one.
            token_id: ``jti`` of the token that was refused; None: of the one verified last.
            level: The logging level; None: an outage is an error, another refusal a warning in
                debug mode.
            may_be_caught: Whether it comes of a call in a view, which may go on without: then it is
                logged with the answer, if nobody has caught it.
        """
        # An application may raise one object for many requests.
        error.is_own_answer = False
        # True itself: the text "False", as an environment has it, is no yes.
        is_debug = self.began_in_debug and current_app.debug is True
        error.shown_decision = _tree(error, state) if is_debug else ()
        if not may_be_caught:
            error.__traceback__ = None
        if level is None:
            # Python prints warnings where nothing is set up, and in debug mode nothing is.
            level = logging.WARNING if is_debug else logging.INFO
            level = logging.ERROR if error.outcome is Outcome.ERROR else level
        unlogged = _log(error, label, state, token_id, level, may_be_caught)
        if self.addresses:
            error.addressed(self._realm, *self._address(state))
        else:
            error.addressed(self._realm, self._resource_metadata)
        if state is None:
            return error
        if unlogged is None:
            # Weakly: its traceback holds all that the request has made.
            state.logged = ref(error)
        if state.refusal is None:
            if unlogged is None and self.answers_all():
                # Nothing is left to log, and no handler's answer to put headers on.
                return error
            # For this request alone: those that are let in pay for no hook.
            after_this_request(partial(_answered, state=state))
        elif _has_left(state.refusal):
            # What the page of a refusal asks for, and goes without, is not what it answers.
            return error
        state.refusal, state.unlogged = error, unlogged
        return error

    def _address(self, state: RequestState | None) -> tuple[str | None, str | None]:
        """Return the URL of metadata, and the scopes, that the challenge names; None: none.

        The endpoint says whether it belongs to a protected resource, and never the ``Host`` or the
        path of the request.
        """
        request: Request | None = None if state is None else state.request
        found = None if request is None else self.addresses.get(request.endpoint or "")
        if request is None or found is None:
            return self._resource_metadata, None
        return found.resource_metadata, found.scopes.get(request.method)


def _tree(error: AccessError, state: RequestState | None) -> tuple[str, ...]:
    """Return the lines of the decision's tree; none where no policy has refused."""
    decision = decision_of(error, state)
    return () if decision is None else tuple(decision.explain().split("\n"))


def decision_of(error: AccessError, state: RequestState | None) -> Decision | None:
    """Return the decision that has refused, for people: it says where a token was misplaced."""
    decision, hint = error.decision, _hint(error, state)
    return decision if decision is None or hint is None else retold(decision, NO_TOKEN_SENT, hint)


def reason_of(error: AccessError, state: RequestState | None) -> str:
    """Return the cause of a refusal for people: it says where a token was misplaced."""
    return _hint(error, state) or error.reason


def _log(
    error: AccessError,
    label: str,
    state: RequestState | None,
    token_id: str | None,
    level: int,
    may_be_caught: bool,
) -> tuple[Any, ...] | None:
    """Log *error*, unless it was logged before or the request is a dry run.

    Returns:
        The arguments of the log for a line that has to wait for the answer, or None.
    """
    if state is not None and state.answers.services.is_dry_run:
        return None
    if not logger.isEnabledFor(level) or (state is not None and state.logged() is error):
        return None
    line: tuple[Any, ...] = (level, "%s: %s (jti=%r)", *_said(error, label, state, token_id))
    if error.shown_decision:
        # One record, so that no other line comes in between.
        line = (level, f"{line[1]}%s", *line[2:], _indented(error.shown_decision))
    if may_be_caught and level <= logging.WARNING:
        return line
    logger.log(*line)
    return None


def _indented(lines: Iterable[str]) -> str:
    return "".join(f"\n  {line}" for line in lines)


def _said(
    error: AccessError, label: str, state: RequestState | None, token_id: str | None
) -> tuple[str, str, str | None]:
    """Return the values of a log line: the label, the reason, and the token's ``jti``."""
    if token_id is None and state is not None:
        token_id = state.answers.token_id
    return _plain(label), _line(error, state), token_id


def _answered(response: Response, state: RequestState) -> Response:
    """Log the refusal and put its headers on *response*, unless the view caught the refusal."""
    error, unlogged = state.refusal, state.unlogged
    state.refusal = state.unlogged = None
    # None where a hook that came after has raised, so that another answer is made.
    if error is not None and _has_left(error):
        if unlogged is not None:
            logger.log(*unlogged)
        if response.status_code >= 400 and not error.is_own_answer:
            put_back(response, error)
    return response


def put_back(response: Response, error: AccessError) -> None:
    """Give an error that answers a refusal the headers of the refusal's own answer.

    An application's handler knows the status and the text, and mostly not that clients read
    headers. They are put back where it has answered with that status; a 401 is challenged whatever
    was refused (:rfc:`9110#section-15.5.2`, "MUST"), and no cache keeps any of them. What the
    answer says itself stays.
    """
    told = {"Cache-Control": "no-store"}
    if response.status_code == error.code:
        told.update(error.headers)
    if response.status_code == 401:
        told.setdefault("WWW-Authenticate", f"{error.scheme} {quoted('realm', error.realm)}")
    for name, value in told.items():
        response.headers.setdefault(name, value)


def _has_left(error: AccessError) -> bool:
    """Whether *error* left the view: its traceback begins in Flask's code."""
    trace = error.__traceback__
    return trace is not None and trace.tb_frame.f_globals.get("__name__") == "flask.app"


def _plain(label: str) -> str:
    """Return *label* without what would not be one line: some servers pass on any method."""
    return label if label.isprintable() else ascii(label)


def _line(error: AccessError, state: RequestState | None) -> str:
    """Return the log's text about *error*: status, code, reason, and the refusing policies."""
    said = reason_of(error, state)
    policies = "" if error.decision is None else _refusing(error.decision)
    # Of an application's own reason, or its policy's ``repr``, not each is one line.
    return one_line(f"{error.code} {error.error}: {said}{policies and ': '}{policies}")


def _hint(error: AccessError, state: RequestState | None) -> str | None:
    """Return the place of a misplaced token, where none was found by the transports."""
    request: Request | None = None if state is None else state.request
    if type(error) is not NoTokenError or state is None or request is None or not state.asked:
        return None
    return misplaced(request, state.asked[-1].places)


def _refusing(decision: Decision) -> str:
    """Return the refusing policies that decide *decision*, as text for the log."""
    # Nobody wrote what closing adds, and where it refuses alone the reason says it.
    causes = (cause for cause in _causes(decision) if not is_added(cause))
    found = list(dict.fromkeys(map(repr, causes)))
    return ", ".join(found[:_MOST]) + (" …" if len(found) > _MOST else "")


def _causes(decision: Decision) -> Iterator[object]:
    children = [child for child in decision.children if child.outcome is decision.outcome]
    if not children:
        yield decision.policy
    for child in children:
        yield from _causes(child)
