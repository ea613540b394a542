"""What every presented token has to pass."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from jwtpolicy import (
    ClaimsMatch,
    HasRole,
    JWTManager,
    KnownUser,
    NotRevoked,
    OptionalToken,
    Public,
    Refresh,
    current_user,
    protect,
)
from jwtpolicy.exceptions import PolicyDefinitionError, SetupError
from tests.support.applications import AppAndManager, MakeApp
from tests.support.requests import bearer

USERS = {"u1": "Ada"}


@pytest.fixture
def loads() -> list[str]:
    return []


@pytest.fixture
def site(app: Flask, jwt: JWTManager[Any], loads: list[str]) -> FlaskClient:
    @jwt.user_loader
    def load(token: Any) -> Any:
        loads.append(token.subject)
        if token.subject == "boom":
            raise ZeroDivisionError
        if token.subject == "gone":
            abort(410)
        return USERS.get(token.subject)

    @app.get("/")
    @protect()
    def view() -> str:
        return f"{current_user} {current_user}"

    @app.get("/admin")
    @protect(HasRole("admin"))
    def admin() -> str:
        return "in"

    return app.test_client()


@pytest.mark.parametrize(
    ("subject", "status"),
    [
        pytest.param("u1", 200, id="known"),
        pytest.param("u2", 401, id="unknown"),
        pytest.param("boom", 503, id="the loader fails"),
        pytest.param("gone", 410, id="the loader answers"),
    ],
)
def test_a_user_is_loaded_before_the_view(
    site: Any, access: Any, subject: str, status: int
) -> None:
    """CLAIM-12."""
    assert site.get("/", headers=access(subject)).status_code == status


def test_a_user_is_loaded_once(site: Any, access: Any, loads: list[str]) -> None:
    assert site.get("/", headers=access()).text == "Ada Ada"

    assert loads == ["u1"]


def test_an_unknown_user_is_told_what_any_bad_token_is_told(site: Any, access: Any) -> None:
    """CLAIM-12, S19."""
    unknown = site.get("/", headers=access("u2"))

    assert unknown.json == site.get("/", headers=bearer("a.b.c")).json


def test_a_lazy_loader_waits_for_the_first_touch(app: Any, jwt: Any, access: Any) -> None:
    loads: list[str] = []

    @jwt.user_loader(lazy=True)
    def load(token: Any) -> Any:
        loads.append(token.subject)
        return USERS.get(token.subject)

    @app.get("/untouched")
    @protect()
    def untouched() -> str:
        return "in"

    @app.get("/touched")
    @protect()
    def touched() -> str:
        return str(current_user)

    client = app.test_client()
    assert client.get("/untouched", headers=access("u2")).status_code == 200
    assert loads == []
    assert client.get("/touched", headers=access("u1")).text == "Ada"
    assert client.get("/touched", headers=access("u2")).status_code == 401


@pytest.mark.parametrize(
    ("subject", "status"),
    [
        pytest.param("u1", 200, id="known"),
        pytest.param("u2", 401, id="unknown"),
        pytest.param("boom", 503, id="the loader fails"),
        pytest.param("gone", 410, id="the loader answers"),
    ],
)
@pytest.mark.parametrize(
    "is_async", [pytest.param(True, id="async"), pytest.param(False, id="sync")]
)
def test_an_async_loader_is_awaited(
    app: Any, jwt: Any, access: Any, subject: str, status: int, is_async: bool
) -> None:
    @jwt.user_loader
    async def load(token: Any) -> Any:
        if token.subject == "boom":
            raise ZeroDivisionError
        if token.subject == "gone":
            abort(410)
        return USERS.get(token.subject)

    async def async_view() -> str:
        return str(current_user)

    def view() -> str:
        return str(current_user)

    chosen = async_view if is_async else view
    app.add_url_rule("/", view_func=protect()(chosen), endpoint="view")
    assert app.test_client().get("/", headers=access(subject)).status_code == status


def test_an_async_view_without_a_loader_knows_the_subject(app: Any, access: Any) -> None:
    @app.get("/")
    @protect(KnownUser())
    async def view() -> str:
        return str(current_user)

    assert app.test_client().get("/", headers=access()).text == "u1"
    assert app.test_client().get("/").status_code == 401


@pytest.mark.parametrize(
    "is_pending", [pytest.param(True, id="future"), pytest.param(False, id="coroutine")]
)
def test_a_loader_that_forgets_to_await_refuses(
    app: Any, jwt: Any, access: Any, is_pending: bool
) -> None:
    """S3, HTTP-11: a coroutine is true, and nobody's user."""

    class Pending:
        def __await__(self) -> Any:
            return iter(())

    async def slow() -> str:
        return "Ada"

    jwt.user_loader(lambda token: Pending() if is_pending else slow())
    app.add_url_rule("/", view_func=protect()(lambda: "in"), endpoint="view")

    assert app.test_client().get("/", headers=access()).status_code == 500


def test_two_loaders_are_a_mistake(jwt: Any) -> None:
    jwt.user_loader(lambda token: token)

    with pytest.raises(SetupError, match="already"):
        jwt.user_loader(lambda token: token)


def test_a_revoked_token_that_also_lacks_the_role_is_told_to_refresh(
    app: Any, jwt: Any, site: Any, access: Any
) -> None:
    headers = access(claims={"roles": []})
    assert site.get("/admin", headers=headers).status_code == 403
    with app.app_context():
        jwt.revoke(headers["Authorization"].removeprefix("Bearer "))

    assert site.get("/admin", headers=headers).status_code == 401


def test_no_baseline_has_to_be_spelt(make_app: Any) -> None:
    app, jwt = make_app(manager={"baseline": None})

    @app.get("/")
    @protect()
    def view() -> str:
        return "in"

    @app.get("/asked")
    @protect(NotRevoked())
    def asked() -> str:
        return "in"

    with app.app_context():
        encoded = jwt.issue("u1")
        jwt.revoke(encoded)
    client = app.test_client()
    assert client.get("/", headers=bearer(encoded)).status_code == 200
    assert client.get("/asked", headers=bearer(encoded)).status_code == 401


def test_no_baseline_does_not_load_users_either(make_app: Any) -> None:
    app, jwt = make_app(manager={"baseline": None})
    jwt.user_loader(lambda token: None)

    @app.get("/")
    @protect()
    def view() -> str:
        return "in"

    with app.app_context():
        headers = bearer(jwt.issue("u1"))
    assert app.test_client().get("/", headers=headers).status_code == 200


@pytest.fixture
def tenants(make_app: MakeApp) -> AppAndManager:
    """Return an application whose baseline has an attribute, and its manager."""
    return make_app(manager={"baseline": NotRevoked() & ClaimsMatch(tenant="acme")})


def test_the_baseline_is_asked_of_every_access_token(tenants: Any) -> None:
    app, jwt = tenants

    @app.get("/")
    @protect(OptionalToken())
    def view() -> str:
        return "in"

    client = app.test_client()
    with app.app_context():
        good = bearer(jwt.issue("u1", claims={"tenant": "acme"}))
        bad = bearer(jwt.issue("u1", claims={"tenant": "evil"}))
    assert client.get("/", headers=good).status_code == 200
    assert client.get("/", headers=bad).status_code == 403
    assert client.get("/").status_code == 200


def test_the_attributes_of_the_baseline_are_not_asked_of_other_kinds(tenants: Any) -> None:
    app, jwt = tenants

    @app.get("/")
    @protect(Refresh())
    def view() -> str:
        return "in"

    client = app.test_client()
    with app.app_context():
        pair = jwt.login("u1")
        assert client.get("/", headers=bearer(pair.refresh_token)).status_code == 200
        jwt.revoke_session(pair.session_id)
    assert client.get("/", headers=bearer(pair.refresh_token)).status_code == 401


@pytest.mark.parametrize(
    "baseline",
    [pytest.param(Public(), id="public"), pytest.param(NotRevoked, id="a class")],
)
def test_a_baseline_that_is_no_policy_is_a_mistake(baseline: Any) -> None:
    with pytest.raises(PolicyDefinitionError):
        JWTManager(baseline=baseline)


def test_roles_change_when_the_session_is_refreshed(app: Any, jwt: Any) -> None:
    """Refreshing loads the user again."""
    from dataclasses import dataclass, field

    from marshmallow import fields

    from jwtpolicy import ClaimSchema

    @dataclass
    class User:
        id: str
        roles: list[str] = field(default_factory=list)

    user = User("u1")

    @jwt.claims_for(User)
    class UserClaims(ClaimSchema):
        sub = fields.String(attribute="id", required=True)
        roles = fields.List(fields.String(), required=True)

    jwt.user_loader(lambda token: user)
    with app.app_context():
        pair = jwt.login(user)
        user.roles.append("admin")
        renewed = jwt.refresh(pair.refresh_token)

        assert jwt.verify(pair.access_token).claims["roles"] == ()
        assert jwt.verify(renewed.access_token).claims["roles"] == ("admin",)
        assert "roles" not in jwt.verify(pair.refresh_token, kind="refresh").claims


def test_a_loader_that_returns_somebody_else_cannot_widen_a_refresh(app: Any, jwt: Any) -> None:
    """REF-5."""
    from jwtpolicy.exceptions import UnknownUserError

    jwt.user_loader(lambda token: "u2")
    with app.app_context(), pytest.raises(UnknownUserError):
        jwt.refresh(jwt.login("u1").refresh_token)


def test_a_loader_that_returns_the_user_renews(app: Any, jwt: Any) -> None:
    jwt.user_loader(lambda token: token.subject)
    with app.app_context():
        assert jwt.refresh(jwt.login("u1").refresh_token).access_token
