"""The correctness items of the survey (C1 to C23), natively: nothing a client sends is a 500."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt as pyjwt
import pytest
from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException

from jwtpolicy import (
    ANY,
    Access,
    Fresh,
    OptionalToken,
    ProtectedView,
    Refresh,
    current_token,
    current_user,
    protect,
)
from jwtpolicy.exceptions import (
    AccessError,
    ConfigurationError,
    ExpiredTokenError,
    NoTokenError,
    PolicyDefinitionError,
)
from jwtpolicy.stores import MemoryStore
from tests.support.forgeries import CLAIMS, HEADER, signed
from tests.support.requests import bearer

EVERYWHERE = ["headers", "cookies", "query_string", "json"]


@pytest.mark.parametrize("value", ["csrf", "é", "\udcff", "\x00"])
def test_a_csrf_value_of_any_characters_is_only_wrong(make_site: Any, value: str) -> None:
    """C2, ALG-7."""
    app, jwt = make_site(token_location="cookies")
    app.post("/", endpoint="view")(protect()(lambda: "in"))
    with app.app_context():
        token = jwt.issue("u1")
        right = str(jwt.verify(token).csrf)
    client = app.test_client()
    client.set_cookie("__Host-access_token", token)

    assert client.post("/", environ_overrides={"HTTP_X_CSRF_TOKEN": value}).status_code == 403
    assert client.post("/", headers={"X-CSRF-TOKEN": right}).status_code == 200


@pytest.mark.parametrize("csrf", [3, None, "", True, ["x"]])
def test_a_csrf_claim_of_another_type_is_a_bad_token(make_site: Any, csrf: Any) -> None:
    """C2, CSRF-3."""
    app, _ = make_site(token_location="cookies")
    app.post("/", endpoint="view")(protect()(lambda: "in"))
    client = app.test_client()
    client.set_cookie("__Host-access_token", signed(HEADER, {**CLAIMS, "csrf": csrf}))
    assert client.post("/", headers={"X-CSRF-TOKEN": "x"}).status_code == 401

    client.set_cookie("__Host-access_token", signed(HEADER, {**CLAIMS, "csrf": "x"}))
    assert client.post("/", headers={"X-CSRF-TOKEN": "x"}).status_code == 200


@pytest.mark.parametrize("value", [", , Bearer x", "Bearer ,,0", ",", "Bearer , a.b.c", "\xff"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_list_of_credentials_is_a_bad_request(make_site: Any, value: str, method: str) -> None:
    """C3, HTTP-3."""
    app, _ = make_site()
    app.add_url_rule("/", "view", protect(OptionalToken())(lambda: "in"), methods=["GET", "POST"])
    client = app.test_client()

    environ = {"HTTP_AUTHORIZATION": value}
    assert client.open("/", method=method, environ_overrides=environ).status_code == 400
    assert client.open("/", method=method).status_code == 200


@pytest.mark.parametrize("kid", ["unknown", "", 3, None, ["k"], "k" * 300, "../../etc/passwd"])
def test_an_unknown_key_is_a_bad_token(make_site: Any, kid: Any) -> None:
    """C5, PARSE-8."""
    app, _ = make_site()
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    client = app.test_client()

    assert client.get("/", headers=bearer(signed({**HEADER, "kid": kid}))).status_code == 401
    assert client.get("/", headers=bearer(signed())).status_code == 200


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset])
def test_places_may_be_any_collection(make_site: Any, kind: Callable[..., Any]) -> None:
    """C6: with and without a token in the request."""
    app, jwt = make_site(token_location=kind(EVERYWHERE))
    guard = protect(transports=kind(["headers", "json"]))
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    app.add_url_rule("/own", "own", guard(lambda: "in"))
    with app.app_context():
        headers = bearer(jwt.issue("u1"))
    client = app.test_client()

    for path in ("/", "/own"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize("fresh", ["true", None, [], {}, "9999999999", [True]])
def test_a_freshness_of_another_type_is_a_bad_token(make_site: Any, fresh: Any) -> None:
    """C7, CLAIM-8."""
    app, _ = make_site()
    app.add_url_rule("/", "view", protect(Fresh())(lambda: "in"))
    client = app.test_client()
    headers = [bearer(signed(HEADER, {**CLAIMS, "fresh": value})) for value in (fresh, True)]

    assert client.get("/", headers=headers[0]).status_code == 401
    assert client.get("/", headers=headers[1]).status_code == 200


@pytest.mark.parametrize(
    "error", [pyjwt.ExpiredSignatureError, pyjwt.DecodeError, pyjwt.InvalidTokenError]
)
def test_errors_of_the_views_own_tokens_are_not_ours(make_app: Any, error: type[Exception]) -> None:
    """C8: the application answers for what it does with PyJWT itself."""
    app, _ = make_app()

    @app.get("/")
    def view() -> str:
        raise error

    @app.errorhandler(error)
    def own(error: Exception) -> Any:
        return "its own answer", 418

    assert app.test_client().get("/").status_code == 418
    assert not any(
        issubclass(handled, pyjwt.PyJWTError)
        for handlers in make_app()[0].error_handler_spec[None].values()
        for handled in handlers
    )


def test_asking_who_it_is_in_an_answer_to_options_is_no_error(make_site: Any) -> None:
    """C10."""
    app, _ = make_site()
    app.add_url_rule("/", "view", protect()(lambda: "in"))

    @app.after_request
    def after(response: Response) -> Response:
        response.headers["X-Who"] = f"[{current_token or ''}{current_user or ''}]"
        return response

    answer = app.test_client().options("/")
    assert (answer.status_code, answer.headers["X-Who"]) == (200, "[]")


@pytest.mark.parametrize(
    ("handled", "answer"),
    [
        pytest.param(Exception, '{"error": "invalid_token"', id="Exception is no refusal's"),
        pytest.param(HTTPException, "swallowed", id="HTTPException"),
    ],
)
def test_a_blueprint_that_handles_everything_comes_after_the_class(
    make_site: Any, handled: type[Exception], answer: str
) -> None:
    """C12: Flask looks by the status first, which the classes have and `Exception` has not."""
    app, _ = make_site()
    shop = Blueprint("shop", __name__)
    shop.add_url_rule("/", "view", protect()(lambda: "in"))
    shop.register_error_handler(handled, lambda error: ("swallowed", 500))
    app.register_blueprint(shop)
    app.register_error_handler(NoTokenError, lambda error: error.response)
    client = app.test_client()

    assert client.get("/").headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert client.get("/", headers=bearer("x")).text.startswith(answer)


@pytest.mark.parametrize("handled", [Exception, HTTPException])
def test_a_handler_of_everything_has_a_whole_answer_at_hand(
    make_site: Any, handled: type[Exception]
) -> None:
    """C12: refusals are HTTP errors, which such a handler passes on as they are."""
    app, _ = make_site()
    shop = Blueprint("shop", __name__)
    shop.add_url_rule("/", "view", protect()(lambda: "in"))

    @shop.errorhandler(handled)
    def anything(error: Exception) -> Any:
        return error if isinstance(error, HTTPException) else ("broken", 500)

    app.register_blueprint(shop)
    answer = app.test_client().get("/")
    assert (answer.status_code, answer.json["error"]) == (401, "token_required")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_one_error_can_have_another_answer_in_one_blueprint(make_app: Any, clock: Any) -> None:
    """C12, D1: by Flask's own ``errorhandler``, the nearest class first."""
    app, jwt = make_app()
    shop, office = Blueprint("shop", __name__), Blueprint("office", __name__, url_prefix="/office")
    for blueprint in (shop, office):
        blueprint.add_url_rule("/", "view", protect()(lambda: "in"))
    shop.register_error_handler(ExpiredTokenError, lambda error: ("log in again", error.code))
    shop.register_error_handler(AccessError, lambda error: (error.error, error.code))
    app.register_blueprint(shop)
    app.register_blueprint(office)
    with app.app_context():
        headers = bearer(jwt.issue("u1"))
    clock.advance(1000)
    client = app.test_client()

    assert client.get("/", headers=headers).text == "log in again"
    assert client.get("/").text == "token_required"
    assert client.get("/office/", headers=headers).json["error"] == "invalid_token"


def test_an_expired_or_unripe_token_can_still_be_dealt_with(make_app: Any, clock: Any) -> None:
    """C14: nothing is verified that the task does not ask for."""
    app, jwt = make_app(token_location=["headers", "cookies"], refresh_cookie_path="/auth")
    with app.app_context():
        old = jwt.login("u1")
        foreign = jwt.issue("u1", audience="another")
    clock.advance(40 * 86_400)
    response = Response()
    with app.app_context():
        jwt.revoke(old.access_token)
        jwt.revoke(str(old.refresh_token))
        jwt.set_cookies(response, old)
        jwt.set_cookies(response, foreign)
        found = jwt.verify(old.access_token, kind=ANY, allow_expired=True).token_id

    assert found
    assert len(response.headers.getlist("Set-Cookie")) == 6


def test_a_token_of_before_there_was_a_csrf_value_goes_into_a_cookie(make_app: Any) -> None:
    """C14: without the second cookie; it lets in where no value is asked for, and nowhere else."""
    app, jwt = make_app()
    with app.app_context():
        bare = jwt.issue("u1")
    app, jwt = make_app(token_location="cookies")
    response = Response()
    with app.app_context():
        jwt.set_cookies(response, bare)

    (cookie,) = response.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-access_token=")


def test_each_token_goes_into_the_cookie_of_its_kind(make_app: Any) -> None:
    """C14: the token says which that is, so that nobody can put it into the other's."""
    app, jwt = make_app(token_location="cookies", refresh_cookie_path="/auth")
    response = Response()
    with app.app_context():
        pair = jwt.login("u1")
        jwt.set_cookies(response, str(pair.refresh_token))

    names = [cookie.partition("=")[0] for cookie in response.headers.getlist("Set-Cookie")]
    assert names == ["__Secure-refresh_token", "__Host-csrf_refresh"]


BROKEN: list[Any] = [
    pytest.param({"secret_key": None}, id="no key"),
    pytest.param({"token_location": "body"}, id="no such place"),
    pytest.param({"token_location": []}, id="no place"),
    pytest.param({"access_token_expires": "15"}, id="a lifetime as text"),
    pytest.param({"header_name": ""}, id="no header"),
    pytest.param({"json_key": None, "query_string_name": ""}, id="no parameter"),
    pytest.param({"cookie_samesite": "lax; Secure"}, id="more than one attribute"),
]


@pytest.mark.parametrize("settings", BROKEN)
def test_a_setting_that_cannot_work_fails_at_the_start(make_app: Any, settings: Any) -> None:
    """C17: and the error names the setting that exists."""
    names = "|".join(f"JWT_{name.upper()}" for name in settings)
    with pytest.raises(ConfigurationError, match=names):
        make_app(**settings)

    assert make_app()


def test_a_decorator_without_parentheses_guards(app: Flask, access: Any) -> None:
    """C18."""

    @app.get("/")
    @protect
    def view() -> str:
        return "in"

    client = app.test_client()
    assert client.get("/").status_code == 401
    assert client.get("/", headers=access()).text == "in"


def test_a_decorator_on_a_class_says_what_to_write() -> None:
    """C18."""

    class View(ProtectedView):
        def get(self) -> str:
            return "in"

    for decorate in (protect, protect()):
        with pytest.raises(PolicyDefinitionError):
            decorate(View)  # type: ignore[operator] # the mistake
    with pytest.raises(PolicyDefinitionError, match="inherit from ProtectedView"):
        protect()(View)


@pytest.mark.parametrize("rule", [Fresh() & Refresh(), Access() & Refresh()])
def test_what_no_token_could_pass_fails_where_it_is_written(rule: Any) -> None:
    """C19."""
    with pytest.raises(PolicyDefinitionError, match="no token can pass"):
        protect(rule)

    assert callable(protect(Fresh() | Refresh()))


def test_a_stale_cookie_is_in_nobodys_way(make_app: Any, clock: Any) -> None:
    """C20: not beside a header, and not on a page that overlooks it; on others it is a 401."""
    app, jwt = make_app(token_location=["cookies", "headers"])
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    app.add_url_rule("/any", "any", protect(OptionalToken(ignore_invalid=True))(lambda: "in"))
    app.add_url_rule("/strict", "strict", protect(OptionalToken())(lambda: "in"))
    with app.app_context():
        stale = jwt.issue("u1")
        clock.advance(1000)
        headers = bearer(jwt.issue("u1"))
    client = app.test_client()
    client.set_cookie("__Host-access_token", stale)

    assert client.get("/", headers=headers).status_code == 200
    assert client.get("/any").status_code == 200
    assert client.get("/strict").status_code == 401


def test_two_tokens_are_never_taken_for_none(make_app: Any) -> None:
    """C21, HTTP-5: on an optional page the caller would be somebody else."""
    app, jwt = make_app()
    app.add_url_rule("/", "view", protect(OptionalToken(ignore_invalid=True))(lambda: "in"))
    with app.app_context():
        token = jwt.issue("u1")
    two = {"Authorization": f"Bearer {token}, Bearer {token}"}

    assert app.test_client().get("/", headers=two).status_code == 400
    assert app.test_client().get("/", headers=bearer(token)).status_code == 200


class CountingStore(MemoryStore):
    """Counts how often it is asked whether a token stands."""

    asked = 0

    def standing(self, *args: Any, **kwargs: Any) -> Any:
        type(self).asked += 1
        return super().standing(*args, **kwargs)


def test_a_request_asks_everything_once(make_app: Any) -> None:
    """C23: a hook, a blueprint, two guards and a view; one look-up, one user."""
    CountingStore.asked = 0
    app, jwt = make_app(manager={"store": CountingStore()})
    users: list[str] = []
    jwt.user_loader(lambda token: users.append(token.subject) or "Ada")
    shop = Blueprint("shop", __name__)
    shop.add_url_rule("/", "view", protect()(protect(Access())(lambda: f"{current_user}")))
    jwt.protect_blueprint(shop, Access())
    app.before_request(lambda: jwt.enforce(Access()))
    app.register_blueprint(shop)
    with app.app_context():
        headers = bearer(jwt.issue("u1"))

    assert app.test_client().get("/", headers=headers).text == "Ada"
    assert (CountingStore.asked, users) == (1, ["u1"])


def test_the_accepted_twins_get_in_everywhere(make_site: Any) -> None:
    """C1 to C7: one good token, in each of the places that were abused above."""
    app, jwt = make_site(token_location=EVERYWHERE)
    app.add_url_rule("/", "view", protect()(lambda: request.method), methods=["GET", "POST"])
    with app.app_context():
        token = jwt.issue("u1", fresh=True)
    client = app.test_client()
    assert client.get("/", headers=bearer(token)).status_code == 200
    assert client.get("/", query_string={"jwt": token}).status_code == 200
    assert client.post("/", json={"access_token": token}).status_code == 200

    client.set_cookie("__Host-access_token", token)
    assert client.get("/").status_code == 200
