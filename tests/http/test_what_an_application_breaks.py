"""What the page of failures says of an application's own hooks: the status, and what is logged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import JWTManager, policy, protect
from jwtpolicy.keys import Key, KeyRing
from tests.conftest import SECRET, bearer

#: What becomes of a guard, given the manager and what the hook does.
Break = Callable[[JWTManager[Any], Callable[[], Any]], Any]


def of_a_policy(jwt: JWTManager[Any], act: Callable[[], Any]) -> Any:
    @policy
    def may_enter(access: Any) -> Any:
        return act()

    return protect(may_enter)


def of_a_user_loader(jwt: JWTManager[Any], act: Callable[[], Any]) -> Any:
    jwt.user_loader(lambda token: act())
    return protect()


def of_a_check(jwt: JWTManager[Any], act: Callable[[], Any]) -> Any:
    jwt.revocation_check(lambda token: act())
    return protect()


def down() -> Any:
    msg = "down"
    raise OSError(msg)


CASES = [
    pytest.param(of_a_policy, down, 500, "may_enter", id="a policy raises"),
    pytest.param(of_a_policy, lambda: None, 500, "may_enter", id="a policy returns no answer"),
    pytest.param(of_a_policy, lambda: True, 200, "", id="a policy answers"),
    pytest.param(of_a_user_loader, down, 503, "user loader", id="a user loader raises"),
    pytest.param(of_a_user_loader, lambda: True, 500, "user loader", id="it returns no user"),
    pytest.param(of_a_user_loader, lambda: "ada", 200, "", id="it returns a user"),
    pytest.param(of_a_check, down, 503, "revocation check", id="a revocation check raises"),
    pytest.param(of_a_check, lambda: None, 500, "check", id="it returns no answer"),
    pytest.param(of_a_check, lambda: False, 200, "", id="it answers"),
]


def asked(app: Flask, jwt: JWTManager[Any], guard: Any) -> int:
    app.config.update(PROPAGATE_EXCEPTIONS=False)
    app.add_url_rule("/", "index", guard(lambda: "in"))
    with app.app_context():
        headers = bearer(jwt.issue("ada"))
    return app.test_client().get("/", headers=headers).status_code


@pytest.mark.parametrize(("broken", "act", "status", "said"), CASES)
def test_what_a_hook_breaks(
    app: Flask,
    jwt: JWTManager[Any],
    caplog: pytest.LogCaptureFixture,
    broken: Break,
    act: Callable[[], Any],
    status: int,
    said: str,
) -> None:
    """REV-1, HTTP-11."""
    caplog.set_level(logging.INFO, "jwtpolicy")

    assert asked(app, jwt, broken(jwt, act)) == status
    assert said in caplog.text


@pytest.mark.parametrize("act", [down, lambda: "no key"], ids=["raises", "finds no key"])
def test_what_a_key_ring_breaks(
    make_app: Any, caplog: pytest.LogCaptureFixture, act: Callable[[], Any]
) -> None:
    """ALG-4."""

    class Ring(KeyRing):
        def find(self, *args: Any) -> Any:
            return act()

    caplog.set_level(logging.INFO, "jwtpolicy")
    app, jwt = make_app(manager={"keys": Ring(Key(SECRET, "HS256"))})

    assert asked(app, jwt, protect()) == 401
    assert "key" in caplog.text
