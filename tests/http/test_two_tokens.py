"""Two tokens in one place: what is wrong with the first does not keep the second from its turn."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, abort

from jwtpolicy import Access, JWTManager, Owns, Refresh, current_token, protect
from jwtpolicy.exceptions import StoreNotConfiguredError
from tests.support.applications import AppAndManager, MakeApp

ERRORS = [StopIteration("gone"), KeyError("gone"), RuntimeError("gone"), ZeroDivisionError("gone")]
errors = pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
views = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])

#: Raises for the access token, and knows whom the refresh token is about.
Raise = Any


def raising(error: Exception) -> Raise:
    def act() -> None:
        raise error

    return act


@pytest.fixture
def app_and_jwt(make_app: MakeApp) -> AppAndManager:
    return make_app(token_location=["json"])


def view(is_async: bool, **options: Any) -> Any:
    """Return a view that says which of the two kinds has let the request in."""
    if is_async:

        async def shown() -> str:
            return current_token.kind

    else:

        def shown() -> str:  # type: ignore[misc] # the other one
            return current_token.kind

    level = Access() | Refresh()
    return protect(level & Owns("owner") if options else level, **options)(shown)


def asked(app: Flask, jwt: JWTManager[Any]) -> Any:
    """Return the answer to a request with both tokens of a session."""
    with app.app_context():
        pair = jwt.login("u1")
    body = {"access_token": pair.access_token, "refresh_token": pair.refresh_token}
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app.test_client().post("/", json=body)


def load_by_kind(jwt: JWTManager[Any], act: Raise, kinds: tuple[str, ...] = ("access",)) -> None:
    @jwt.user_loader
    def load(token: Any) -> Any:
        if token.kind in kinds:
            act()
        return token.subject


@views
@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda: abort(403), id="403"),
        pytest.param(lambda: abort(503), id="503"),
        *(pytest.param(raising(error), id=type(error).__name__) for error in ERRORS),
    ],
)
def test_what_a_user_loader_raised_is_of_one_token(
    app: Flask, jwt: JWTManager[Any], act: Raise, is_async: bool
) -> None:
    """K26."""
    load_by_kind(jwt, act)
    app.post("/")(view(is_async))

    assert asked(app, jwt).get_data(as_text=True) == "refresh"


@views
def test_what_a_user_loader_raised_for_both_is_the_answer(
    app: Flask, jwt: JWTManager[Any], is_async: bool
) -> None:
    load_by_kind(jwt, lambda: abort(410), ("access", "refresh"))
    app.post("/")(view(is_async))

    assert asked(app, jwt).status_code == 410


def loading(act: Raise, is_async: bool, times: int) -> Any:
    """Return a resource loader that raises so many times."""
    calls: list[int] = []

    def load() -> Any:
        calls.append(1)
        if len(calls) <= times:
            act()
        return SimpleNamespace(owner="u1")

    async def load_async() -> Any:
        return load()

    return load_async if is_async else load


@views
@errors
def test_what_a_resource_loader_raised_is_of_one_token(
    app: Flask, jwt: JWTManager[Any], caplog: Any, error: Exception, is_async: bool
) -> None:
    """K26: and nobody has to guess that it was raised."""
    app.post("/")(view(is_async, resource=loading(raising(error), is_async, 1)))

    assert asked(app, jwt).get_data(as_text=True) == "refresh"
    [record] = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert "a loader raised" in record.getMessage()
    assert record.exc_info is not None


@views
@errors
def test_what_a_resource_loader_raised_for_both_lets_nobody_in(
    app: Flask, jwt: JWTManager[Any], error: Exception, is_async: bool
) -> None:
    app.post("/")(view(is_async, resource=loading(raising(error), is_async, 2)))

    assert asked(app, jwt).status_code == 500


@views
def test_an_answer_for_one_token_is_not_logged_as_a_mistake(
    app: Flask, jwt: JWTManager[Any], caplog: Any, is_async: bool
) -> None:
    app.post("/")(view(is_async, resource=loading(lambda: abort(404), is_async, 1)))

    assert asked(app, jwt).get_data(as_text=True) == "refresh"
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]


@views
def test_a_mistake_in_the_set_up_is_one_whatever_the_other_token_is(
    app: Flask, jwt: JWTManager[Any], is_async: bool
) -> None:
    load_by_kind(jwt, raising(StoreNotConfiguredError("a mistake")))
    app.post("/")(view(is_async))

    assert asked(app, jwt).status_code == 500


@views
def test_of_two_refusals_the_easier_one_is_the_answer(
    app: Flask, jwt: JWTManager[Any], is_async: bool
) -> None:
    """What a loader raised is nothing that a client could cure, a revoked token is."""
    load_by_kind(jwt, lambda: abort(410), ("refresh",))
    app.post("/")(view(is_async))
    with app.app_context():
        pair = jwt.login("u1")
        jwt.revoke(pair.access_token)
        other = jwt.login("u1").refresh_token
    body = {"access_token": pair.access_token, "refresh_token": other}

    assert app.test_client().post("/", json=body).status_code == 401
