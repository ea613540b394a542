"""What the rows of endpoints say that have no policies, or broken ones."""

from __future__ import annotations

from typing import Any, ClassVar

import flask_restful
import pytest
from flask import Blueprint, Flask
from flask.views import MethodView

from jwtpolicy import (
    Fresh,
    HasRole,
    IsSubject,
    NotRevoked,
    Owns,
    ProtectedView,
    Public,
    Refresh,
    TokenKind,
    protect,
    public,
)
from jwtpolicy.audit import Protection, audit
from jwtpolicy.exceptions import SetupError
from tests.support.audits import row_of
from tests.support.registrations import cached

PUBLIC, UNGUARDED = Protection.PUBLIC, Protection.UNGUARDED


@pytest.mark.parametrize(
    ("settings", "name", "protection", "notes"),
    [
        pytest.param({}, "forgotten", UNGUARDED, (), id="forgotten"),
        pytest.param({}, "open", PUBLIC, (), id="public"),
        pytest.param({}, "static", PUBLIC, ("JWT_PUBLIC_ENDPOINTS",), id="static files"),
        pytest.param(
            {"public_endpoints": ["forg*"]},
            "forgotten",
            PUBLIC,
            ("JWT_PUBLIC_ENDPOINTS",),
            id="matched by a pattern",
        ),
        pytest.param(
            {"default_deny": True},
            "forgotten",
            UNGUARDED,
            ("JWT_DEFAULT_DENY answers 403",),
            id="closed by default",
        ),
    ],
)
def test_an_endpoint_without_policies_is_public_or_unguarded(
    make_app: Any, settings: Any, name: str, protection: Protection, notes: Any
) -> None:
    app, _ = make_app(**settings)
    app.add_url_rule("/forgotten", "forgotten", lambda: "leak")
    app.add_url_rule("/open", "open", public(lambda: "open"))

    found = row_of(audit(app), name)
    assert (found.protection, found.notes, found.problem) == (protection, notes, None)


def test_a_public_method_of_a_class_is_public_alone(app: Any, row: Any) -> None:
    class Shop(ProtectedView):
        policies = HasRole("buyer")
        method_policies: ClassVar = {"GET": Public()}

        def get(self) -> str:
            return "shop"

        def post(self) -> str:
            return "bought"

    app.add_url_rule("/shop", view_func=Shop.as_view("shop"))
    assert row("shop").protection is PUBLIC
    assert row("shop", "POST").demands == "HasRole('buyer')"


def test_options_that_flask_answers_are_automatic(app: Any, add: Any, row: Any) -> None:
    """HTTP-8: and those that a view answers are guarded."""
    add("plain", protect())
    add("own", protect(), methods=["GET", "OPTIONS"])

    assert row("plain", "OPTIONS").protection is Protection.AUTOMATIC
    assert row("own", "OPTIONS").protection is Protection.GUARDED


def test_the_unguarded_endpoints_can_be_listed(app: Any, add: Any) -> None:
    add("forgotten")
    add("guarded", protect())

    assert [row.endpoint for row in audit(app).unguarded] == ["forgotten"]


def cannot_meet(app: Flask, jwt: Any) -> None:
    office = Blueprint("office", __name__)
    jwt.protect_blueprint(office, HasRole("admin"))
    office.add_url_rule("/broken", "broken", protect(Refresh())(lambda: "in"))
    app.register_blueprint(office)


def has_no_loader(app: Flask, jwt: Any) -> None:
    office = Blueprint("office", __name__)
    jwt.protect_blueprint(office, Owns("owner"))
    office.add_url_rule("/broken", "broken", lambda: "in")
    app.register_blueprint(office)


def is_upside_down(app: Flask, jwt: Any) -> None:
    protect()(app.route("/broken", endpoint="office.broken")(lambda: "in"))


def is_open_and_guarded(app: Flask, jwt: Any) -> None:
    class Open(ProtectedView):
        policies = Public()

        @protect()
        def get(self) -> str:
            return "in"

    app.add_url_rule("/broken", "office.broken", Open.as_view("view"))


def names_an_unknown_type(app: Any, jwt: Any) -> None:
    app.get("/broken/<x>", endpoint="office.broken")(
        protect(IsSubject("x", of=ProtectedView))(lambda x: "in")
    )


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        (
            names_an_unknown_type,
            "IsSubject('x', of=ProtectedView), but no schema describes ProtectedView",
        ),
        (cannot_meet, "no token can pass\n  Refresh()  accepts refresh"),
        (has_no_loader, "Owns('owner') needs a resource"),
        (is_upside_down, "office.broken is registered without its @protect(Access())"),
        (is_open_and_guarded, "office.broken is public and guarded at once"),
    ],
)
def test_a_mistake_is_reported_where_it_is(
    app: Any, jwt: Any, add: Any, row: Any, break_it: Any, why: str
) -> None:
    break_it(app, jwt)
    add("sound", protect())

    broken = row("office.broken")
    assert (broken.protection, broken.methods) == (Protection.BROKEN, ("GET", "HEAD"))
    assert broken.problem.startswith(why)
    assert row("sound").problem is None


def test_one_mistake_answers_every_request(app: Any, jwt: Any, add: Any) -> None:
    add("sound", protect())
    assert audit(app).problems == ()

    cannot_meet(app, jwt)
    assert audit(app).problems == (
        "every request is answered with 500 until what is broken has been mended",
    )


def test_settings_that_changed_too_late_are_a_problem(app: Any, add: Any) -> None:
    app.config["JWT_REALM"] = "other"

    (problem,) = audit(app).problems
    assert problem.startswith("JWT_REALM changed after init_app")


@pytest.mark.parametrize(
    ("guard", "problem"),
    [
        pytest.param(
            protect(HasRole("a") & ~HasRole("a")),
            "no request can pass HasRole('a') & ~HasRole('a') & NotRevoked()",
            id="a contradiction",
        ),
        pytest.param(
            protect(IsSubject("user_id")),
            "no request can pass IsSubject('user_id') & NotRevoked(); "
            "the URL has no variable 'user_id'",
            id="a variable that is not there",
        ),
        pytest.param(
            protect(TokenKind("reset"), transports="json"),
            "no request can pass TokenKind('reset') & NotRevoked(); "
            "json cannot hold tokens of the kind 'reset'",
            id="a kind without a place",
        ),
    ],
)
def test_what_no_request_can_pass_is_found(add: Any, row: Any, guard: Any, problem: str) -> None:
    add("view", guard)

    assert row("view").protection is Protection.GUARDED
    assert (row("view").accepts, row("view").problem) == ((), problem)


def test_a_kind_with_a_name_has_a_place(make_app: Any) -> None:
    app, _ = make_app(reset_json_key="reset_token")
    guard = protect(TokenKind("reset"), transports="json")
    app.add_url_rule("/", "view", guard(lambda: "in"))

    assert row_of(audit(app), "view").problem is None


def test_a_baseline_that_contradicts_an_endpoint_is_found(make_app: Any) -> None:
    app, _ = make_app(manager={"baseline": NotRevoked() & HasRole("user")})
    app.add_url_rule("/", "view", protect(~HasRole("user"))(lambda: "in"))
    app.add_url_rule("/r", "refresh", protect(Refresh() & ~HasRole("user"))(lambda: "in"))

    assert [row.endpoint for row in audit(app).impassable] == ["view"]


def test_an_application_without_a_manager_has_no_audit() -> None:
    with pytest.raises(SetupError, match="bare has no JWTManager"):
        audit(Flask("bare"))


def test_a_fresh_refresh_token_is_asked_for_in_vain(add: Any, row: Any) -> None:
    """C19: the other library takes such combinations without a word."""
    add("view", lambda view: protect(Fresh())(protect(Refresh())(view)))

    assert row("view").problem.startswith("no token can pass")


def test_the_row_of_what_is_wrapped_at_the_binding_says_what_runs(
    app: Any, jwt: Any, add: Any, row: Any
) -> None:
    """The audit says the same before and after, and binds nothing."""
    add("view", lambda view: cached(protect(HasRole("admin"))(view)))
    before, function = row("view"), app.view_functions["view"]

    assert app.test_client().get("/view").status_code == 401
    assert app.view_functions["view"] is not function
    assert row("view") == before
    assert (before.protection, before.demands) == (Protection.GUARDED, "HasRole('admin')")


def test_guards_of_method_decorators_are_seen(app: Any, jwt: Any, row: Any) -> None:
    class It(flask_restful.Resource):  # type: ignore[misc] # it has no types
        method_decorators: ClassVar = [protect, protect(HasRole("admin"))]

        def get(self) -> str:
            return "in"

    flask_restful.Api(app).add_resource(It, "/it", endpoint="it")
    assert row("it").demands == "HasRole('admin') & Access()"


@pytest.mark.parametrize(
    ("guard", "notes"),
    [
        (lambda view: cached(protect()(view)), ("decorators above the guard may answer OPTIONS",)),
        (protect(), ()),
        (cached, ()),
    ],
    ids=["beneath a decorator", "what Flask calls", "no guard"],
)
def test_options_is_left_to_a_guard_beneath_others(
    app: Any, jwt: Any, add: Any, row: Any, guard: Any, notes: Any
) -> None:
    add("view", guard, methods=["OPTIONS"])

    assert row("view", "OPTIONS").notes == notes


def test_an_opening_that_does_not_count_is_told(app: Any, jwt: Any, row: Any) -> None:
    class It(MethodView):
        get = public(lambda self: "open")
        options = get

        def dispatch_request(self, **view_args: Any) -> Any:
            return super().dispatch_request(**view_args)

    app.add_url_rule("/it", view_func=It.as_view("it"))
    note = "Public() is ignored, because the view has a dispatch_request of its own"
    for method in ("GET", "OPTIONS"):
        assert row("it", method).protection is Protection.UNGUARDED
        assert row("it", method).notes == (note,)


def test_public_beneath_another_decorator_is_reported(
    app: Any, jwt: Any, add: Any, row: Any
) -> None:
    add("view", lambda view: cached(public(view)))

    assert row("view").problem.startswith("@public stands beneath another decorator")
