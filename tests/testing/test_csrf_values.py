"""A client brings the CSRF value as the script of a page does, unless it is told not to."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask, Request

from jwtpolicy import Access, JWTManager, Refresh, current_token, protect
from jwtpolicy.exceptions import SetupError
from jwtpolicy.testing import act
from jwtpolicy.transports import Transport
from tests.support.acting import acting_app
from tests.support.applications import SECRET


@pytest.fixture
def app() -> Flask:
    return acting_app(token_location=["cookies"])


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_every_method_is_authorized(app: Flask, method: str) -> None:
    assert act(app).as_user("bob").open("/me", method=method).text == "bob"


def test_one_request_can_leave_the_value_out(app: Flask) -> None:
    bob = act(app).as_user("bob")

    assert bob.post("/me", csrf=False).json["error"] == "csrf_failed"
    assert bob.post("/me").text == "bob"


def test_a_client_can_leave_the_value_out(app: Flask) -> None:
    bob = act(app).as_user("bob")
    bob.csrf = False

    assert bob.post("/me").status_code == 403
    assert bob.get("/me").text == "bob"
    assert bob.post("/me", csrf=True).text == "bob"


def test_threads_that_share_a_client_do_not_leave_the_value_out_for_each_other(app: Flask) -> None:
    began, ended = Barrier(2), Barrier(2)

    @app.post("/slow")
    def slow() -> str:
        began.wait(30)
        ended.wait(30)
        return "slow"

    bob = act(app).as_user("bob")
    other = Thread(target=lambda: bob.post("/slow", csrf=False))
    other.start()
    began.wait(30)
    seen = [bob.post("/me").status_code, bob.post("/me", csrf=False).status_code]
    ended.wait(30)
    other.join()

    assert [*seen, bob.post("/me").status_code] == [200, 403, 200]


def test_a_value_of_the_test_s_own_wins(app: Flask) -> None:
    assert act(app).as_user("bob").post("/me", headers={"X-CSRF-TOKEN": "x"}).status_code == 403


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"refresh_csrf_header_name": "X-Refresh"}, id="a header of its own"),
        pytest.param({"csrf_in_cookies": False}, id="no cookie that scripts can read"),
    ],
)
def test_the_refresh_cookie_brings_its_own_value(settings: dict[str, Any]) -> None:
    bob = act(acting_app(token_location=["cookies"], **settings)).as_user("bob")

    assert bob.post("/auth/device").text == "bob"
    assert bob.post("/auth/device", csrf=False).status_code == 403


def test_a_view_that_takes_both_cookies_gets_the_value_of_the_first(app: Flask) -> None:
    guard = protect(Access() | Refresh())
    app.post("/auth/any")(guard(lambda: current_token.kind))

    assert act(app).as_user("bob").post("/auth/any").text == "access"


def test_what_asks_inside_a_view_gets_the_value_too(app: Flask) -> None:
    jwt: Any = app.extensions["jwtpolicy"].manager

    @app.post("/inside")
    def inside() -> str:
        jwt.enforce(Access())
        return "in"

    bob = act(app).as_user("bob")

    assert bob.post("/inside").text == "in"
    assert bob.post("/inside", csrf=False).status_code == 403


class Device(Transport):
    """A header of an application's own."""

    name = "device"

    def read(self, request: Request) -> str | None:
        return request.headers.get("X-Device")


@pytest.fixture
def devices() -> Flask:
    app = Flask("devices")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    place = Device()
    JWTManager(app, transports=[place])
    app.get("/me", endpoint="me")(protect(transports=place)(lambda: current_token.subject))
    app.get("/both")(protect()(lambda: current_token.subject))
    return app


def test_a_transport_of_the_application_s_own_is_filled_by_a_function(devices: Flask) -> None:
    def put(environ: dict[str, Any], encoded: str) -> None:
        environ["HTTP_X_DEVICE"] = encoded

    assert act(devices).as_user("bob", place=put).get("/both").text == "bob"


def test_without_the_function_the_error_says_how_to_write_it(devices: Flask) -> None:
    bob = act(devices).as_user("bob")

    with pytest.raises(SetupError, match=r"environ\.update"):
        bob.get("/me")
    assert bob.get("/both").text == "bob"
