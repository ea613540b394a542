"""What a refused client is told."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask import Blueprint

from jwtpolicy import AccessRequest, Fresh, HasRole, HasScope, Outcome, policy, protect
from jwtpolicy.exceptions import (
    AccessDeniedError,
    AccessError,
    ChallengeError,
    ExpiredTokenError,
    InsufficientScopeError,
    InvalidTokenError,
    StepUpRequiredError,
    quoted,
)
from tests.support.requests import bearer

ERRORS = {
    "no token": (401, "token_required", 'Bearer realm="api"'),
    "invalid": (
        401,
        "invalid_token",
        'Bearer realm="api", error="invalid_token", error_description="The token is invalid."',
    ),
    "two tokens": (
        400,
        "invalid_request",
        'Bearer realm="api", error="invalid_request", '
        'error_description="The request\'s credentials are malformed."',
    ),
    "stale": (
        401,
        "insufficient_user_authentication",
        'Bearer realm="api", error="insufficient_user_authentication", '
        'error_description="A more recent or stronger authentication is required.", '
        'max_age="60", acr_values="gold"',
    ),
    "scope": (
        403,
        "insufficient_scope",
        'Bearer realm="api", error="insufficient_scope", '
        'error_description="The token\'s scope is not sufficient.", scope="a b"',
    ),
    "role": (403, "access_denied", None),
    "missing claim": (403, "access_denied", None),
    "not found": (404, "not_found", None),
    "too often": (429, "rate_limited", None),
    "broken": (500, "server_error", None),
}


@policy
def hidden(access: Any) -> Any:
    return access.deny("not for you", Outcome.NOT_FOUND)


@policy
def limited(access: Any) -> Any:
    return access.deny("slow down", Outcome.RATE_LIMITED, retry_after=7)


@policy
def broken(access: Any) -> Any:
    return None


LEVELS = {
    "no token": HasRole("admin"),
    "invalid": HasRole("admin"),
    "two tokens": HasRole("admin"),
    "stale": Fresh(within=60, acr="gold"),
    "scope": HasScope("a") & HasScope("b"),
    "role": HasRole("admin"),
    "missing claim": HasRole("admin"),
    "not found": hidden,
    "too often": limited,
    "broken": broken,
}


@pytest.mark.parametrize("case", ERRORS)
def test_a_refusal_says(app: Any, access: Any, case: str) -> None:
    """HTTP-1, HTTP-2, STEP-1."""
    app.add_url_rule("/", view_func=protect(LEVELS[case])(lambda: "in"), endpoint="view")
    headers = access(scope="a", claims={} if case == "missing claim" else {"roles": []})
    if case == "no token":
        headers = {}
    if case == "invalid":
        headers = bearer("a.b.c")
    if case == "two tokens":
        headers = {"Authorization": "Bearer a.b.c, Bearer a.b.c"}

    answer = app.test_client().get("/", headers=headers)

    status, error, challenge = ERRORS[case]
    assert (answer.status_code, answer.json["error"]) == (status, error)
    assert answer.headers.get("WWW-Authenticate") == challenge
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers.get("Retry-After") == ("7" if case == "too often" else None)


def test_the_twin_of_every_refusal_gets_in(app: Any, access: Any) -> None:
    level = HasRole("admin") & HasScope("a") & HasScope("b")
    app.add_url_rule("/", view_func=protect(level)(lambda: "in"), endpoint="view")

    headers = access(scope="a b", claims={"roles": ["admin"]})
    assert app.test_client().get("/", headers=headers).text == "in"


MALFORMED = [
    pytest.param("Bearer", id="a scheme without a token"),
    pytest.param("Bearer ", id="and a space"),
    pytest.param("Bearer a b", id="two words"),
    pytest.param("Bearer a,", id="a comma"),
    pytest.param("Bearer a, Bearer b", id="two tokens"),
    pytest.param("Basic YTpi, Bearer a.b.c", id="ours in a list"),
    pytest.param("Basic YTpi,bearer", id="our scheme in a list"),
    pytest.param("Bearer\ta.b.c", id="a tab"),
    pytest.param("Bearer\x0ba.b.c", id="a vertical tab"),
    pytest.param("Bearer\xa0a.b.c", id="a no-break space"),
    pytest.param("Bearer\x1ca.b.c", id="a file separator"),
    pytest.param("Bearer a.b.c\x00", id="a NUL"),
    pytest.param('Bearer "a.b.c"', id="quotes"),
    pytest.param("Bearer a.b.c;x=y", id="parameters"),
    pytest.param("Bearer a.ü.c", id="not ASCII"),
    pytest.param("=x a.b.c", id="no scheme"),
    pytest.param("Bearer " + "," * 1_000_000, id="a megabyte of commas"),
    pytest.param("Bearer" + " " * 1_000_000, id="a megabyte of spaces"),
    pytest.param("Basic " + "," * 1_000_000 + "Bearer a", id="ours after a megabyte of commas"),
    pytest.param("Basic " + ", " * 500_000 + "Bearer", id="and of commas and spaces"),
]


@pytest.mark.parametrize("value", MALFORMED)
def test_a_malformed_header_is_a_bad_request(app: Any, value: str) -> None:
    """HTTP-3."""
    app.add_url_rule("/", view_func=protect()(lambda: "in"), endpoint="view")

    environ = {"HTTP_AUTHORIZATION": value}
    answer = app.test_client().get("/", environ_overrides=environ)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer   "])
def test_the_scheme_may_be_written_in_any_case(app: Any, access: Any, scheme: str) -> None:
    """HTTP-3, C21."""
    app.add_url_rule("/", view_func=protect()(lambda: "in"), endpoint="view")
    encoded = access()["Authorization"].removeprefix("Bearer ")

    headers = {"Authorization": f"{scheme} {encoded}"}
    assert app.test_client().get("/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "value",
    [
        "Basic YTpi",
        "Digest username=x, realm=y",
        "Negotiate",
        "Bearers a.b.c",
        pytest.param("Basic " + "," * 1_000_000, id="a megabyte of commas"),
    ],
)
def test_credentials_of_another_scheme_are_no_token(app: Any, value: str) -> None:
    app.add_url_rule("/", view_func=protect()(lambda: "in"), endpoint="view")

    answer = app.test_client().get("/", headers={"Authorization": value})
    assert answer.json["error"] == "token_required"


@pytest.mark.parametrize(
    ("settings", "header", "form"),
    [
        pytest.param({"header_name": "X-Token"}, "X-Token", "Bearer {}", id="another header"),
        pytest.param({"header_type": "JWT"}, "Authorization", "jwt {}", id="another scheme"),
        pytest.param({"header_type": None}, "Authorization", "{}", id="no scheme"),
    ],
)
def test_the_header_can_be_called_otherwise(
    make_app: Any, settings: Any, header: str, form: str
) -> None:
    app, jwt = make_app(**settings)
    app.add_url_rule("/", view_func=protect()(lambda: "in"), endpoint="view")
    with app.app_context():
        encoded = jwt.issue("u1")
    client = app.test_client()

    assert client.get("/", headers={header: form.format(encoded)}).status_code == 200
    assert client.get("/", headers={header: form.format("a b")}).status_code == 400
    assert client.get("/").status_code == 401


def test_a_challenge_names_the_realm_and_the_metadata(make_app: Any) -> None:
    url = "https://shop.example/.well-known/oauth-protected-resource"
    app, _ = make_app(realm="shop", resource_metadata=url)
    app.add_url_rule("/", view_func=protect()(lambda: "in"), endpoint="view")

    challenge = app.test_client().get("/").headers["WWW-Authenticate"]
    assert challenge == f'Bearer realm="shop", resource_metadata="{url}"'


def test_an_application_can_answer_one_error_differently(app: Any, access: Any, clock: Any) -> None:
    app.add_url_rule("/", view_func=protect()(lambda: "in"), endpoint="view")

    @app.errorhandler(ExpiredTokenError)
    def expired(error: ExpiredTokenError) -> Any:
        return {"again": error.error}, 401, error.headers

    headers = access()
    assert app.test_client().get("/", headers=headers).text == "in"
    clock.advance(901)
    answer = app.test_client().get("/", headers=headers)
    assert answer.json == {"again": "invalid_token"}
    assert "WWW-Authenticate" in answer.headers


def test_a_blueprint_can_answer_all_errors_differently(app: Any) -> None:
    shop = Blueprint("shop", __name__, url_prefix="/shop")
    shop.add_url_rule("/", view_func=protect()(lambda: "in"), endpoint="view")
    app.add_url_rule("/", view_func=protect()(lambda: "in"), endpoint="view")

    @shop.errorhandler(AccessError)
    def refused(error: AccessError) -> Any:
        return error.name, error.code

    app.register_blueprint(shop)
    assert app.test_client().get("/shop/").text == "Unauthorized"
    assert app.test_client().get("/").json["error"] == "token_required"


def test_a_refusal_carries_its_decision(app: Any, access: Any) -> None:
    app.add_url_rule("/", view_func=protect(HasRole("admin"))(lambda: "in"), endpoint="view")
    seen: list[Any] = []

    @app.errorhandler(AccessDeniedError)
    def denied(error: AccessDeniedError) -> Any:
        seen.append(error.decision)
        return "", 403

    app.test_client().get("/", headers=access(claims={"roles": []}))
    assert "FORBIDDEN: HasRole('admin')" in seen[0].explain()


def test_the_log_says_why_and_shows_no_token(
    app: Any, access: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """KEY-8."""
    app.add_url_rule("/", view_func=protect(HasRole("admin"))(lambda: "in"), endpoint="view")
    headers = access(claims={"roles": []})
    with caplog.at_level(logging.INFO, "jwtpolicy"):
        app.test_client().get("/", headers=headers)

    assert "GET view: 403 access_denied: role admin is not held; the token has none" in caplog.text
    assert "(jti='" in caplog.text
    assert headers["Authorization"].rpartition(".")[2] not in caplog.text


def test_a_broken_predicate_is_logged_with_its_name(
    app: Any, access: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """HTTP-11."""

    @policy
    def explodes(access: Any) -> bool:
        raise ZeroDivisionError("secret detail")

    app.add_url_rule("/", view_func=protect(explodes)(lambda: "in"), endpoint="view")
    answer = app.test_client().get("/", headers=access())

    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "the policy explodes raised ZeroDivisionError" in caplog.text


def test_a_value_that_breaks_a_challenge_is_refused() -> None:
    """HTTP-2."""
    assert quoted("realm", "shop floor") == 'realm="shop floor"'
    for value in ('a"b', "a\\b", "a\nb", "ä"):
        with pytest.raises(ChallengeError):
            quoted("realm", value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("Please log in.", ', error_description="Please log in."', id="ASCII"),
        pytest.param("Das Token ist ungültig.", "", id="another language"),
    ],
)
def test_a_text_that_a_handler_sets_is_in_the_body_and_in_the_challenge_if_it_can_be(
    app: Any, text: str, told: str
) -> None:
    @app.errorhandler(InvalidTokenError)
    def translated(error: Any) -> Any:
        error.description = text
        return error

    app.add_url_rule("/", view_func=protect()(lambda: "in"), endpoint="view")
    answer = app.test_client().get("/", headers=bearer("no.token.here"))

    assert (answer.status_code, answer.json["error_description"]) == (401, text)
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="api", error="invalid_token"{told}'


def test_an_error_is_an_http_exception_in_every_way() -> None:
    error = InvalidTokenError("for the log")

    assert error.get_response().get_json() == error.body
    assert (
        error.get_body()
        == '{"error": "invalid_token", "error_description": "The token is invalid."}'
    )
    assert dict(error.get_headers())["WWW-Authenticate"] == error.challenge
    assert str(error) == "401 invalid_token: for the log"


def test_the_reason_is_that_of_the_decision_unless_another_is_said() -> None:
    decision = HasRole("admin").evaluate(AccessRequest())
    error = AccessDeniedError(decision=decision)
    assert error.reason == "no token was sent"
    error.reason = "it is night"
    assert str(error) == "403 access_denied: it is night"


#: Refusals whose reasons say much.
TALKATIVE = {
    "roles": (HasRole("admin"), 403, AccessDeniedError, None),
    "scopes": (HasScope("a:b"), 403, InsufficientScopeError, 'scope="a:b"'),
    "age": (Fresh(within=300), 401, StepUpRequiredError, 'max_age="300"'),
    "class": (Fresh(acr="mfa"), 401, StepUpRequiredError, 'acr_values="mfa"'),
}


@pytest.mark.parametrize("case", TALKATIVE)
def test_clients_are_told_what_would_help_and_no_reason(app: Any, access: Any, case: str) -> None:
    level, status, cls, asked = TALKATIVE[case]
    app.add_url_rule("/", "view", protect(level)(lambda: "in"))
    held = {"roles": ["author"], "tenant": "acme-secret"}
    answer = app.test_client().get("/", headers=access(claims=held, scope="read"))

    assert answer.status_code == status
    assert answer.json == {"error": cls.error, "error_description": cls.description}
    challenge = None
    if asked is not None:
        told = f'error="{cls.error}", error_description="{cls.description}"'
        challenge = f'Bearer realm="api", {told}, {asked}'
    assert answer.headers.get("WWW-Authenticate") == challenge
