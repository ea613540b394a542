"""The tokens that the kit draws: good ones of an application, and broken ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from flask import Flask
from hypothesis import find, given, settings
from hypothesis import strategies as st

from jwtpolicy import (
    Access,
    Fresh,
    HasScope,
    JWTManager,
    OptionalToken,
    Refresh,
    TokenKind,
    current_manager,
    current_token,
    protect,
)
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.testing.strategies import BREAKAGES, broken_tokens, private_claims, tokens
from tests.support.applications import SECRET
from tests.support.keys import MATERIALS
from tests.support.requests import bearer
from tests.support.terminal import run


@cache
def site(algorithm: str = "HS256") -> Flask:
    """Return an application that takes every kind of token."""
    app = Flask("tests.tokens")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_RESET_TOKEN_EXPIRES=60)
    JWTManager(app, keys=KeyRing(Key(MATERIALS[algorithm], algorithm)))
    every_kind = Access() | Refresh() | TokenKind("reset")
    app.get("/", endpoint="any")(protect(every_kind)(lambda: {"sub": current_token.subject}))
    app.get("/fresh", endpoint="fresh")(protect(Fresh() & HasScope("read"))(lambda: "in"))
    app.get("/optional", endpoint="optional")(protect(OptionalToken())(lambda: "in"))
    return app


def status(app: Flask, token: str, path: str = "/") -> int:
    return app.test_client().get(path, headers=bearer(token)).status_code


@pytest.mark.parametrize("kind", ["access", "refresh", "reset"])
def test_drawn_tokens_of_each_kind_are_good(kind: str) -> None:
    @settings(max_examples=20)
    @given(tokens(site(), kinds=[kind], claims=private_claims()))
    def is_good(token: str) -> None:
        assert status(site(), token) == 200

    is_good()


def test_drawn_tokens_are_of_the_users_that_are_given() -> None:
    token = find(tokens(site(), st.just("ada")), lambda drawn: True)

    answer = site().test_client().get("/", headers=bearer(token))
    assert answer.json == {"sub": "ada"}


def test_drawn_tokens_say_what_is_said_of_the_login() -> None:
    good = find(tokens(site(), "ada", fresh=True, scope="read"), lambda drawn: True)
    stale = find(tokens(site(), "ada", fresh=st.just(False), scope="read"), lambda drawn: True)

    assert [status(site(), token, "/fresh") for token in (good, stale)] == [200, 401]


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_broken_tokens_are_refused(breakage: str) -> None:
    @settings(max_examples=20)
    @given(broken_tokens(site(), breakages=[breakage]))
    def is_refused(token: str) -> None:
        assert [status(site(), token, path) for path in ("/", "/optional")] == [401, 401]

    is_refused()


@settings(max_examples=40)
@given(broken_tokens(site()) | tokens(site(), kinds=["access", "refresh"]))
def test_what_is_explained_and_inspected_of_a_token_is_what_a_request_gets(token: str) -> None:
    with site().app_context():
        explained = current_manager.explain("GET", "/", token=token)
    inspected = run(site(), "inspect", "-", given=token)

    assert explained.status == status(site(), token)
    assert (inspected.code == 0) is bool(explained)


@pytest.mark.parametrize("algorithm", ["HS512", "PS256", "ES256", "ES512", "EdDSA"])
def test_a_foreign_key_is_one_of_the_same_algorithm(algorithm: str) -> None:
    app = site(algorithm)
    broken = find(broken_tokens(app, "ada", breakages=["another key"]), lambda drawn: True)
    good = find(tokens(app, "ada"), lambda drawn: True)

    assert good.split(".")[0] == broken.split(".")[0]
    assert [status(app, token) for token in (good, broken)] == [200, 401]


def test_of_which_kind_a_broken_token_is_can_be_said() -> None:
    broken = broken_tokens(site(), "ada", breakages=["more text"], kinds=["refresh"])

    with site().app_context():
        token = (
            site()
            .extensions["jwtpolicy"]
            .manager.verify(
                find(broken, lambda drawn: drawn.endswith("=")).rstrip("="), kind="refresh"
            )
        )
    assert token.kind == "refresh"


@pytest.mark.parametrize(
    ("draw", "error", "why"),
    [
        (lambda: tokens("app"), TypeError, "takes a Flask application, not 'app'"),
        (lambda: tokens(site(), kinds="access"), TypeError, "takes kinds of tokens, such as"),
        (lambda: broken_tokens(site(), breakages="expired"), TypeError, "some of BREAKAGES"),
        (lambda: broken_tokens(site(), breakages=["over"]), ValueError, "over: not among another"),
    ],
    ids=["application", "kinds", "breakages", "unknown breakage"],
)
def test_mistakes_are_named(draw: Callable[[], Any], error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        draw()
