"""HEAD uses up no token: scanners of mail and previews of links ask so before people do."""

from __future__ import annotations

from typing import Any

import flask_restful
import flask_restx
import pytest
from flask import Blueprint, Flask

from jwtpolicy import (
    Access,
    JWTManager,
    Policy,
    ProtectedView,
    SingleUse,
    TokenKind,
    protect,
)
from tests.support.registrations import cached
from tests.support.requests import bearer

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:flask_restx"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:flask_restful"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:jsonschema"),
]

TICKET = TokenKind("ticket") & SingleUse()

#: Registers ``GET /it`` behind a ticket; what runs is noted.
Register = Any


def plainly(app: Flask, jwt: JWTManager[Any], ran: list[str], level: Policy = TICKET) -> None:
    app.get("/it")(protect(level)(lambda: ran.append("ran") or "in"))


def asynchronously(app: Flask, jwt: JWTManager[Any], ran: list[str]) -> None:
    @app.get("/it")
    @protect(TICKET)
    async def view() -> str:
        ran.append("ran")
        return "in"


def in_a_class(app: Flask, jwt: JWTManager[Any], ran: list[str]) -> None:
    class View(ProtectedView):
        policies = TICKET

        def get(self) -> str:
            ran.append("ran")
            return "in"

    app.add_url_rule("/it", view_func=View.as_view("view"))


def beneath_a_cache(app: Flask, jwt: JWTManager[Any], ran: list[str]) -> None:
    app.get("/it")(cached(protect(TICKET)(lambda: ran.append("ran") or "in")))


def in_a_blueprint(app: Flask, jwt: JWTManager[Any], ran: list[str]) -> None:
    blueprint = Blueprint("b", __name__)
    jwt.protect_blueprint(blueprint, TICKET)
    blueprint.get("/it")(protect(TokenKind("ticket"))(lambda: ran.append("ran") or "in"))
    app.register_blueprint(blueprint)


def by_enforcing(app: Flask, jwt: JWTManager[Any], ran: list[str]) -> None:
    @app.get("/it")
    def view() -> str:
        jwt.enforce(TICKET)
        ran.append("ran")
        return "in"


def by_the_view(app: Flask, jwt: JWTManager[Any], ran: list[str]) -> None:
    @app.get("/it")
    @protect(TokenKind("ticket") & SingleUse(consume=False))
    def view() -> str:
        jwt.consume()
        ran.append("ran")
        return "in"


def in_restful(app: Flask, jwt: JWTManager[Any], ran: list[str]) -> None:
    class View(flask_restful.Resource):  # type: ignore[misc] # untyped
        def get(self) -> str:
            ran.append("ran")
            return "in"

        method_decorators = (protect(TICKET),)

    flask_restful.Api(app).add_resource(View, "/it")


def in_restx(app: Flask, jwt: JWTManager[Any], ran: list[str]) -> None:
    class View(flask_restx.Resource):  # type: ignore[misc] # untyped
        def get(self) -> str:
            ran.append("ran")
            return "in"

        method_decorators = (protect(TICKET),)

    flask_restx.Api(app, doc=False).add_resource(View, "/it")


WAYS = [
    plainly,
    asynchronously,
    in_a_class,
    beneath_a_cache,
    in_a_blueprint,
    by_enforcing,
    by_the_view,
    in_restful,
    in_restx,
]
ways = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@pytest.fixture
def ticket(app: Flask, jwt: JWTManager[Any]) -> dict[str, str]:
    with app.app_context():
        return bearer(jwt.issue("u1", "ticket", expires_in=60))


@ways
def test_a_ticket_is_good_for_one_get_however_often_head_was_asked(
    app: Flask, jwt: JWTManager[Any], ticket: Any, way: Register
) -> None:
    """K30: and not for a session each time."""
    ran: list[str] = []
    way(app, jwt, ran)
    client = app.test_client()

    assert [client.head("/it", headers=ticket).status_code for _ in range(3)] == [200, 200, 200]
    assert ran == []
    assert client.get("/it", headers=ticket).status_code == 200
    assert ran == ["ran"]
    assert client.head("/it", headers=ticket).status_code == 401


@ways
def test_head_is_refused_as_get_is(app: Flask, jwt: JWTManager[Any], way: Register) -> None:
    ran: list[str] = []
    way(app, jwt, ran)

    assert app.test_client().head("/it").status_code == 401
    assert ran == []


def test_head_says_nothing_that_only_the_view_knows(
    app: Flask, jwt: JWTManager[Any], ticket: Any
) -> None:
    """RFC 9110 section 9.3.2."""
    plainly(app, jwt, [])
    app.register_error_handler(Exception, lambda error: ("handled", 500))

    answer = app.test_client().head("/it", headers=ticket)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Content-Length" not in answer.headers


def test_head_runs_the_view_for_whoever_needs_no_ticket(
    app: Flask, jwt: JWTManager[Any], ticket: Any, access: Any
) -> None:
    ran: list[str] = []
    plainly(app, jwt, ran, Access() | TICKET)
    client = app.test_client()

    assert client.head("/it", headers=access()).status_code == 200
    assert ran == ["ran"]
    assert client.head("/it", headers=ticket).status_code == 200
    assert ran == ["ran"]
