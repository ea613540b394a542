"""What the audit sees of endpoints that the compatibility bridge guards."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView

from jwtpolicy import HasRole, JWTManager, protect, public
from jwtpolicy.audit import Protection, audit
from jwtpolicy.compat.flask_jwt_extended import JWTManager as BridgeManager
from jwtpolicy.compat.flask_jwt_extended import jwt_required, verify_jwt_in_request
from tests.support.applications import SECRET
from tests.support.audits import row_of
from tests.support.registrations import cached


@pytest.fixture
def lone() -> Flask:
    """Return an application that only the bridge guards."""
    app = Flask("lone")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    BridgeManager(app)
    return app


@pytest.fixture
def both(app: Flask, jwt: JWTManager[Any]) -> Flask:
    """Return an application whose routes move over one at a time."""
    BridgeManager(app)
    return app


def test_a_guard_of_the_bridge_is_shown_as_it_was_written(lone: Flask) -> None:
    lone.add_url_rule("/fresh", "fresh", jwt_required(fresh=True)(lambda: "in"))
    lone.add_url_rule("/open", "open", lambda: "open")

    fresh, opened = row_of(audit(lone), "fresh"), row_of(audit(lone), "open")
    assert (fresh.protection, fresh.bridge) == (Protection.GUARDED, "jwt_required(fresh=True)")
    assert (opened.protection, opened.bridge) == (Protection.UNGUARDED, None)


def test_static_files_are_public_without_a_native_manager_too(lone: Flask) -> None:
    assert row_of(audit(lone), "static").protection is Protection.PUBLIC


def test_guards_on_methods_and_on_classes_are_found(lone: Flask) -> None:
    class View(MethodView):
        @jwt_required(refresh=True)
        def get(self) -> str:
            return "in"

        def post(self) -> str:
            return "open"

    class Whole(View):
        decorators = (jwt_required(),)

    lone.add_url_rule("/view", view_func=View.as_view("view"))
    lone.add_url_rule("/whole", view_func=Whole.as_view("whole"))

    found = audit(lone)
    bridges = [row_of(found, "view", method).bridge for method in ("GET", "HEAD", "POST")]
    assert bridges == ["jwt_required(refresh=True)", "jwt_required(refresh=True)", None]
    assert row_of(found, "whole").bridge == "jwt_required() & jwt_required(refresh=True)"
    assert row_of(found, "whole", "POST").bridge == "jwt_required()"


@pytest.mark.parametrize(
    ("guard", "notes"),
    [
        (jwt_required(), ()),
        (
            lambda view: cached(jwt_required()(view)),
            ("decorators above the guard of the bridge may answer without it",),
        ),
        (cached, ()),
    ],
    ids=["first", "beneath a decorator", "no guard"],
)
def test_what_may_answer_for_a_guard_is_told(lone: Flask, guard: Any, notes: Any) -> None:
    """The bridge is as the library that it stands for: what is above a guard is not guarded."""
    lone.add_url_rule("/", "view", guard(lambda: "in"))

    assert row_of(audit(lone), "view").notes == notes


def test_a_native_guard_above_all_answers_for_both(both: Flask) -> None:
    both.add_url_rule("/", "view", protect()(cached(jwt_required()(lambda: "in"))))

    assert row_of(audit(both), "view").notes == ()


def test_a_guard_before_every_request_is_found(lone: Flask) -> None:
    inner, outer = Blueprint("inner", __name__), Blueprint("outer", __name__)
    inner.before_request(verify_jwt_in_request)
    inner.add_url_rule("/inner", "view", lambda: "in")
    outer.add_url_rule("/outer", "view", lambda: "open")
    outer.before_request(lambda: None)
    outer.register_blueprint(inner)
    lone.register_blueprint(outer)

    found = audit(lone)
    assert row_of(found, "outer.inner.view").bridge == "verify_jwt_in_request()"
    assert row_of(found, "outer.view").bridge is None


def test_a_guard_before_all_of_the_application_is_found(lone: Flask) -> None:
    lone.before_request(verify_jwt_in_request)
    lone.add_url_rule("/", "view", lambda: "in")

    assert row_of(audit(lone), "view").bridge == "verify_jwt_in_request()"


def test_a_native_guard_without_a_native_manager_is_broken(lone: Flask) -> None:
    lone.add_url_rule("/", "view", protect()(lambda: "in"))

    row = row_of(audit(lone), "view")
    assert row.protection is Protection.BROKEN
    assert row.problem == "@protect(Access()) has no JWTManager to ask; write JWTManager(app)"
    assert audit(lone).problems == ()


def test_routes_of_both_kinds_stand_side_by_side(both: Flask) -> None:
    both.add_url_rule("/old", "old", jwt_required()(lambda: "old"))
    both.add_url_rule("/new", "new", protect(HasRole("a"))(lambda: "new"))
    both.add_url_rule("/two", "two", jwt_required()(protect()(lambda: "two")))

    shown = {r.endpoint: (r.demands, r.bridge) for r in audit(both).rows if "GET" in r.methods}
    assert shown["old"] == ("", "jwt_required()")
    assert shown["new"] == ("HasRole('a')", None)
    assert shown["two"] == ("Access()", "jwt_required()")


def test_a_blueprint_guards_a_route_of_the_bridge_too(both: Flask, jwt: Any) -> None:
    office = Blueprint("office", __name__)
    jwt.protect_blueprint(office, HasRole("admin"))
    office.add_url_rule("/old", "old", jwt_required()(lambda: "old"))
    both.register_blueprint(office)

    row = row_of(audit(both), "office.old")
    assert (row.demands, row.bridge) == ("Access() & HasRole('admin')", "jwt_required()")


def test_what_is_public_here_may_be_guarded_there(both: Flask) -> None:
    both.add_url_rule("/", "view", public(jwt_required()(lambda: "in")))

    row = row_of(audit(both), "view")
    assert (row.protection, row.demands) == (Protection.GUARDED, "Public()")
    assert row.bridge == "jwt_required()"


@pytest.mark.parametrize(
    ("listed", "problem"),
    [
        (
            (),
            "JWT_DEFAULT_DENY knows no guard of the bridge; list it in JWT_PUBLIC_ENDPOINTS",
        ),
        (("old",), None),
    ],
    ids=["not listed", "listed"],
)
def test_a_closed_application_has_to_list_routes_of_the_bridge(
    make_app: Any, listed: tuple[str, ...], problem: str | None
) -> None:
    app, _ = make_app(default_deny=True, public_endpoints=listed)
    BridgeManager(app)
    app.add_url_rule("/old", "old", jwt_required(optional=True)(lambda: "old"))

    assert row_of(audit(app), "old").problem == problem
    assert app.test_client().get("/old").status_code == (403 if problem else 200)


def test_guards_of_the_library_itself_are_checks_inside(app: Flask) -> None:
    original = pytest.importorskip("flask_jwt_extended", reason="pip install flask-jwt-extended")
    original.JWTManager(app)
    app.add_url_rule("/", "view", original.jwt_required()(lambda: "in"))

    row = row_of(audit(app), "view")
    assert row.protection is Protection.INSIDE
    assert "flask_jwt_extended/view_decorators.py:" in row.notes[0]
    assert any("they are listed as checks" in remark for remark in audit(app).remarks)


def test_guards_of_the_bridge_can_be_seen(both: Flask) -> None:
    assert not any("listed as checks" in remark for remark in audit(both).remarks)
    assert isinstance(both.extensions["jwtpolicy"].manager, JWTManager)
