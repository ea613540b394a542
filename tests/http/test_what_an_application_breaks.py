"""What the page of failures says of an application's own hooks: the status, and what is logged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import Conflict

from jwtpolicy import JWTManager, policy, protect
from jwtpolicy.endpoints import IntrospectionView, LoginView, RevocationView, StepUpView
from jwtpolicy.exceptions import StoreUnavailableError, SubjectError
from jwtpolicy.keys import Key, KeyRing
from tests.support.applications import SECRET
from tests.support.requests import bearer

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


HOOKS = [
    pytest.param(LoginView, "limit", id="a limit of logins"),
    pytest.param(LoginView, "authenticate", id="authenticate"),
    pytest.param(LoginView, "failed", id="the answer to a wrong password"),
    pytest.param(LoginView, "begin", id="opening the session"),
    pytest.param(StepUpView, "authenticate", id="authenticate of a step-up"),
    pytest.param(IntrospectionView, "is_allowed", id="who may introspect"),
    pytest.param(IntrospectionView, "client", id="which client introspects"),
    pytest.param(RevocationView, "client", id="which client revokes"),
    pytest.param(RevocationView, "may_revoke", id="who may revoke"),
]


def posted(app: Flask, jwt: JWTManager[Any], view: Any, hook: str, act: Callable[..., Any]) -> Any:
    """Return the answer of a ready-made view, one hook of which does *act*."""
    written = {"authenticate": lambda self, credentials: None if hook == "failed" else "ada"}
    hooks = {**written, hook: lambda self, *args: act()}
    app.add_url_rule("/", view_func=type("Mine", (view,), hooks).as_view("mine"))
    with app.app_context():
        token = jwt.login("ada").access_token
    form = {"username": "ada", "password": "x", "token": token}
    headers = {} if hook == "client" else bearer(token)
    return app.test_client().post("/", data=form, headers=headers)


@pytest.mark.parametrize(("view", "hook"), HOOKS)
@pytest.mark.parametrize(
    "error", [OSError("down"), KeyError("name"), StopIteration()], ids=lambda error: repr(error)
)
def test_what_a_hook_of_a_view_raises_is_an_outage(
    app: Flask, jwt: JWTManager[Any], caplog: Any, view: Any, hook: str, error: Exception
) -> None:
    """HTTP-11: users and clients stand in the database that is down."""
    answer = posted(app, jwt, view, hook, raising(error))

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json["error"] == "temporarily_unavailable"
    assert f" raised {type(error).__name__}" in caplog.text
    assert [record.exc_info is not None for record in caplog.records] == [True, False]


@pytest.mark.parametrize(("view", "hook"), HOOKS)
def test_an_answer_that_a_hook_of_a_view_raises_is_the_answer(
    app: Flask, jwt: JWTManager[Any], caplog: Any, view: Any, hook: str
) -> None:
    assert posted(app, jwt, view, hook, raising(Conflict())).status_code == 409
    assert caplog.text == ""


@pytest.mark.parametrize(("view", "hook"), HOOKS)
def test_a_mistake_that_a_hook_of_a_view_makes_stays_one(
    app: Flask, jwt: JWTManager[Any], view: Any, hook: str
) -> None:
    """What the library says of a call is for the developer: no store is down."""
    with pytest.raises(SubjectError):
        posted(app, jwt, view, hook, raising(SubjectError("nobody")))


@pytest.mark.parametrize(
    ("error", "status"), [(OSError("down"), 500), (StoreUnavailableError("down"), 503)]
)
def test_what_a_view_of_ones_own_raises_is_its_own(
    app: Flask, jwt: JWTManager[Any], error: Exception, status: int
) -> None:
    app.config.update(PROPAGATE_EXCEPTIONS=False)
    app.add_url_rule("/", "login", lambda: jwt.login(raising(error)()).as_response())

    assert app.test_client().get("/").status_code == status


def raising(error: Exception) -> Callable[[], Any]:
    def act() -> Any:
        raise error

    return act
