"""A client acts as somebody, with real tokens and real sessions."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from marshmallow import fields

from jwtpolicy import ClaimSchema, JWTManager, TokenKind, current_manager, current_token, protect
from jwtpolicy.exceptions import ConfigurationError, IssueError, RevokedTokenError, SetupError
from jwtpolicy.testing import act, anonymous, with_
from tests.support.acting import acting_app
from tests.support.applications import SECRET

PLACES = ["headers", "cookies", "query_string", "json"]


@dataclass
class User:
    """A user whom no hash tells apart."""

    id: str
    team: str = "red"


@pytest.fixture
def app() -> Flask:
    return acting_app()


def sessions_of(app: Flask, name: str) -> int:
    with app.app_context():
        return len(current_manager.sessions(name))


def test_a_returned_client_is_somebody_and_the_first_one_is_nobody(app: Flask) -> None:
    """There is something to test with (D18)."""
    client = act(app)
    bob = client.as_user("bob")

    assert (bob.get("/me").text, client.get("/me").status_code) == ("bob", 401)


def test_in_a_block_the_client_itself_is_somebody(app: Flask) -> None:
    client = act(app)
    with client.as_user("bob"):
        assert client.get("/me").text == "bob"

    assert client.get("/me").status_code == 401


def test_blocks_are_nested_and_each_ends_where_it_began(app: Flask) -> None:
    client, seen = act(app), []
    with client.as_user("bob"):
        with client.as_user("eve"):
            with client.anonymous():
                seen.append(client.get("/me").status_code)
            seen.append(client.get("/me").text)
        seen.append(client.get("/me").text)

    assert seen == [401, "eve", "bob"]


def test_a_block_ends_after_an_error_too(app: Flask) -> None:
    client = act(app)
    with pytest.raises(ZeroDivisionError), client.as_user("bob"):
        raise ZeroDivisionError

    assert client.get("/me").status_code == 401


def test_the_same_client_is_not_entered_twice(app: Flask) -> None:
    """Flask refuses it, and then the client is still who it was."""
    client = act(app)
    bob = client.as_user("bob")
    with bob:
        with pytest.raises(RuntimeError), bob:
            pass
        assert client.get("/me").text == "bob"

    assert client.get("/me").status_code == 401


def test_in_its_block_a_client_keeps_the_context_as_any_client_of_flask(app: Flask) -> None:
    with act(app).as_user("bob") as bob:
        bob.get("/me?page=2")
        assert request.args["page"] == "2"
        assert current_token.subject == "bob"
        bob.refresh()  # belongs to no request

    assert bob.get("/me").text == "bob"


@pytest.mark.parametrize("place", PLACES)
def test_the_token_stands_where_the_application_reads_it(place: str) -> None:
    client = act(acting_app(token_location=[place])).as_user("bob")

    assert [client.get("/me").text, client.post("/me").text] == ["bob", "bob"]


@pytest.mark.parametrize("place", PLACES)
def test_a_place_can_be_chosen(place: str) -> None:
    client = act(acting_app(token_location=PLACES)).as_user("bob", place=place)
    client.application.add_url_rule(
        "/place", "place", protect()(lambda: str(current_manager.current_transport))
    )

    assert client.get("/place").text == place


def test_where_cookies_and_headers_are_read_a_client_is_a_browser() -> None:
    """So that the refresh cookie, too, goes where it is wanted."""
    app = acting_app(token_location=["cookies", "headers"])
    view = protect(transports="headers")(lambda: str(current_manager.current_transport))
    app.add_url_rule("/header", "header", view)
    bob = act(app).as_user("bob")

    assert [bob.post("/me").text, bob.post("/auth/device").text] == ["bob", "bob"]
    assert bob.post("/me", csrf=False).status_code == 403
    assert bob.get("/header").text == "headers"


def test_an_endpoint_that_reads_elsewhere_is_sent_its_token_there(app: Flask) -> None:
    view = protect(transports="query_string")(lambda: str(current_manager.current_transport))
    app.add_url_rule("/download", "download", view)
    bob = act(app).as_user("bob")

    assert bob.get("/download?page=2").text == "query_string"
    assert bob.get("/me").text == "bob"


def test_the_login_is_a_real_session_of_the_store(app: Flask) -> None:
    bob = act(app).as_user("bob", label="telephone")
    with app.app_context():
        (session,) = current_manager.sessions("bob")
        current_manager.revoke_subject("bob")

    assert session.label == "telephone"
    assert bob.get("/me").status_code == 401


@pytest.mark.parametrize(
    ("path", "credentials"),
    [
        ("/transfers", {"fresh": False}),
        ("/reports", {"scope": "reports:write"}),
        ("/me", {"kind": "refresh"}),
        ("/downloads", {"kind": "access"}),
    ],
)
def test_what_was_asked_for_at_the_login_counts(
    app: Flask, path: str, credentials: dict[str, Any]
) -> None:
    accepted: dict[str, dict[str, Any]] = {
        "/transfers": {"fresh": True},
        "/reports": {"scope": "reports:read"},
        "/me": {},
        "/downloads": {"kind": "download", "expires_in": 60},
    }
    client = act(app)

    assert client.as_user("bob", **credentials).get(path).status_code in (401, 403)
    assert client.as_user("bob", **accepted[path]).get(path).text == "bob"


@pytest.mark.parametrize("place", PLACES)
def test_a_refresh_token_is_presented_where_one_is_wanted(place: str) -> None:
    bob = act(acting_app(token_location=[place])).as_user("bob", kind="refresh")

    assert bob.post("/auth/device").text == "bob"
    assert bob.post("/me").status_code == 401


def test_a_persona_is_somebody_too(app: Flask) -> None:
    client, remembered = act(app), with_("bob", fresh=False)

    assert client.as_user(remembered).get("/transfers").status_code == 401
    assert client.as_user(remembered, fresh=True).get("/transfers").text == "bob"
    assert client.as_user(anonymous).get("/me").status_code == 401


def test_claims_of_the_login_are_in_the_token(app: Flask) -> None:
    with act(app).as_user("bob", claims={"team": "red"}, amr=("otp",), acr="high") as bob:
        bob.get("/me")
        claims = {name: current_token.claims[name] for name in ("team", "amr", "acr")}

    assert claims == {"team": "red", "amr": ("otp",), "acr": "high"}


def test_users_of_a_schema_are_logged_in_by_it() -> None:
    app = Flask("schema")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    jwt: JWTManager[Any] = JWTManager(app)
    fields_ = {
        "sub": fields.String(attribute="id", required=True),
        "team": fields.String(required=True),
    }
    jwt.claims_for(User)(type("UserClaims", (ClaimSchema,), fields_))
    app.get("/team")(protect()(lambda: current_token.claims["team"]))

    assert act(app).as_user(User("7")).get("/team").text == "red"


def test_a_user_without_a_schema_is_the_manager_s_own_error(app: Flask) -> None:
    with app.app_context(), pytest.raises(TypeError) as raised:
        current_manager.login(User("7"))

    with pytest.raises(type(raised.value), match=str(raised.value)[:40]):
        act(app).as_user(User("7"))


def test_what_the_test_writes_itself_wins(app: Flask) -> None:
    bob = act(app).as_user("bob")

    assert bob.get("/me", headers={"Authorization": "Bearer x"}).status_code == 401
    assert bob.get("/me", headers={"Authorization": ""}).status_code == 401


def test_what_the_test_writes_into_url_and_body_wins() -> None:
    asked = act(acting_app(token_location=["query_string"])).as_user("bob")
    written = act(acting_app(token_location=["json"])).as_user("bob")

    assert asked.get("/me?jwt=x").status_code == 401
    assert written.post("/me", json={"access_token": "x"}).status_code == 401
    assert written.post("/me", json={"text": "x"}).text == "bob"


@pytest.mark.parametrize("body", [{"json": [1]}, {"data": {"a": "b"}}, {"data": "{", "mime": 1}])
def test_a_body_that_holds_no_token_is_an_error_that_says_so(body: dict[str, Any]) -> None:
    bob = act(acting_app(token_location=["json"])).as_user("bob")
    if body.pop("mime", None):
        body["content_type"] = "application/json"

    with pytest.raises(ValueError, match="json= has to be an object, for a token to stand in it"):
        bob.post("/me", **body)


def test_clients_of_one_application_do_not_disturb_each_other() -> None:
    app = acting_app(token_location=["cookies"])
    bob, eve = act(app).as_user("bob"), act(app).as_user("eve")
    for client, name in ((bob, "bob"), (eve, "eve"), (bob, "bob")):
        assert client.post("/me").text == name
    bob.log_out()

    assert (bob.get("/me").status_code, eve.get("/me").text) == (401, "eve")


@pytest.mark.parametrize("place", PLACES)
def test_refreshing_rotates_the_pair(place: str) -> None:
    app = acting_app(token_location=[place], refresh_grace=0)
    bob = act(app).as_user("bob")
    first, second = bob.refresh(), bob.refresh()

    assert bob.post("/me").text == "bob"
    assert first.session_id == second.session_id
    with app.app_context(), pytest.raises(RevokedTokenError):
        current_manager.refresh(str(first.refresh_token))


def test_a_client_in_a_block_is_refreshed_with_the_one_that_it_came_from(app: Flask) -> None:
    client = act(app)
    with client.as_user("bob") as bob:
        client.refresh()
        bob.refresh()
        assert [client.get("/me").text, bob.get("/me").text] == ["bob", "bob"]


@pytest.mark.parametrize("place", PLACES)
def test_logging_out_ends_the_session(place: str) -> None:
    app = acting_app(token_location=[place])
    bob, other = act(app).as_user("bob"), act(app).as_user("bob")
    bob.log_out()

    assert (bob.post("/me").status_code, other.post("/me").text) == (401, "bob")
    assert sessions_of(app, "bob") == 1


def test_logging_out_revokes_a_token_without_a_session(app: Flask) -> None:
    machine = act(app).as_user("robot", kind="download", expires_in=60)
    assert machine.get("/downloads").text == "robot"
    machine.log_out()

    assert machine.get("/downloads").status_code == 401


@pytest.mark.parametrize("verb", ["refresh", "log_out"])
def test_nobody_has_nothing_to_refresh_or_to_end(app: Flask, verb: str) -> None:
    with pytest.raises(SetupError, match="holds no token"):
        getattr(act(app), verb)()


def test_what_the_application_itself_has_put_into_cookies_is_used() -> None:
    app = acting_app(token_location=["cookies"])
    app.post("/login")(lambda: current_manager.login("bob").as_response())
    client = act(app)
    client.post("/login")
    assert client.post("/me").text == "bob"
    client.refresh()
    assert client.post("/me").text == "bob"
    client.log_out()

    assert client.post("/me").status_code == 401
    assert sessions_of(app, "bob") == 0


def test_cookies_that_are_no_tokens_are_left_alone() -> None:
    client = act(acting_app(token_location=["cookies"])).as_user("bob")
    client.set_cookie("__Host-access_token", "no token")

    assert client.post("/me").status_code == 401
    client.log_out()
    assert sessions_of(client.application, "bob") == 0


def test_a_client_without_cookies_uses_what_is_left(app: Flask) -> None:
    client = act(app, use_cookies=False)

    assert client.as_user("bob").get("/me").text == "bob"
    with pytest.raises(SetupError, match="holds no token"):
        client.log_out()


def test_a_client_without_cookies_is_nobody_s_where_nothing_else_is_read() -> None:
    mixed = act(acting_app(token_location=["cookies", "headers"]), use_cookies=False)
    mixed.application.get("/page")(protect(transports="cookies")(lambda: "page"))
    bob = mixed.as_user("bob")
    assert bob.post("/me").text == "bob"

    for refused in (lambda: bob.get("/page"), lambda: mixed.as_user("bob", place="cookies")):
        with pytest.raises(SetupError, match="this client keeps no cookies"):
            refused()
    assert mixed.anonymous().get("/page").status_code == 401


HOSTS: dict[str, dict[str, Any]] = {
    "base_url": {"base_url": "https://shop.example"},
    "subdomain": {"subdomain": "api"},
    "address": {"path": "https://shop.example:8443/me"},
}


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_a_user_has_logged_in_at_the_host_that_is_asked_first(host: dict[str, Any]) -> None:
    app = acting_app(token_location=["cookies"])
    asked = {"path": "/me", **host}
    bob = act(app).as_user("bob")
    assert [bob.post(**asked).text, bob.post(**asked).text] == ["bob", "bob"]
    bob.refresh()
    assert bob.post(**asked).text == "bob"

    with pytest.raises(SetupError, match=r"does not go to the host other\.example"):
        bob.get("/me", base_url="https://other.example")
    assert bob.get("/", base_url="https://other.example").status_code == 404


def test_a_move_to_another_host_makes_no_cookie_last_longer() -> None:
    app = acting_app(token_location=["cookies"])
    bob = act(app).as_user("bob")
    bob.set_cookie("theme", "dark")
    bob.wait(15 * 60)
    answer = bob.get("/me", base_url="https://shop.example")

    assert answer.json["error"] == "token_required"
    assert bob.get_cookie("theme") is not None


@pytest.mark.parametrize("domain", ["shop.example", ".shop.example"])
def test_cookies_of_a_domain_go_to_its_hosts_and_no_other(domain: str) -> None:
    app = acting_app(token_location=["cookies"], cookie_domain=domain)
    bob = act(app).as_user("bob")
    for host in ("shop.example", "api.shop.example"):
        assert bob.post("/me", base_url=f"https://{host}").text == "bob"

    with pytest.raises(SetupError, match="does not go to the host localhost"):
        act(app).as_user("bob").get("/me")


def test_what_the_test_has_set_in_context_variables_is_there_at_a_login() -> None:
    tenant: ContextVar[str] = ContextVar("tenant")
    app = Flask("tenants")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    jwt: JWTManager[Any] = JWTManager(app)
    jwt.extra_claims(lambda subject, claims: {"tenant": tenant.get()})
    app.get("/me")(protect()(lambda: current_token.claims["tenant"]))
    tenant.set("acme")

    with act(app).as_user("bob") as bob:
        bob.get("/me")
        assert bob.as_user("bob").get("/me").text == "acme"


def test_the_first_client_keeps_the_context_too(app: Flask) -> None:
    with act(app) as client:
        client.get("/me?page=2")
        assert request.args["page"] == "2"


class House(FlaskClient):
    """A client of an application's own, which says in which house it is."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("headers", {})["X-House"] = "blue"
        return super().open(*args, **kwargs)


def test_the_application_s_own_client_is_inherited(app: Flask) -> None:
    app.test_client_class = House
    app.add_url_rule("/house", "house", protect()(lambda: request.headers["X-House"]))
    client = act(app)

    assert isinstance(client, House)
    assert client.as_user("bob").get("/house").text == "blue"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param({"place": "pocket"}, ValueError, id="no place"),
        pytest.param({"place": 3}, TypeError, id="neither a name nor a function"),
        pytest.param({"scopes": "a"}, TypeError, id="no argument"),
    ],
)
def test_arguments_that_mean_nothing_are_errors(
    app: Flask, arguments: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"place|scopes is no argument here; there are acr, amr"):
        act(app).as_user("bob", **arguments)


@pytest.mark.parametrize(
    ("argument", "place"),
    [
        ({"place": "headers"}, r"client.as_user\(user, place=…\)"),
        ({"scope": "a"}, r"client.as_user\(user, scope=…\)"),
        ({"user": "eve"}, r"client.as_user\(user\)"),
        ({"token": "a.b.c"}, "headers={'Authorization'"),
    ],
    ids=lambda value: min(value) if isinstance(value, dict) else "",
)
def test_who_asks_is_no_part_of_a_request(app: Flask, argument: dict[str, Any], place: str) -> None:
    bob = act(app).as_user("bob")

    with pytest.raises(TypeError, match=f"is no part of a request; write {place}"):
        bob.explain("GET", "/me", **argument)
    with pytest.raises(TypeError, match=f"is no part of a request; write {place}"):
        bob.get("/me", **argument)
    assert bob.explain("GET", "/me", query_string={"place": "sea"})


@pytest.mark.parametrize("app", [Flask("bare"), "app"], ids=["no manager", "no application"])
def test_what_cannot_be_acted_in_is_refused(app: Any) -> None:
    with pytest.raises((SetupError, TypeError), match=r"no JWTManager|takes a Flask app"):
        act(app)


def test_a_token_that_fits_no_cookie_is_the_manager_s_own_error() -> None:
    app = acting_app(token_location=["cookies"])

    with pytest.raises(IssueError, match="have no cookie"):
        act(app).as_user("bob", kind="download", expires_in=60)
    both = acting_app(token_location=["cookies", "headers"])
    both.get("/cookie")(protect(TokenKind("download"), transports="cookies")(lambda: ""))
    bob = act(both).as_user("bob", kind="download", expires_in=60)
    assert bob.get("/downloads").text == "bob"
    assert bob.get("/cookie").status_code == 401


def test_redirects_are_followed_as_the_same_user() -> None:
    app = acting_app(token_location=["query_string"])
    app.get("/home")(lambda: ("", 302, {"Location": "/me?a=b"}))

    assert act(app).as_user("bob").get("/home", follow_redirects=True).text == "bob"


@pytest.mark.skipif("TRUSTED_HOSTS" not in Flask.default_config, reason="Flask 3.0 has none")
def test_a_host_that_the_application_does_not_trust_is_its_own_answer(app: Flask) -> None:
    app.config["TRUSTED_HOSTS"] = ["example.org"]
    bob = act(app).as_user("bob")

    assert bob.get("/me").status_code == 400
    assert bob.get("/me", base_url="http://example.org").text == "bob"


def test_an_application_that_is_set_up_wrongly_says_so_itself(app: Flask) -> None:
    bob = act(app).as_user("bob")
    app.config["JWT_REALM"] = "late"

    with pytest.raises(ConfigurationError, match="JWT_REALM changed"):
        bob.get("/me")
