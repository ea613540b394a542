"""In debug mode a refusal shows the tree of its decision; in production nobody sees it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import flask_restful
import flask_restx
import pytest
from flask import Flask
from flask.testing import FlaskClient

from jwtpolicy import (
    AccessRequest,
    HasRole,
    HasScope,
    JWTManager,
    OptionalToken,
    ProtectedView,
    current_resource,
    protect,
)
from jwtpolicy.compat import flask_jwt_extended
from jwtpolicy.exceptions import InsufficientScopeError, RateLimitedError
from tests.support.applications import SECRET
from tests.support.requests import bearer

LEVEL = HasRole("admin") | HasScope("notes:read")
TREE = [
    "INSUFFICIENT_SCOPE: (HasRole('admin') | HasScope('notes:read')) & NotRevoked()",
    "  INSUFFICIENT_SCOPE: HasRole('admin') | HasScope('notes:read')",
    "    FORBIDDEN: HasRole('admin')  (role admin is not held; held: author)",
    ">   INSUFFICIENT_SCOPE: HasScope('notes:read')  (scope notes:read is not held; held: read)",
    "  not asked: NotRevoked()",
]
BODY = {
    "error": "insufficient_scope",
    "error_description": InsufficientScopeError.description,
}
#: Claims that no reason is about.
PRIVATE = {"email": "ada@example.com", "tenant": "acme-secret"}


class Site:
    """A guarded application: what it answers a user who lacks the role and the scope."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
        self.jwt: JWTManager[Any] = JWTManager(app)
        app.add_url_rule("/", "view", protect(LEVEL)(lambda: "in"))

    def token(self) -> str:
        with self.app.app_context():
            claims = {"roles": ["author"], **PRIVATE}
            return self.jwt.issue("subject-17", claims=claims, scope="read")

    def refused(self, client: FlaskClient | None = None, path: str = "/") -> Any:
        client = client or self.app.test_client(use_cookies=False)
        return client.get(path, headers=bearer(self.token()))


def debugging() -> Flask:
    app = Flask("tests.debugging")
    app.debug = True
    return app


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no terminal of a developer decide what the tests see."""
    monkeypatch.delenv("FLASK_DEBUG", raising=False)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    caplog.set_level(logging.INFO, "jwtpolicy")
    return lambda: "\n".join(
        record.getMessage() for record in caplog.records if record.name == "jwtpolicy"
    )


def test_in_debug_mode_the_body_has_the_tree() -> None:
    answer = Site(debugging()).refused()
    assert answer.json == {**BODY, "decision": TREE}
    assert answer.status_code == 403


def test_in_debug_mode_the_line_of_the_log_is_followed_by_the_tree(log: Any) -> None:
    Site(debugging()).refused()
    first, *rest = log().splitlines()
    assert first.startswith("GET view: 403 insufficient_scope: scope notes:read is not held")
    assert rest == [f"  {line}" for line in TREE]


def test_the_challenge_is_the_same_in_debug_mode() -> None:
    shown, usual = Site(debugging()).refused(), Site(Flask("tests.production")).refused()
    for name in ("WWW-Authenticate", "Cache-Control", "Content-Type"):
        assert shown.headers[name] == usual.headers[name]


def test_without_a_token_the_tree_is_shown_too() -> None:
    answer = Site(debugging()).app.test_client().get("/")
    assert answer.json["error"] == "token_required"
    assert answer.json["decision"][0] == "NO_TOKEN: HasRole('admin') | HasScope('notes:read')"


def test_a_token_in_the_wrong_place_is_named_in_the_tree_too() -> None:
    site = Site(debugging())
    headers = {"Authorization": f"Token {site.token()}"}
    tree = site.app.test_client().get("/", headers=headers).json["decision"]
    hint = "(the header Authorization says Token, not Bearer)"
    assert tree[1:] == [
        f"> NO_TOKEN: HasRole('admin')  {hint}",
        f"> NO_TOKEN: HasScope('notes:read')  {hint}",
    ]


def test_what_no_policy_decided_has_no_tree() -> None:
    answer = Site(debugging()).app.test_client().get("/", headers=bearer("a.b.c"))
    assert sorted(answer.json) == ["error", "error_description"]


def test_neither_body_nor_log_has_the_token_or_what_no_reason_is_about(log: Any) -> None:
    """KEY-8."""
    site = Site(debugging())
    token = site.token()
    body = site.app.test_client().get("/", headers=bearer(token)).text
    hidden = [*token.split("."), *PRIVATE.values(), "subject-17"]
    assert not any(part in text for part in hidden for text in (body, log()))
    assert "author" in body


def production() -> Flask:
    return Flask("tests.production")


def unset(patch: pytest.MonkeyPatch) -> Flask:
    patch.delenv("FLASK_DEBUG", raising=False)
    return production()


def env(value: str) -> Callable[[pytest.MonkeyPatch], Flask]:
    def make(patch: pytest.MonkeyPatch) -> Flask:
        patch.setenv("FLASK_DEBUG", value)
        return production()

    return make


def prefixed(value: str) -> Callable[[pytest.MonkeyPatch], Flask]:
    """Read the environment as applications do, where text stays text and 1 is a number."""

    def make(patch: pytest.MonkeyPatch) -> Flask:
        patch.setenv("FLASK_DEBUG", value)
        app = production()
        app.config.from_prefixed_env()
        return app

    return make


def configured(**config: Any) -> Callable[[pytest.MonkeyPatch], Flask]:
    def make(patch: pytest.MonkeyPatch) -> Flask:
        app = production()
        app.config.update(config)
        return app

    return make


def run_without(patch: pytest.MonkeyPatch) -> Flask:
    """Call ``app.run(debug=False)`` where the environment says debug."""
    patch.setenv("FLASK_DEBUG", "1")
    patch.delenv("FLASK_RUN_FROM_CLI", raising=False)
    patch.setattr("werkzeug.serving.run_simple", lambda *args, **kwargs: None)
    app = production()
    assert app.debug
    app.run(debug=False)
    return app


#: The ways of being in production that one process can try; `tests/machines` starts servers.
PRODUCTION: dict[str, Callable[[pytest.MonkeyPatch], Flask]] = {
    "FLASK_DEBUG is not set": unset,
    "FLASK_DEBUG=0": env("0"),
    "FLASK_DEBUG=false": env("false"),
    "FLASK_DEBUG=False by a prefixed environment": prefixed("False"),
    "FLASK_DEBUG=0 by a prefixed environment": prefixed("0"),
    "app.run(debug=False)": run_without,
    "TESTING": configured(TESTING=True),
    "ENV": configured(ENV="development"),
    "DEBUG is the text False": configured(DEBUG="False"),
    "DEBUG is the text 0": configured(DEBUG="0"),
    "DEBUG is the text true": configured(DEBUG="true"),
    "DEBUG is 1": configured(DEBUG=1),
    "DEBUG is None": configured(DEBUG=None),
}


@pytest.mark.parametrize("way", PRODUCTION)
def test_in_production_nobody_sees_a_tree(
    way: str, monkeypatch: pytest.MonkeyPatch, log: Any
) -> None:
    """K48."""
    answer = Site(PRODUCTION[way](monkeypatch)).refused()
    assert answer.json == BODY
    assert "\n" not in log()
    assert log().startswith("GET view: 403")


def test_debug_mode_that_begins_after_the_first_request_shows_nothing(log: Any) -> None:
    """K48: what a running application is told late may be an accident."""
    site = Site(production())
    assert site.refused().json == BODY
    site.app.debug = True
    assert site.refused().json == BODY
    assert "not asked" not in log()


def test_debug_mode_that_ends_later_shows_nothing_more() -> None:
    """K48."""
    site = Site(debugging())
    assert "decision" in site.refused().json
    site.app.debug = False
    assert site.refused().json == BODY


def test_an_error_that_was_shown_in_debug_mode_is_not_shown_in_production() -> None:
    """K48: applications may raise one object for many requests."""
    limited = RateLimitedError("slow down", decision=LEVEL.evaluate(AccessRequest()))
    bodies = []
    for make in (debugging, production):
        app = make()
        site = Site(app)
        view = protect(OptionalToken(), resource=raising(limited))(lambda: current_resource.name)
        app.add_url_rule("/limited", "limited", view)
        bodies.append(site.app.test_client().get("/limited").json)
    assert ["decision" in body for body in bodies] == [True, False]


def raising(error: Exception) -> Callable[[], Any]:
    def load() -> Any:
        raise error

    return load


def restful(app: Flask) -> None:
    class Items(ProtectedView, flask_restful.Resource):  # type: ignore[misc]
        policies = LEVEL

        def get(self) -> Any:
            return {}

    flask_restful.Api(app).add_resource(Items, "/items")


def restx(app: Flask) -> None:
    api = flask_restx.Api(app)

    @api.route("/items")
    class Items(ProtectedView, flask_restx.Resource):  # type: ignore[misc]
        policies = LEVEL

        def get(self) -> Any:
            return {}


def smorest(app: Flask) -> None:
    # With the lowest Flask there is none.
    flask_smorest = pytest.importorskip("flask_smorest", reason="pip install flask-smorest")
    app.config.update(API_TITLE="t", API_VERSION="1", OPENAPI_VERSION="3.0.3")
    blueprint = flask_smorest.Blueprint("shop", __name__)

    @blueprint.route("/items")
    class Items(ProtectedView):
        policies = LEVEL

        @blueprint.response(200)
        def get(self) -> Any:
            return {}

    flask_smorest.Api(app).register_blueprint(blueprint)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("build", [restful, restx, smorest])
@pytest.mark.parametrize("make", [debugging, production])
def test_frameworks_show_it_as_well_and_in_production_none_does(
    build: Callable[[Flask], None], make: Callable[[], Flask]
) -> None:
    """K48: smorest answers what it finds in ``errors``, RESTX all of ``data``."""
    site = Site(make())
    build(site.app)
    body = site.refused(path="/items").json
    told = body.get("errors", body)
    assert told.get("decision") == (TREE if make is debugging else None)
    assert ("decision" in str(body)) is (make is debugging)


def test_the_bodies_of_the_bridge_are_the_same_in_debug_mode() -> None:
    bodies = []
    for make in (debugging, production):
        app = make()
        app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
        flask_jwt_extended.JWTManager(app)
        app.add_url_rule("/", "view", flask_jwt_extended.jwt_required()(lambda: "in"))
        bodies.append(app.test_client().get("/").json)
    assert bodies == [{"msg": "Missing Authorization Header"}] * 2
