"""One table says who may do what, and its message names every wrong cell."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from marshmallow import fields

from jwtpolicy import (
    AccessRequest,
    ClaimSchema,
    Fresh,
    HasRole,
    IsSubject,
    JWTManager,
    OptionalToken,
    Owns,
    ProtectedView,
    Public,
    SingleUse,
    current_manager,
    policy,
    protect,
    public,
)
from jwtpolicy.compat.flask_jwt_extended import JWTManager as Bridge
from jwtpolicy.compat.flask_jwt_extended import jwt_required
from jwtpolicy.exceptions import NoTokenError, PolicyDefinitionError, SetupError
from jwtpolicy.testing import anonymous, assert_policy, with_
from tests.support.applications import SECRET


@dataclass
class User:
    """A user whom no hash tells apart, so that a table is a list of pairs."""

    id: str
    roles: tuple[str, ...] = ()


ADMIN, BOB, EVE = User("1", ("admin",)), User("2"), User("3")


class Account(ProtectedView):
    """An account that its owner and admins see, and its owner deletes."""

    policies = IsSubject("user_id") | HasRole("admin")
    method_policies = {"DELETE": Fresh(within=300)}  # noqa: RUF012

    def get(self, user_id: int) -> str:
        return str(user_id)

    def delete(self, user_id: int) -> str:
        raise AssertionError("a dry run has deleted something")


@dataclass
class Note:
    """A note of somebody."""

    owner_id: str


class OneNote(ProtectedView[Note]):
    """A note that its owner reads."""

    policies = Owns("owner_id")

    def load_resource(self, note_id: int) -> Note | None:
        if note_id > 9:
            abort(410)
        return Note(str(note_id)) if note_id else None

    def get(self, note_id: int) -> str:
        return str(note_id)


def make_app() -> tuple[Flask, JWTManager[Any]]:
    app = Flask("table", static_folder=None)
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    app.add_url_rule("/accounts/<int:user_id>", view_func=Account.as_view("account"))
    app.get("/open", endpoint="open")(lambda: "open")
    return app, JWTManager(app)


@pytest.fixture
def app() -> Flask:
    """Return an application whose users are names."""
    return make_app()[0]


@pytest.fixture
def users_app() -> Flask:
    """Return an application whose users are objects."""
    app, jwt = make_app()
    members = {
        "sub": fields.String(attribute="id", required=True),
        "roles": fields.List(fields.String(), required=True),
    }
    jwt.claims_for(User)(type("UserClaims", (ClaimSchema,), members))
    return app


RIGHT: list[tuple[Any, int]] = [(anonymous, 401), (ADMIN, 200), (BOB, 200), (EVE, 403)]


def test_a_right_table_passes(users_app: Flask) -> None:
    assert_policy(users_app, "GET", "/accounts/2", RIGHT)
    assert_policy(users_app, "DELETE", "/accounts/2", [*RIGHT[:3], (with_(BOB, fresh=False), 401)])


def test_users_that_can_be_hashed_are_keys(app: Flask) -> None:
    assert_policy(app, "GET", "/accounts/2", {anonymous: 401, "2": 200, 2: 200, "3": 403})


def test_the_message_names_each_wrong_cell_and_no_other(users_app: Flask) -> None:
    """The table of the question: who was it, what was expected, what came, and why."""
    wrong = [(anonymous, 401), (ADMIN, 403), (BOB, 200), (EVE, 200)]
    with pytest.raises(AssertionError) as raised:
        assert_policy(users_app, "GET", "/accounts/2", wrong)
    first, admin, eve = str(raised.value).split("\n\nUser(")

    assert first == "GET /accounts/2: 2 of 4 personas get another answer than expected"
    assert admin.startswith("id='1', roles=('admin',)): expected 403, found: the view would run\n")
    assert "ALLOW: HasRole('admin')" in admin
    assert eve.startswith("id='3', roles=()): expected 200, found: 403\n")
    assert "FORBIDDEN: IsSubject('user_id')" in eve


def test_a_changed_policy_makes_its_own_cell_wrong(users_app: Flask) -> None:
    weaker = {"policies": IsSubject("user_id"), "get": Account.get}
    view = type("Account", (ProtectedView,), weaker)
    users_app.view_functions["account"] = view.as_view("account")

    with pytest.raises(AssertionError, match=r"1 of 4 personas(.|\n)*roles=\('admin',\)\): exp"):
        assert_policy(users_app, "GET", "/accounts/2", RIGHT)


@pytest.mark.parametrize("expected", [200, 204, 299])
def test_any_success_means_that_the_view_would_run(app: Flask, expected: int) -> None:
    assert_policy(app, "GET", "/open", {anonymous: expected})
    with pytest.raises(AssertionError, match=f"anonymous: expected {expected}, found: 404"):
        assert_policy(app, "GET", "/nowhere", {anonymous: expected})


def test_a_status_may_be_a_member_of_http_status(app: Flask) -> None:
    assert_policy(app, "GET", "/open", {anonymous: HTTPStatus.OK})
    assert_policy(app, "GET", "/accounts/2", {anonymous: HTTPStatus.UNAUTHORIZED})


def test_what_flask_answers_itself_is_no_view(app: Flask) -> None:
    with pytest.raises(AssertionError, match="expected 200, found: 200 without the view"):
        assert_policy(app, "OPTIONS", "/open", {anonymous: 200})


def test_what_nobody_can_tell_is_not_right() -> None:
    """A check of the bridge stands between the guards and the view."""
    app = Flask("bridged")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    Bridge(app)
    JWTManager(app)
    app.get("/old", endpoint="old")(jwt_required()(lambda: "old"))

    with pytest.raises(AssertionError, match="expected 200, found: not known without running"):
        assert_policy(app, "GET", "/old", {"bob": 200})


@pytest.mark.parametrize("expected", [403, 400, 302])
def test_a_refusal_has_to_have_the_very_status(app: Flask, expected: int) -> None:
    with pytest.raises(AssertionError, match=f"anonymous: expected {expected}, found: 401"):
        assert_policy(app, "GET", "/accounts/2", {anonymous: expected})


def test_a_redirect_is_an_answer_without_the_view(app: Flask) -> None:
    """302 to the login is expected of a handler, and not of a view that everybody may run."""
    app.register_error_handler(NoTokenError, lambda error: ("", 302, {"Location": "/login"}))
    assert_policy(app, "GET", "/accounts/2", {anonymous: 302})

    with pytest.raises(AssertionError, match=r"the view would run \(write 200"):
        assert_policy(app, "GET", "/open", {anonymous: 302})


def test_the_request_may_have_more(app: Flask) -> None:
    @policy
    def is_office(access: AccessRequest) -> bool:
        from flask import request

        return request.headers.get("X-House") == "blue"

    app.post("/office", endpoint="office")(protect(is_office)(lambda: "in"))

    assert_policy(app, "POST", "/office", {"bob": 403})
    assert_policy(app, "POST", "/office", {"bob": 200}, headers={"X-House": "blue"}, json={})


def test_a_table_uses_no_token_up_and_leaves_the_csrf_value_out_on_demand() -> None:
    app = Flask("cookies")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_TOKEN_LOCATION=["cookies"])
    JWTManager(app)
    app.post("/once", endpoint="once")(protect(SingleUse())(lambda: "once"))

    assert_policy(app, "POST", "/once", {"bob": 200})
    assert_policy(app, "POST", "/once", {"bob": 403}, csrf=False)


def test_a_class_needs_no_route(users_app: Flask) -> None:
    args = {"user_id": 2}
    assert_policy(users_app, Account, RIGHT, view_args=args)
    late: list[tuple[Any, int]] = [
        (with_(BOB, fresh=False), 401),
        (with_(BOB, kind="refresh"), 401),
    ]
    assert_policy(users_app, Account, [*RIGHT, *late], method="delete", view_args=args)


def test_the_message_about_a_class_names_its_cells_too(app: Flask) -> None:
    with pytest.raises(AssertionError) as raised:
        assert_policy(app, Account, {"2": 403, "3": 403}, view_args={"user_id": 2})

    assert str(raised.value).startswith(
        "GET Account: 1 of 2 personas get another answer than expected\n\n"
        "'2': expected 403, found: the view would run\n    ALLOW:"
    )


def test_a_resource_is_loaded_or_given(app: Flask) -> None:
    assert_policy(app, OneNote, {"2": 200, "3": 403, anonymous: 401}, view_args={"note_id": 2})
    assert_policy(app, OneNote, {"2": 404}, view_args={"note_id": 0})
    assert_policy(app, OneNote, {"2": 410, anonymous: 401}, view_args={"note_id": 10})
    assert_policy(app, OneNote, {"2": 403, "7": 200}, resource=Note("7"))


def test_a_function_and_an_async_policy_need_no_route(app: Flask) -> None:
    @policy
    async def is_known(access: AccessRequest) -> bool:
        return access.token is not None and access.token.subject != "eve"

    assert_policy(app, protect(is_known)(lambda: ""), {"bob": 200, "eve": 403, anonymous: 401})
    assert_policy(app, public(lambda: ""), {"bob": 200, anonymous: 200})
    assert_policy(app, protect(OptionalToken())(lambda: ""), {anonymous: 200})
    opened = type("Opened", (ProtectedView,), {"policies": Public(), "get": Account.get})
    assert_policy(app, opened, {anonymous: 200})


def test_a_void_token_counts_before_a_lacking_role() -> None:
    """The application's own check has revoked it."""
    app, jwt = make_app()
    jwt.revocation_check(lambda token: token.subject == "gone")

    assert_policy(app, protect(HasRole("x"))(lambda: ""), {"gone": 401, "bob": 403})


def test_a_policy_that_raises_is_an_error_of_the_application(app: Flask) -> None:
    broken = policy(lambda access: 1 / 0)

    assert_policy(app, protect(broken)(lambda: ""), {"bob": 500})


def test_a_loader_s_error_is_answered_as_by_a_guard(app: Flask) -> None:
    class Broken(ProtectedView):
        policies = Owns("owner_id")

        def load_resource(self) -> Any:
            return "no owner"

        def get(self) -> str:
            return ""

    assert_policy(app, Broken, {"bob": 403})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        pytest.param(("GET", {}), TypeError, 'write assert_policy.app, "GET"', id="no path"),
        pytest.param(("GET", "/", {}, {}), TypeError, "write assert_policy", id="too many"),
        pytest.param((Account,), TypeError, "write assert_policy", id="no table"),
        pytest.param(("GET", "/", {}), ValueError, "the table is empty", id="empty"),
        pytest.param(("GET", "/", 3), TypeError, "a table is a mapping", id="no mapping"),
        pytest.param(("GET", "/", ["bob"]), TypeError, "a table is a mapping", id="no pairs"),
        pytest.param(("GET", "/", {"bob": "200"}), TypeError, "status of 'bob' is an", id="text"),
        pytest.param(("GET", "/", {"bob": True}), TypeError, "status of 'bob' is an", id="bool"),
        pytest.param(("GET", "/", {"bob": 20}), ValueError, "one of HTTP's", id="no status"),
        pytest.param((lambda: 1, {"b": 200}), PolicyDefinitionError, "no guard of its", id="bare"),
    ],
)
def test_a_call_that_means_nothing_is_an_error(
    app: Flask, arguments: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        assert_policy(app, *arguments)


class Twice(FlaskClient):
    """A client of an application's own that asks for something else before."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        super().open("/open")
        return super().open(*args, **kwargs)


def test_of_two_requests_nobody_knows_which_one_is_meant(app: Flask) -> None:
    app.test_client_class = Twice
    with pytest.raises(SetupError, match="sends GET /open, GET /accounts/2"):
        assert_policy(app, "GET", "/accounts/2", {anonymous: 200})


def test_a_value_of_the_url_that_is_not_there_is_an_error(app: Flask) -> None:
    """Everybody would be refused, so that a table of refusals would be right."""
    with pytest.raises(ValueError, match=r"GET Account: .* pass view_args=.'user_id': …"):
        assert_policy(app, Account, {"3": 403})
    assert_policy(app, Account, {"3": 403}, view_args={"user_id": 2})


def test_without_a_route_no_token_is_put_anywhere(app: Flask) -> None:
    bob = with_("2", place="query_string")
    with pytest.raises(ValueError, match=r"with_.'2', place='query_string'. has a place"):
        assert_policy(app, Account, {bob: 200}, view_args={"user_id": 2})
    assert_policy(app, "GET", "/accounts/2", {bob: 401, with_("2", place=None): 200})


def test_a_class_answers_head_by_get(app: Flask) -> None:
    table = {"2": 200, "3": 403}

    assert_policy(app, Account, table, method="HEAD", view_args={"user_id": 2})
    assert_policy(app, "HEAD", "/accounts/2", table)


def test_a_method_without_a_handler_is_an_error(app: Flask) -> None:
    with pytest.raises(ValueError, match="POST Account: Account handles DELETE, GET"):
        assert_policy(app, Account, {"bob": 200}, method="POST")


def test_a_user_whom_the_application_refuses_is_the_manager_s_own_error(app: Flask) -> None:
    with app.app_context(), pytest.raises(TypeError) as raised:
        current_manager.login(object())

    with pytest.raises(type(raised.value)):
        assert_policy(app, "GET", "/", {object(): 200})


def test_personas_print_as_they_were_written() -> None:
    shown = [anonymous, with_("bob"), with_(with_("bob", scope="a"), fresh=False)]

    assert list(map(repr, shown)) == [
        "anonymous",
        "'bob'",
        "with_('bob', scope='a', fresh=False)",
    ]


def test_a_long_persona_is_cut_where_everybody_sees_it() -> None:
    whole, cut = with_("a" * 58), with_("a" * 58 + "b", label="c" * 59)

    assert repr(whole) == f"'{'a' * 58}'"
    assert repr(cut) == f"with_('{'a' * 29} … {'a' * 28}b', label='{'c' * 29} … {'c' * 29}')"


def test_personas_that_look_alike_are_told_apart_by_their_place(app: Flask) -> None:
    one, other = ("2" * 40 + middle + "2" * 40 for middle in ("1", "3"))
    with pytest.raises(AssertionError) as raised:
        assert_policy(app, "GET", "/accounts/2", [("3", 200), (one, 200), (other, 200)])

    heads = [line for line in str(raised.value).splitlines() if "expected 200" in line]
    assert heads[0] == "'3': expected 200, found: 403"
    assert [f"number {number} of the table" in heads[number - 1] for number in (2, 3)] == [True] * 2


def test_nobody_has_no_credentials() -> None:
    with pytest.raises(TypeError, match="anonymous presents no token"):
        with_(anonymous, fresh=True)
