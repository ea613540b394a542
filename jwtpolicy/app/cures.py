"""Say in words what a client could do about a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ..decision import Cure, Decision, Outcome
from ..exceptions import (
    AccessError,
    CSRFError,
    ExpiredTokenError,
    PolicyError,
    RevokedTokenError,
    UnknownUserError,
    WrongKindError,
)
from .bound_app import UnguardedError

_NOTHING: Final = "can do nothing"


def cures_of(error: AccessError) -> tuple[str, ...]:
    """Return what the client of a refusal could do, in words, the easiest first.

    Each alternative of an OR that refused is one of them, but those about which the client can do
    nothing: it can choose another one.
    """
    for kind, cure in _BY_CLASS.items():
        if isinstance(error, kind):
            return (cure,)
    decision = error.decision
    is_about = decision is not None and decision.outcome is error.outcome
    # An outage says itself how long to wait.
    if decision is None and error.outcome is Outcome.FORBIDDEN:
        # No policy has looked at a token, and there may be none.
        return (_NOTHING,)
    if decision is None or not is_about or error.retry_after is not None:
        return (_BY_OUTCOME[error.outcome](Cure(retry_after=error.retry_after)),)
    is_vain = _BY_OUTCOME[error.outcome](decision.cure).startswith(_NOTHING)
    told = dict.fromkeys(_told(decision))
    return tuple(cure for cure in told if cure.startswith(_NOTHING) is is_vain)


def _told(decision: Decision) -> Iterator[str]:
    """Yield the cures of *decision*; those of its alternatives, where it had to choose."""
    chosen = [one for one in decision.children if one.outcome is decision.outcome]
    if decision.alternatives:
        for alternative in decision.alternatives:
            # Of `AtLeast`, some of the members have allowed.
            if not alternative:
                yield from _told(alternative)
    elif len(chosen) == 1:
        # Of an AND, so that the alternatives of an OR further in are seen.
        yield from _told(chosen[0])
    else:
        yield _BY_OUTCOME[decision.outcome](decision.cure)


def _wait(cure: Cure) -> str:
    return "can try again later" + (
        "" if cure.retry_after is None else f", in {cure.retry_after} seconds"
    )


def _authenticate(cure: Cure) -> str:
    age = "" if cure.max_age is None else f", at most {cure.max_age} seconds before the request"
    by = "" if cure.acr is None else f" with acr {cure.acr!r}"
    return f"has to authenticate again{by}{age}"


def _ask_for_scope(cure: Cure) -> str:
    scope = "more" if cure.scope is None else repr(cure.scope)
    return f"has to get a token with the scope {scope}"


_BY_CLASS: Final[dict[type[AccessError], str]] = {
    UnguardedError: f"{_NOTHING}: the endpoint lacks @protect or @public",
    CSRFError: "has to send the CSRF value of its cookie, from a page of this site",
    ExpiredTokenError: "has to refresh its token, or log in again",
    RevokedTokenError: "has to log in again",
    WrongKindError: "has to send a token of another kind",
    PolicyError: f"{_NOTHING}: the application has a fault",
    UnknownUserError: "has to log in as somebody whom the application knows",
}

_BY_OUTCOME: Final[dict[Outcome, Callable[[Cure], str]]] = {
    Outcome.NO_TOKEN: lambda _: "has to send a token",
    Outcome.INVALID_TOKEN: lambda _: "has to get another token: refresh, or log in again",
    Outcome.BAD_REQUEST: lambda _: "has to send one well-formed token, in one place",
    Outcome.RATE_LIMITED: _wait,
    Outcome.MISSING_CLAIM: lambda _: "has to get a token that has the claim",
    Outcome.ERROR: _wait,
    Outcome.STEP_UP: _authenticate,
    Outcome.INSUFFICIENT_SCOPE: _ask_for_scope,
    Outcome.FORBIDDEN: lambda _: f"{_NOTHING} as the bearer of this token",
    Outcome.NOT_FOUND: lambda _: f"{_NOTHING}: the resource does not exist",
}
