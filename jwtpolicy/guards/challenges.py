"""Exceptions of refusing decisions, with their challenge and ``Retry-After``."""

from __future__ import annotations

from typing import Final

from ..decision import Decision, Outcome
from ..exceptions import (
    AccessDeniedError,
    AccessError,
    InsufficientScopeError,
    InvalidRequestError,
    InvalidTokenError,
    MissingClaimError,
    NoTokenError,
    PolicyError,
    RateLimitedError,
    ResourceNotFoundError,
    StepUpRequiredError,
)

#: The exception of an outcome where no leaf has named a more precise one.
ERRORS: Final[dict[Outcome, type[AccessError]]] = {
    Outcome.PENDING: PolicyError,
    Outcome.NO_TOKEN: NoTokenError,
    Outcome.INVALID_TOKEN: InvalidTokenError,
    Outcome.BAD_REQUEST: InvalidRequestError,
    Outcome.RATE_LIMITED: RateLimitedError,
    Outcome.MISSING_CLAIM: MissingClaimError,
    Outcome.ERROR: PolicyError,
    Outcome.STEP_UP: StepUpRequiredError,
    Outcome.INSUFFICIENT_SCOPE: InsufficientScopeError,
    Outcome.FORBIDDEN: AccessDeniedError,
    Outcome.NOT_FOUND: ResourceNotFoundError,
}


def refusal(decision: Decision) -> Exception:
    """Return the exception for *decision*, which refuses: class, challenge, ``Retry-After``.

    It is a fresh one each time: what a leaf has named may be shared by many requests.
    """
    named = decision.error
    if named is not None and not isinstance(named, AccessError):
        return named
    error_class = ERRORS[decision.outcome] if named is None else type(named)
    error = error_class(
        decision=decision,
        parameters=decision.cure.challenge(decision.outcome),
    )
    error.__cause__ = named
    error.retry_after = _retry_after(decision, named, error)
    return error


def _retry_after(decision: Decision, named: AccessError | None, error: AccessError) -> int | None:
    if (seconds := decision.cure.retry_after) is not None:
        return seconds
    return error.retry_after if named is None else named.retry_after
