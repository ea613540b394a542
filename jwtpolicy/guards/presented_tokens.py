"""The presented tokens of a logout, whose sessions it ends even if they are expired."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Final

from flask import Request

from ..decision import Outcome
from ..exceptions import AccessError, InvalidRequestError, WrongKindError
from ..policy.credentials import is_ignorable
from ..tokens.token import Token
from ..transports import Places, Presented
from .answers import RequestServices
from .plan import Plan
from .presentation import judge_presented

logger = logging.getLogger("jwtpolicy")

#: The kinds that are looked for where no guard says which it accepts.
_USUAL_KINDS: Final = ("access", "refresh")


def tokens_to_end(
    current: Token | None, plan: Plan, answers: RequestServices, request: Request
) -> list[Token]:
    """Return the tokens of one request whose sessions a logout ends, one for each session.

    They are the current one, and those that stand where *plan* reads some, if their signature
    verifies: they may have expired, not be valid yet, or have been revoked or used. Whoever sends
    one wants its session to be over, and would take a success for that. Where a token was presented
    and none can be ended, that is logged.

    Args:
        current: The token that let the request in, or None.
        plan: The plan of the endpoint, with its transports, kinds and checks.
        answers: The services that verify tokens.
        request: The request.

    Raises:
        AccessError: The request has no current token, and a check of *plan* refuses one of the
            others, such as `CSRFError`; or a check raises an error that is not about the token.
    """
    found = [] if current is None else [current]
    refusals: list[AccessError] = []
    for one in plan.places.presented(request, plan.kinds):
        try:
            found.append(_named(one, plan, answers, request))
        except AccessError as error:
            if error.outcome is not Outcome.INVALID_TOKEN:
                raise
            refusals.append(error)
    if refusals and not found:
        _refuse_or_warn(plan, refusals)
    return _one_for_each_session(found)


def _one_for_each_session(tokens: Iterable[Token]) -> list[Token]:
    ended: dict[str | None, Token] = {}
    for token in tokens:
        ended.setdefault(token.session_id or token.token_id, token)
    return list(ended.values())


def _named(one: Presented, plan: Plan, answers: RequestServices, request: Request) -> Token:
    """Return the verified token of *one*, which is of a kind that *plan* accepts there.

    Raises:
        InvalidTokenError: Its signature or form is invalid; `WrongKindError` if its kind is not
            accepted there.
        AccessError: A check of *plan* refuses the token as it was presented.
    """
    token = answers.named(one.encoded)
    is_expected = token.kind in plan.kinds and one.kind in (None, token.kind)
    if not (is_expected and token.is_own):
        msg = f"no token of the kind {token.kind!r} is accepted there"
        raise WrongKindError(msg)
    judge_presented(plan.checks, request, token, one)
    return token


def _refuse_or_warn(plan: Plan, refusals: Sequence[AccessError]) -> None:
    for refusal in refusals:
        if not is_ignorable(refusal):
            raise refusal
    warn_of_nothing(plan.label, type(refusals[0]).__name__)


def warn_if_presented(label: str, places: Places, request: Request) -> None:
    """Warn of a logout where a token was presented, and no guard has let the request in."""
    try:
        is_presented = bool(places.presented(request, _USUAL_KINDS))
    except InvalidRequestError:
        is_presented = True
    if is_presented:
        warn_of_nothing(label, "no guard has let the request in")


def warn_of_nothing(label: str, reason: str) -> None:
    """Log that a logout or revocation ended nothing although a token was presented."""
    logger.warning("%s: a token was presented, and nothing was ended: %s", label, reason)
