"""No endpoint is forgotten: each has a guard, is public, or is named as an exception."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from jwtpolicy import Access, JWTManager, ProtectedView, current_manager, protect, public
from jwtpolicy.exceptions import SetupError
from jwtpolicy.testing import assert_all_routes_guarded
from tests.support.applications import SECRET


def inside() -> str:
    current_manager.enforce(Access())
    return "in"


@pytest.fixture
def app() -> Flask:
    app = Flask("shop", static_folder=None)
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    JWTManager(app)
    app.get("/", endpoint="home")(public(lambda: "home"))
    app.get("/me", endpoint="me")(protect()(lambda: "me"))
    return app


@pytest.fixture
def gaps(app: Flask) -> Flask:
    """Return the application with an endpoint of each kind that a person has to look at."""
    app.route("/report", methods=["GET", "POST"], endpoint="report")(lambda: "a secret")
    app.get("/inside", endpoint="inside")(inside)
    app.get("/compiled", endpoint="compiled")(eval("str"))
    return app


def complaint(app: Flask, *excepted: str) -> str:
    with pytest.raises(AssertionError) as raised:
        assert_all_routes_guarded(app, except_=excepted)
    return str(raised.value)


def test_guarded_and_public_endpoints_are_right(app: Flask) -> None:
    assert_all_routes_guarded(app)


@pytest.mark.parametrize("folder", [None, "static"])
def test_an_application_without_endpoints_is_not_right(folder: str | None) -> None:
    """A test that forgets to register the blueprints would else be green for ever."""
    app = Flask("empty", static_folder=folder)
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    JWTManager(app)
    assert "It has no endpoints yet" in complaint(app)

    app.get("/me")(protect()(lambda: "me"))
    assert_all_routes_guarded(app)


def test_each_gap_is_named_with_rule_and_methods_and_told_apart(gaps: Flask) -> None:
    paragraphs = complaint(gaps).split("\n\n")

    assert paragraphs[0] == "shop: some endpoints are neither guarded nor declared public"
    assert paragraphs[1].splitlines() == [
        "Nothing guards these; add @protect or @public:",
        "  report: GET, HEAD, POST /report",
    ]
    assert paragraphs[2].startswith("These have checks inside, which the audit cannot judge; read")
    assert "\n  inside: GET, HEAD /inside  (at " in paragraphs[2]
    assert paragraphs[3].startswith("It is unknown whether something guards these; read them:\n")
    assert "\n  compiled: GET, HEAD /compiled  (cannot be read: " in paragraphs[3]


def test_an_exception_is_not_named(gaps: Flask) -> None:
    assert_all_routes_guarded(gaps, except_=["report", "inside", "compiled"])
    assert "report" not in complaint(gaps, "report")


def test_an_exception_that_means_nothing_any_more_fails(app: Flask) -> None:
    paragraphs = complaint(app, "hom", "me", "billing").split("\n\n")

    assert paragraphs[1:] == [
        "No endpoint is called like these in except_:\n  hom; did you mean home?\n  billing",
        "These need no exception, take them out of except_:\n  me",
    ]


def test_a_broken_endpoint_has_no_exception(app: Flask) -> None:
    def late() -> str:
        return "late"

    app.get("/late", endpoint="late")(late)
    protect()(late)

    assert "These are set up wrongly" in complaint(app, "late")


@pytest.mark.parametrize("except_", ["static", 3, None])
def test_exceptions_are_a_list(app: Flask, except_: Any) -> None:
    with pytest.raises(TypeError, match="except_ takes a list of endpoints"):
        assert_all_routes_guarded(app, except_=except_)


@pytest.mark.parametrize("app", [Flask("bare"), ProtectedView])
def test_what_has_no_routes_to_guard_is_refused(app: Any) -> None:
    with pytest.raises((TypeError, SetupError), match=r"takes a Flask app|has no JWTManager"):
        assert_all_routes_guarded(app)
