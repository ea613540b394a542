"""What a developer reads of a refusal."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, stream_with_context

from jwtpolicy import (
    Fresh,
    HasRole,
    HasScope,
    JWTManager,
    OptionalToken,
    Refresh,
    current_resource,
    current_token,
    current_user,
    policy,
    protect,
)
from jwtpolicy.compat import flask_jwt_extended
from jwtpolicy.exceptions import AccessError, InvalidTokenError, RateLimitedError
from tests.support.requests import bearer

Log = pytest.LogCaptureFixture


@pytest.fixture
def lines(caplog: Log) -> Callable[[], list[str]]:
    """Return what says the lines that were logged, each with its level."""
    caplog.set_level(logging.INFO, "jwtpolicy")

    def said() -> list[str]:
        records = [record for record in caplog.records if record.name == "jwtpolicy"]
        return [f"{record.levelname} {record.getMessage()}" for record in records]

    return said


@policy
def office_hours(access: Any) -> Any:
    return access.deny("it is night")


LEVELS = {
    "role": (
        HasRole("admin"),
        "403 access_denied: role admin is not held; held: author: HasRole('admin')",
    ),
    "scope": (
        HasScope("a", "b") & HasRole("admin"),
        "403 access_denied: role admin is not held; held: author: HasRole('admin')",
    ),
    "either": (
        Fresh(within=60) | HasScope("a"),
        "401 insufficient_user_authentication: auth_time is absent, so no login is known: "
        "Fresh(within=60)",
    ),
    "two": (
        HasRole("admin") & office_hours,
        "403 access_denied: role admin is not held; held: author; it is night: HasRole('admin'), "
        "office_hours",
    ),
    "four": (
        HasRole("a") & HasRole("b") & HasRole("c") & HasRole("d"),
        "403 access_denied: role a is not held; held: author; role b is not held; held: author; "
        "role c is not held; held: author; …: HasRole('a'), HasRole('b'), HasRole('c') …",
    ),
    "not": (
        ~HasRole("author"),
        "403 access_denied: HasRole('author') holds: ~HasRole('author')",
    ),
    "kind": (
        Refresh(),
        "401 invalid_token: the token is of the kind 'access', accepted is refresh",
    ),
}


@pytest.mark.parametrize("case", LEVELS)
def test_a_line_names_the_policy_and_what_was_missing(
    app: Flask, access: Any, lines: Any, case: str
) -> None:
    """K38."""
    level, said = LEVELS[case]
    app.add_url_rule("/", "view", protect(level)(lambda: "in"))

    app.test_client().get("/", headers=access(claims={"roles": ["author"]}))
    assert [line.rpartition(" (jti=")[0] for line in lines()] == [f"INFO GET view: {said}"]


@pytest.mark.parametrize(("debug", "level"), [(False, "INFO"), (True, "WARNING")])
def test_debug_mode_makes_it_a_warning(
    app: Flask, access: Any, lines: Any, debug: bool, level: str
) -> None:
    """K38: warnings are printed where nothing is set up."""
    app.debug = debug
    app.add_url_rule("/", "view", protect(HasRole("admin"))(lambda: "in"))
    client = app.test_client()

    client.get("/", headers=access(claims={"roles": ["admin"]}))
    assert lines() == []
    client.get("/", headers=access(claims={"roles": []}))
    assert [line.split()[0] for line in lines()] == [level]


BARE = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2VjcmV0"
HINTS = [
    pytest.param({}, "no token was sent", id="nothing"),
    pytest.param(
        {"Authorization": "Basic YWRhOnBhc3N3b3Jk"},
        "the header Authorization says Basic, not Bearer",
        id="another scheme",
    ),
    pytest.param(
        {"Authorization": f"jwt {BARE}"},
        "the header Authorization says JWT, not Bearer",
        id="another word",
    ),
    pytest.param(
        {"Authorization": BARE},
        "the header Authorization holds a token without the word Bearer",
        id="a bare token",
    ),
    pytest.param(
        {"Authorization": f"Secret-{BARE.replace('.', '_')} x"},
        "the header Authorization does not begin with Bearer",
        id="an unknown word",
    ),
    pytest.param(
        {"X-Access-Token": BARE},
        "a token was sent in the header X-Access-Token, which this endpoint does not read",
        id="another header",
    ),
    pytest.param(
        {"X-Auth-Token": f"Bearer {BARE}"},
        "a token was sent in the header X-Auth-Token, which this endpoint does not read",
        id="with its word",
    ),
    pytest.param(
        {"Cookie": f"access_token_cookie={BARE}"},
        "a token was sent in the cookie access_token_cookie, which this endpoint does not read",
        id="a cookie",
    ),
    pytest.param(
        {"?": f"access_token={BARE}"},
        "a token was sent in the parameter access_token, which this endpoint does not read",
        id="a parameter",
    ),
    pytest.param({"X-Access-Token": "17"}, "no token was sent", id="no token there"),
    pytest.param({"X-Access-Token": BARE + "x" * 20_000}, "no token was sent", id="too long"),
]


@pytest.mark.parametrize(("sent", "hint"), HINTS)
def test_a_token_in_the_wrong_place_is_named(
    app: Flask, lines: Any, sent: dict[str, str], hint: str
) -> None:
    """K38: by words of the library; the "scheme" of a bare token is the token."""
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    headers = {name: value for name, value in sent.items() if name != "?"}

    client = app.test_client(use_cookies=False)
    answer = client.get("/", headers=headers, query_string=sent.get("?", ""))
    assert answer.json["error"] == "token_required"
    assert lines() == [f"INFO GET view: 401 token_required: {hint}: Access() (jti=None)"]


def test_a_query_of_raw_bytes_gives_no_hint(app: Flask, lines: Any) -> None:
    """HTTP-1: werkzeug does not decode it."""
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    raw = {"QUERY_STRING": f"access_token={BARE}\xff"}

    assert app.test_client().get("/", environ_overrides=raw).status_code == 401
    assert lines() == ["INFO GET view: 401 token_required: no token was sent: Access() (jti=None)"]


def test_a_header_that_is_not_read_is_named(make_app: Any, lines: Any) -> None:
    app, _ = make_app(token_location="query_string")
    app.add_url_rule("/", "view", protect()(lambda: "in"))

    app.test_client().get("/", headers=bearer(BARE))
    assert "a token was sent in the header Authorization, which this endpoint" in lines()[0]


def test_a_place_of_one_endpoint_is_the_place_that_counts(app: Flask, lines: Any) -> None:
    app.add_url_rule("/", "view", protect(transports="query_string")(lambda: "in"))

    app.test_client().get("/", headers=bearer(BARE))
    assert "a token was sent in the header Authorization, which this endpoint" in lines()[0]


def test_no_part_of_what_was_sent_is_logged(app: Flask, lines: Any) -> None:
    """KEY-8, K38."""
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    client = app.test_client(use_cookies=False)
    for value in (BARE, f"Unknown {BARE}", "Basic YWRhOnBhc3N3b3Jk", "Secret\x1b[31m x"):
        for name in ("Authorization", "X-Access-Token", "Cookie"):
            client.get("/?token=" + value, headers={name: f"{value}"})

    told = "\n".join(lines())
    assert not any(part in told for part in (*BARE.split("."), "YWRh", "Unknown", "Secret", "\x1b"))


@pytest.mark.parametrize("method", ["GET\nERROR forged", "\x1b[31mGET"])
def test_a_method_that_a_client_makes_up_is_no_line_of_the_log(
    app: Flask, lines: Any, method: str
) -> None:
    """KEY-8: where a rule matches all methods, and the server has let it through."""
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    app.url_map._rules_by_endpoint["view"][0].methods = None

    assert app.test_client().open("/", method=method).status_code == 401
    assert lines()[0].isprintable()
    assert "view" in lines()[0]


def test_a_forgotten_guard_is_a_warning(app: Flask, jwt: JWTManager[Any], lines: Any) -> None:
    """K38: a verb about the current user, in a view that nobody guards."""
    app.add_url_rule("/", "view", lambda: jwt.step_up(current_token).as_response())

    assert app.test_client().get("/").status_code == 401
    assert lines() == [
        "WARNING GET view: 401 token_required: no guard has let a token in: is @protect() missing? "
        "(jti=None)"
    ]


def test_an_optional_view_has_a_guard(app: Flask, jwt: JWTManager[Any], lines: Any) -> None:
    view = protect(OptionalToken())(lambda: jwt.step_up("ada").as_response())
    app.add_url_rule("/", "view", view)

    assert app.test_client().get("/").status_code == 401
    assert [line.split()[0] for line in lines()] == ["INFO"]


def test_a_guard_of_the_bridge_is_none_that_was_forgotten(
    app: Flask, jwt: JWTManager[Any], lines: Any
) -> None:
    flask_jwt_extended.JWTManager(app)
    view = flask_jwt_extended.jwt_required(optional=True)(lambda: jwt.step_up("ada").as_response())
    app.add_url_rule("/", "view", view)

    assert app.test_client().get("/").status_code == 401
    assert [line.split()[0] for line in lines()] == ["INFO"]


def test_a_default_that_denies_warns(make_app: Any, lines: Any) -> None:
    """K38."""
    app, _ = make_app(default_deny=True)
    app.add_url_rule("/", "view", lambda: "in")

    assert app.test_client().get("/").status_code == 403
    assert lines() == [
        "WARNING view: 403 access_denied: GET view has no guard and JWT_DEFAULT_DENY is on "
        "(jti=None)"
    ]


def test_the_refusal_of_a_verb_is_logged_where_it_is_the_answer(
    app: Flask, jwt: JWTManager[Any], lines: Any
) -> None:
    @app.get("/asked")
    def asked() -> str:
        try:
            jwt.verify("a.b.c")
        except InvalidTokenError:
            return "no"
        return "yes"

    app.add_url_rule("/", "view", lambda: jwt.refresh("a.b.c").as_response())
    assert app.test_client().get("/asked").text == "no"
    assert lines() == []
    assert app.test_client().get("/").status_code == 401
    assert [line.partition(": 401")[0] for line in lines()] == ["INFO GET view"]


@pytest.mark.parametrize("status", [200, 302, 401])
def test_it_is_logged_whatever_a_handler_answers(
    app: Flask, jwt: JWTManager[Any], lines: Any, status: int
) -> None:
    """K38: a redirect to the login page, too."""
    app.add_url_rule("/", "view", lambda: jwt.refresh("a.b.c").as_response())
    app.register_error_handler(401, lambda error: ("log in", status, {"Location": "/login"}))

    assert app.test_client().get("/").status_code == status
    assert [line.partition(": 401")[0] for line in lines()] == ["INFO GET view"]


def test_what_a_view_catches_is_not_logged_for_another_401(
    app: Flask, jwt: JWTManager[Any], lines: Any
) -> None:
    @app.get("/")
    def view() -> Any:
        try:
            jwt.verify("a.b.c")
        except InvalidTokenError:
            return "the password is wrong", 401
        return "in"

    assert app.test_client().get("/").status_code == 401
    assert lines() == []


def test_what_a_view_touches_is_refused_in_the_applications_name(make_app: Any, lines: Any) -> None:
    """K38: a lazy user who is gone, at the first touch."""
    app, jwt = make_app(realm="shop")
    jwt.user_loader(lambda token: None, lazy=True)
    app.add_url_rule("/", "view", protect()(lambda: str(current_user.name)))
    with app.app_context():
        headers = bearer(jwt.issue("ada"))

    challenge = app.test_client().get("/", headers=headers).headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="shop", error="invalid_token"')
    assert ["GET view: 401 invalid_token: " in line for line in lines()] == [True]


def test_an_error_that_is_raised_again_is_logged_for_each_request(app: Flask, lines: Any) -> None:
    """An application may keep one for all."""
    limited = RateLimitedError("slow down")

    def load() -> Any:
        raise limited

    view = protect(OptionalToken(), resource=load)(lambda: str(current_resource.name))
    app.add_url_rule("/", "view", view)
    answers = [app.test_client().get("/").status_code for _ in range(2)]

    assert answers == [429, 429]
    assert lines() == ["INFO GET view: 429 rate_limited: slow down (jti=None)"] * 2


def test_what_a_stream_asks_is_logged_with_its_endpoint(
    app: Flask, jwt: JWTManager[Any], access: Any, lines: Any
) -> None:
    """K38: a stream's log has a time, and else nothing to tell it from the others."""

    def steps() -> Any:
        yield "in"
        jwt.enforce(HasRole("admin"))

    app.add_url_rule("/", "ticks", protect()(lambda: stream_with_context(steps())))
    with pytest.raises(AccessError):
        app.test_client().get("/", headers=access(claims={"roles": []})).get_data()

    assert lines()[0].startswith("INFO GET ticks: enforce: 403 access_denied: role admin is not")


def test_so_is_what_an_async_view_asks(
    app: Flask, jwt: JWTManager[Any], access: Any, lines: Any
) -> None:
    @app.get("/", endpoint="ticks")
    @protect()
    async def view() -> str:
        await jwt.enforce_async(HasRole("admin"))
        return "in"

    answer = app.test_client().get("/", headers=access(claims={"roles": []}))
    assert answer.status_code == 403
    assert lines()[0].startswith("INFO GET ticks: enforce: 403 access_denied: role admin is not")


def test_a_view_that_enforces_without_end_keeps_one_plan(app: Flask, jwt: JWTManager[Any]) -> None:
    """Whoever is refused at each message of a socket must not fill the memory."""

    @app.get("/")
    def view() -> Any:
        for _ in range(5):
            with pytest.raises(AccessError):
                jwt.enforce(HasRole("admin"))
        return {"asked": len(app.extensions["jwtpolicy"].state().asked)}

    assert app.test_client().get("/").json == {"asked": 1}


def test_a_verb_outside_of_a_request_tells_its_caller(
    app: Flask, jwt: JWTManager[Any], lines: Any
) -> None:
    with app.app_context(), pytest.raises(AccessError):
        jwt.verify("a.b.c")

    assert lines() == []
