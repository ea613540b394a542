"""What a native ``revocation_check`` knows counts at the bridge's guards too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt as pyjwt
import pytest
from flask import Flask

from jwtpolicy import JWTManager
from jwtpolicy.compat import flask_jwt_extended as bridge
from jwtpolicy.exceptions import SetupError
from tests.support.applications import SECRET
from tests.support.requests import bearer

#: Claims that both sides take.
CLAIMS = {"sub": "ada", "type": "access", "jti": "j", "exp": 4_000_000_000}


@pytest.fixture
def app() -> Flask:
    app = Flask("both")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
    bridge.JWTManager(app)
    app.get("/")(bridge.jwt_required()(lambda: "in"))
    app.get("/skips", endpoint="s")(bridge.jwt_required(skip_revocation_check=True)(lambda: "in"))
    return app


@pytest.fixture
def native(app: Flask) -> JWTManager[Any]:
    return JWTManager(app)


@pytest.fixture
def get(app: Flask) -> Callable[..., int]:
    """Return what asks with a token of these claims, and returns the status."""

    def get(path: str = "/", **changes: Any) -> int:
        members = {name: v for name, v in {**CLAIMS, **changes}.items() if v is not None}
        headers = bearer(pyjwt.encode(members, SECRET))
        return app.test_client().get(path, headers=headers).status_code

    return get


def test_what_a_native_check_calls_revoked_is_shut_out_of_the_bridge(native: Any, get: Any) -> None:
    """REV-1: a logout that the application remembers itself is one for both sides."""
    native.revocation_check(lambda token: token.token_id == "gone")

    assert get(jti="gone") == 401
    assert get(jti="here") == 200
    assert get("/skips", jti="gone") == 200


def test_a_session_that_a_native_check_denies_is_over_at_the_bridge(
    app: Flask, native: Any
) -> None:
    with app.app_context():
        pair, other = native.login("ada"), native.login("ada")
    native.revocation_check(lambda token: token.session_id == pair.session_id)
    client = app.test_client()

    assert client.get("/", headers=bearer(pair.access_token)).status_code == 401
    assert client.get("/", headers=bearer(other.access_token)).status_code == 200


@pytest.mark.parametrize(("checks", "status"), [((), 200), ((lambda _: False,), 401)])
def test_a_token_that_no_native_check_can_be_asked_about_is_refused(
    native: Any, get: Any, checks: Any, status: int
) -> None:
    """HTTP-11: only the native verifier makes what a check takes."""
    for check in checks:
        native.revocation_check(check)

    assert get(exp=None) == status
    assert get() == 200


@pytest.mark.parametrize(("checks", "status"), [((), 200), ((lambda _: False,), 401)])
def test_a_token_without_jti_is_refused_where_there_are_only_checks(
    get: Any, app: Flask, checks: Any, status: int
) -> None:
    """CLAIM-5."""
    app.config["JWT_STORE_URL"] = "none"
    native = JWTManager[Any](app, baseline=None)
    for check in checks:
        native.revocation_check(check)

    assert get(jti=None) == status
    assert get() == 200


def test_a_native_check_that_comes_late_is_an_error_and_asked_by_neither(
    native: JWTManager[Any], get: Any
) -> None:
    assert get() == 200
    with pytest.raises(SetupError, match="too late for both"):
        native.revocation_check(lambda _: True)

    assert get() == 200


def test_the_bridge_cannot_join_an_application_that_is_bound(app: Flask) -> None:
    """Its blocklist would never be asked by native guards."""
    bound = Flask("bound")
    bound.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    JWTManager(bound)
    bound.extensions["jwtpolicy"].plan(None, "GET")

    with pytest.raises(SetupError, match="before the first request"):
        bridge.JWTManager(bound)


@pytest.mark.parametrize(("answer", "status"), [(None, 500), (0, 500), (False, 200)])
def test_what_is_no_answer_of_a_native_check_admits_nobody(
    answer: Any, status: int, native: Any, get: Any
) -> None:
    """HTTP-11."""
    native.revocation_check(lambda _: answer)

    assert get() == status


def test_a_native_check_that_fails_keeps_the_bridge_shut(native: JWTManager[Any], get: Any) -> None:
    """REV-1."""

    @native.revocation_check
    def check(_: Any) -> bool:
        raise OSError("down")

    assert get() == 503
