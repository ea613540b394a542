"""What a client could do about a refusal is said in words."""

from __future__ import annotations

from typing import Any

import pytest

from jwtpolicy import AtLeast, Fresh, HasRole, HasScope, policy
from jwtpolicy.app.cures import cures_of
from jwtpolicy.decision import Outcome
from jwtpolicy.exceptions import (
    AccessDeniedError,
    AccessError,
    ExpiredTokenError,
    InvalidRequestError,
    InvalidTokenError,
    NoTokenError,
    PolicyError,
    RateLimitedError,
    RevokedTokenError,
    StoreUnavailableError,
    UnknownUserError,
    WrongKindError,
)
from jwtpolicy.guards.challenges import refusal
from tests.support.applications import AppAndManager

NOTHING = "can do nothing as the bearer of this token"


@policy
def slow_down(access: Any) -> Any:
    return access.deny("too fast", Outcome.RATE_LIMITED, 7)


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (NoTokenError(), "has to send a token"),
        (InvalidTokenError(), "has to get another token: refresh, or log in again"),
        (ExpiredTokenError(), "has to refresh its token, or log in again"),
        (RevokedTokenError(), "has to log in again"),
        (WrongKindError(), "has to send a token of another kind"),
        (UnknownUserError(), "has to log in as somebody whom the application knows"),
        (InvalidRequestError(), "has to send one well-formed token, in one place"),
        (RateLimitedError(), "can try again later"),
        (RateLimitedError(retry_after=3), "can try again later, in 3 seconds"),
        (StoreUnavailableError(), "can try again later, in 5 seconds"),
        (PolicyError(), "can do nothing: the application has a fault"),
        (AccessDeniedError(), "can do nothing"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_without_a_decision_has_one_cure(error: AccessError, cure: str) -> None:
    assert cures_of(error) == (cure,)


@pytest.mark.parametrize(
    ("asked", "cures"),
    [
        (HasRole("admin"), [NOTHING]),
        (HasScope("a") & HasScope("b"), ["has to get a token with the scope 'a b'"]),
        (Fresh(acr="high"), ["has to authenticate again with acr 'high'"]),
        (slow_down, ["can try again later, in 7 seconds"]),
        (
            (Fresh(within=60) | HasScope("a")) & HasScope("r"),
            [
                "has to authenticate again, at most 60 seconds before the request",
                "has to get a token with the scope 'a'",
            ],
        ),
        (
            AtLeast(2, HasScope("r"), HasScope("a"), HasRole("admin")),
            [
                "has to get a token with the scope 'a'",
            ],
        ),
        (HasRole("admin") | HasScope("a"), ["has to get a token with the scope 'a'"]),
        (AtLeast(2, HasRole("b"), HasScope("a"), HasRole("c")), [NOTHING]),
        (HasRole("admin") | HasRole("editor"), [NOTHING]),
    ],
    ids=str,
)
def test_a_decision_has_the_cures_of_its_alternatives(
    app_and_jwt: AppAndManager, asked: Any, cures: list[str]
) -> None:
    app, jwt = app_and_jwt
    with app.app_context():
        token = jwt.issue("u1", scope="r", claims={"roles": ["author"]})
        error: Any = refusal(jwt.explain(asked, token))

    assert list(cures_of(error)) == cures
