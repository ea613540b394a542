"""What the rows of endpoints with policies say."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from flask import Blueprint, Flask
from werkzeug.routing import Rule

from jwtpolicy import (
    Anonymous,
    Fresh,
    HasRole,
    IsSubject,
    JWTManager,
    KnownUser,
    NotRevoked,
    OptionalToken,
    ProtectedView,
    Public,
    Refresh,
    SingleUse,
    TokenKind,
    policy,
    protect,
    public,
)
from jwtpolicy.audit import Protection, Row, audit
from tests.support.audits import row_of


class Account(ProtectedView):
    policies: ClassVar = [IsSubject("user_id") | HasRole("admin")]
    method_policies: ClassVar = {"DELETE": Fresh(within=300)}

    def get(self, user_id: int) -> str:
        return "account"

    def delete(self, user_id: int) -> str:
        return "deleted"


def test_a_row_says_all_that_is_demanded(add: Any, row: Any) -> None:
    add("reports", protect(HasRole("admin") | Fresh(within=300)))

    assert row("reports") == Row(
        rule="/reports",
        methods=("GET", "HEAD"),
        endpoint="reports",
        protection=Protection.GUARDED,
        demands="HasRole('admin') | Fresh(within=300)",
        accepts=("access",),
        baseline="NotRevoked()",
        places=("headers",),
    )


def test_methods_of_a_class_have_rows_of_their_own(app: Any, row: Any) -> None:
    app.add_url_rule("/accounts/<int:user_id>", view_func=Account.as_view("account"))

    own = "IsSubject('user_id') | HasRole('admin')"
    assert (row("account").methods, row("account").demands) == (("GET", "HEAD"), own)
    assert row("account", "DELETE").demands == f"({own}) & Fresh(within=300)"


def test_stacked_guards_are_one_demand(add: Any, row: Any) -> None:
    add("view", lambda view: protect(HasRole("a"))(protect(Fresh())(view)))

    assert row("view").demands == "HasRole('a') & Fresh()"


def test_a_view_without_policies_demands_an_access_token(app: Any, row: Any) -> None:
    class Plain(ProtectedView):
        def get(self) -> str:
            return "in"

    app.add_url_rule("/", view_func=Plain.as_view("plain"))
    assert row("plain").demands == "Access()"


@pytest.mark.parametrize(
    ("policy", "accepts"),
    [
        pytest.param(Refresh(), ("refresh",), id="refresh"),
        pytest.param(TokenKind("reset"), ("reset",), id="another kind"),
        pytest.param(OptionalToken(), ("access", "no token"), id="optional"),
        pytest.param(Anonymous(), ("no token",), id="anonymous"),
    ],
)
def test_a_row_says_who_can_pass(add: Any, row: Any, policy: Any, accepts: Any) -> None:
    add("view", protect(policy))

    assert row("view").accepts == accepts
    assert row("view").problem is None


def test_the_baseline_is_that_of_the_kind(make_app: Any) -> None:
    app, _ = make_app(manager={"baseline": NotRevoked() & HasRole("user")})
    app.add_url_rule("/a", "access", protect()(lambda: "in"))
    app.add_url_rule("/r", "refresh", protect(Refresh())(lambda: "in"))
    app.add_url_rule("/n", "nobody", protect(Anonymous())(lambda: "in"))

    found = audit(app)
    baselines = [row_of(found, name).baseline for name in ("access", "refresh", "nobody")]
    assert baselines == ["NotRevoked() & HasRole('user')", "NotRevoked()", None]


def test_without_a_baseline_there_is_none(make_app: Any) -> None:
    app, _ = make_app(manager={"baseline": None})
    app.add_url_rule("/", "view", protect()(lambda: "in"))

    assert row_of(audit(app), "view").baseline is None
    assert audit(app).baseline is None


def test_a_known_user_is_in_the_baseline(app: Any, jwt: Any, add: Any, row: Any) -> None:
    jwt.user_loader(lambda token: token.subject)
    add("view", protect())

    assert row("view").baseline == "NotRevoked() & KnownUser()"
    assert row("view").notes == ()


def test_a_lazy_user_loader_is_noted(app: Any, jwt: Any, add: Any, row: Any) -> None:
    """DESIGN 5: it shows in the audit."""
    jwt.user_loader(lambda token: token.subject, lazy=True)
    add("late", protect())
    add("early", protect(KnownUser()))
    add("nobody", protect(Anonymous()))
    add("otherwise", protect(KnownUser() | HasRole("admin")))

    notes = {name: row(name).notes for name in ("late", "early", "nobody", "otherwise")}
    lazy = ("lazy user loader",)
    assert notes == {"late": lazy, "early": (), "nobody": (), "otherwise": lazy}


@pytest.mark.parametrize("consume", [True, False])
def test_what_answers_head_itself_is_noted(add: Any, row: Any, consume: bool) -> None:
    once = protect(TokenKind("reset") & SingleUse(consume=consume))
    add("get", once)
    add("post", once, methods=["POST"])

    assert row("get").methods == ("GET", "HEAD")
    assert row("get").notes == ("HEAD is answered without the view, and uses nothing up",)
    assert row("post", "POST").notes == ()


def test_a_class_that_starts_anew_is_noted(app: Any, row: Any) -> None:
    """DESIGN 4: `inherit_policies = False` shows in the audit."""

    class Fan(Account):
        inherit_policies = False
        policies = HasRole("fan")

    app.add_url_rule("/fans/<int:user_id>", view_func=Fan.as_view("fan"))
    app.add_url_rule("/accounts/<int:user_id>", view_func=Account.as_view("account"))

    assert (row("fan").demands, row("fan").notes) == ("HasRole('fan')", ("does not inherit: Fan",))
    assert row("account").notes == ()


@pytest.fixture
def office(app: Flask, jwt: JWTManager[Any]) -> Blueprint:
    """Return a guarded blueprint with three views, which is registered already."""
    office = Blueprint("office", __name__)
    jwt.protect_blueprint(office, HasRole("admin"))
    office.add_url_rule("/plain", "plain", lambda: "plain")
    office.add_url_rule("/fresh", "fresh", protect(Fresh())(lambda: "fresh"))
    office.add_url_rule("/open", "open", public(lambda: "open"))
    app.register_blueprint(office)
    return office


def test_the_level_of_a_blueprint_is_demanded_and_noted(office: Any, row: Any) -> None:
    demands = [row(name).demands for name in ("office.plain", "office.fresh")]

    assert demands == ["Access() & HasRole('admin')", "Fresh() & HasRole('admin')"]
    assert row("office.fresh").notes == ("blueprint level: HasRole('admin')",)


def test_a_public_view_of_a_guarded_blueprint_is_noted(office: Any, row: Any) -> None:
    opened = row("office.open")

    assert (opened.protection, opened.demands) == (Protection.PUBLIC, "Public()")
    assert opened.notes == ("lifts the blueprint level HasRole('admin')",)


@pytest.mark.parametrize(
    ("csrf", "method", "needed", "notes"),
    [
        pytest.param(None, "POST", True, (), id="as usual"),
        pytest.param(False, "POST", False, ("csrf off",), id="off"),
        pytest.param(False, "GET", None, (), id="off, but nothing is changed"),
    ],
)
def test_a_row_says_whether_cookies_need_a_csrf_value(
    make_app: Any, csrf: Any, method: str, needed: Any, notes: Any
) -> None:
    """CSRF-1: `csrf=` per endpoint is visible in an audit."""
    app, _ = make_app(token_location=["headers", "cookies"])
    guard = protect(csrf=csrf)
    app.add_url_rule("/", "view", guard(lambda: "in"), methods=["GET", "POST"])

    found = row_of(audit(app), "view", method)
    assert (found.csrf, found.notes) == (needed, notes)


def test_without_cookies_there_is_nothing_to_say_of_csrf(add: Any, row: Any) -> None:
    add("view", protect(csrf=False), methods=["POST"])

    assert (row("view", "POST").csrf, row("view", "POST").notes) == (None, ())


def test_other_places_are_noted(add: Any, row: Any) -> None:
    add("file", protect(transports=["query_string", "headers"]))
    add("body", protect(transports="json"))

    assert row("file").places == ("query_string", "headers")
    assert row("file").notes == ("reads query_string, headers", "query string tokens")
    assert row("body").notes == ("reads json",)


def test_places_in_another_order_are_the_usual_ones(make_app: Any) -> None:
    app, _ = make_app(token_location=["headers", "json"])
    app.add_url_rule("/", "view", protect(transports=["json", "headers"])(lambda: "in"))

    assert row_of(audit(app), "view").notes == ()


def test_tokens_that_never_expire_are_noted(make_app: Any) -> None:
    app, _ = make_app(require_exp=False)
    app.add_url_rule("/", "view", protect()(lambda: "in"))

    assert row_of(audit(app), "view").notes == ("tokens that never expire",)


def test_what_passes_more_than_usual_is_noted(app: Any, add: Any, row: Any) -> None:
    add("relaxed", protect(OptionalToken(ignore_invalid=True)))

    assert row("relaxed").notes == ("treats invalid tokens as none",)


def test_a_variable_that_the_url_has_not_is_noted(add: Any, row: Any) -> None:
    guard = protect(IsSubject("user_id") | HasRole("admin"))
    add("right", guard, "/right/<user_id>")
    add("wrong", guard, "/wrong/<user>")
    add("default", guard, "/default", defaults={"user_id": 3})

    notes = [row(name).notes for name in ("right", "wrong", "default")]
    assert notes == [(), ("the URL has no variable 'user_id'",), ()]


def test_a_preprocessor_may_add_any_variable(app: Any, add: Any, row: Any) -> None:
    app.url_value_preprocessor(lambda endpoint, values: values.setdefault("user_id", 3))
    add("view", protect(IsSubject("user_id")), "/<user>")

    assert (row("view").notes, row("view").problem) == ((), None)


@pytest.mark.parametrize(
    ("policy", "note"),
    [
        (OptionalToken() & HasRole("admin"), "no caller without a token can pass"),
        (TokenKind("a") | (TokenKind("b") & ~NotRevoked()), "no token of the kind 'b' can pass"),
    ],
    ids=["nobody", "a kind"],
)
def test_a_caller_who_is_named_for_nothing_is_noted(
    add: Any, row: Any, policy: Any, note: str
) -> None:
    add("view", protect(policy))

    assert row("view").notes == (note,)
    assert row("view").problem is None


def test_a_rule_has_a_row_for_each_url(app: Any, add: Any) -> None:
    add("view", protect())
    app.add_url_rule("/too", "view", methods=["POST"])

    rows = [row for row in audit(app).rows if row.endpoint == "view"]
    guarded = [(r.rule, r.methods) for r in rows if r.protection is Protection.GUARDED]
    assert guarded == [("/too", ("POST",)), ("/view", ("GET", "HEAD"))]


def test_a_rule_without_methods_has_all_of_them(app: Any, row: Any) -> None:
    app.endpoint("any")(protect()(lambda: "in"))
    app.url_map.add(Rule("/any", endpoint="any"))

    assert {"GET", "POST", "TRACE"} < set(row("any").methods)


def test_rules_that_reach_no_view_have_no_row(app: Any) -> None:
    app.url_map.add(Rule("/old", endpoint="old", redirect_to="/new"))
    app.url_map.add(Rule("/built", endpoint="built", build_only=True))

    assert {row.endpoint for row in audit(app).rows} == {"static"}


def test_a_row_says_for_which_domain_it_is(app: Any) -> None:
    app.add_url_rule("/", "view", protect()(lambda: "in"), subdomain="api")

    assert row_of(audit(app), "view").domain == "api"


def test_asking_binds_nothing(app: Any, jwt: Any, access: Any, add: Any, row: Any) -> None:
    add("early", protect())
    assert row("early").protection is Protection.GUARDED

    jwt.user_loader(lambda token: None)
    add("late", protect())
    assert app.test_client().get("/late", headers=access()).status_code == 401
    assert row("late").baseline == "NotRevoked() & KnownUser()"


def test_a_row_has_its_levels_as_objects(app: Any, row: Any) -> None:
    app.add_url_rule("/accounts/<int:user_id>", view_func=Account.as_view("account"))

    own = IsSubject("user_id") | HasRole("admin")
    assert row("account").policies == (own,)
    assert row("account", "DELETE").policies == (own, Fresh(within=300))


def test_a_public_row_has_the_policy_that_says_so(add: Any, row: Any) -> None:
    add("open", public)
    add("forgotten")

    assert row("open").policies == (Public(),)
    assert row("forgotten").policies == ()


def test_methods_whose_policies_only_look_alike_have_rows_of_their_own(app: Flask) -> None:
    class Two(ProtectedView):
        method_policies: ClassVar = {
            "GET": policy(lambda access: True),
            "POST": policy(lambda access: False),
        }

        def get(self) -> str:
            return ""

        def post(self) -> str:
            return ""

    app.add_url_rule("/two", view_func=Two.as_view("two"))
    rows = [r for r in audit(app).rows if r.endpoint == "two" and r.policies]

    assert [r.methods for r in rows] == [("GET", "HEAD"), ("POST",)]
    assert rows[0].demands == rows[1].demands


def test_what_a_policy_holds_is_not_printed_with_its_row(add: Any, row: Any) -> None:
    add("view", protect(HasRole("admin")))

    assert "policies" not in repr(row("view"))
