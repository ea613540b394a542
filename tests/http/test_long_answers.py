"""An answer that goes on for long asks again whether it may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, stream_with_context

from jwtpolicy import (
    Access,
    AccessRequest,
    HasRole,
    JWTManager,
    NotRevoked,
    Outcome,
    Policy,
    Refresh,
    TokenKind,
    protect,
)
from jwtpolicy.exceptions import AccessError, ExpiredTokenError, RevokedTokenError
from jwtpolicy.stores import MemoryStore
from tests.support.applications import AppAndManager, MakeApp
from tests.support.clocks import StandingClock
from tests.support.requests import bearer

#: Seconds that its tokens live.
LIFE = 900


class Counting(MemoryStore):
    """A store that counts how often it is asked."""

    asked = 0

    def standing(self, *args: Any, **kwargs: Any) -> Any:
        self.asked += 1
        return super().standing(*args, **kwargs)


@pytest.fixture
def store() -> Counting:
    return Counting()


@pytest.fixture
def app_and_jwt(make_app: MakeApp, store: Counting) -> AppAndManager:
    return make_app(manager={"store": store})


def streaming(app: Flask, jwt: JWTManager[Any], policy: Policy) -> Callable[..., Iterator[bytes]]:
    """Serve a stream that asks *policy* before each line; return what begins to read it."""

    @app.get("/")
    @protect(Access() | Refresh())
    def view() -> Any:
        def lines() -> Iterator[str]:
            while True:
                try:
                    jwt.enforce(policy)
                except AccessError as error:
                    yield type(error).__name__
                    return
                yield "line"

        return stream_with_context(lines())

    def begin(encoded: str) -> Iterator[bytes]:
        return iter(app.test_client().get("/", headers=bearer(encoded)).iter_encoded())

    return begin


def issued(app: Flask, jwt: JWTManager[Any], **arguments: Any) -> str:
    with app.app_context():
        return jwt.issue("u1", **arguments)


def test_a_stream_ends_when_its_token_was_revoked(
    app: Flask, jwt: JWTManager[Any], clock: StandingClock
) -> None:
    """K40: within a second."""
    encoded = issued(app, jwt)
    lines = streaming(app, jwt, NotRevoked())(encoded)
    assert next(lines) == b"line"
    with app.app_context():
        jwt.revoke(encoded)

    clock.advance(1.01)
    assert [*lines] == [RevokedTokenError.__name__.encode()]


@pytest.mark.parametrize(("step", "times"), [(0, 1), (0.25, 2), (1.5, 10), (-2, 10)])
def test_the_store_is_asked_once_in_a_second(
    app: Flask,
    jwt: JWTManager[Any],
    clock: StandingClock,
    store: Counting,
    step: float,
    times: int,
) -> None:
    """A clock that was put back asks again, too."""
    lines = streaming(app, jwt, NotRevoked())(issued(app, jwt, expires_in=LIFE))
    for _ in range(10):
        assert next(lines) == b"line"
        clock.advance(step)

    assert store.asked == times


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_a_stream_ends_when_its_token_expires(
    app: Flask, jwt: JWTManager[Any], clock: StandingClock, kind: str
) -> None:
    """K40."""
    with app.app_context():
        encoded = getattr(jwt.login("u1"), f"{kind}_token")
        expires = jwt.verify(encoded, kind=kind).expires_at
    lines = streaming(app, jwt, TokenKind(kind))(encoded)
    clock.now = expires.timestamp() - 0.01
    assert next(lines) == b"line"

    clock.now = expires.timestamp()
    assert [*lines] == [ExpiredTokenError.__name__.encode()]


def test_what_asks_for_no_kind_does_not_look_at_the_end(
    app: Flask, jwt: JWTManager[Any], clock: StandingClock
) -> None:
    encoded = issued(app, jwt, claims={"roles": ["admin"]})
    lines = streaming(app, jwt, HasRole("admin"))(encoded)
    clock.advance(LIFE * 10)

    assert next(lines) == b"line"


@pytest.mark.parametrize("policy", [Access(), TokenKind("access"), ~~Access()])
def test_explaining_a_token_that_has_expired_meanwhile_says_so(
    app: Flask, jwt: JWTManager[Any], clock: StandingClock, policy: Policy
) -> None:
    with app.app_context():
        token = jwt.verify(jwt.issue("u1", expires_in=LIFE))
        before = jwt.explain(policy, token)
        clock.advance(LIFE)
        decisions = [jwt.explain(policy, token), jwt.explain(policy, AccessRequest(token=token))]

    assert before.outcome is Outcome.ALLOW
    assert [found.outcome for found in decisions] == [Outcome.INVALID_TOKEN] * 2
    assert isinstance(decisions[0].error, ExpiredTokenError)


def test_the_end_moves_by_the_leeway(make_app: Any, clock: StandingClock) -> None:
    app, jwt = make_app(decode_leeway=10)
    lines = streaming(app, jwt, Access())(issued(app, jwt, expires_in=LIFE))
    clock.advance(LIFE + 9)
    assert next(lines) == b"line"

    clock.advance(1)
    assert [*lines] == [ExpiredTokenError.__name__.encode()]


def test_a_negation_lets_nobody_go_on(
    app: Flask, jwt: JWTManager[Any], clock: StandingClock
) -> None:
    """``~Access()`` is no way to go on after the end."""
    lines = streaming(app, jwt, ~Refresh() | ~Access())(issued(app, jwt))
    clock.advance(LIFE * 10)

    assert next(lines) in (b"WrongKindError", b"ExpiredTokenError")
