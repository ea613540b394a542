"""The same refusals through the frameworks that stand on Flask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

import flask_restful
import flask_restx
import flask_smorest
import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from jwtpolicy import Access, HasScope, JWTManager, ProtectedView, SingleUse, protect
from jwtpolicy.exceptions import AccessError, NoTokenError
from tests.support.applications import SECRET, AppAndManager
from tests.support.requests import bearer

pytestmark = [
    # Their own: both read attributes that their dependencies have deprecated.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:flask_restx"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:flask_restful"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:jsonschema"),
]


def plain(app: Flask) -> None:
    class Items(ProtectedView):
        policies = HasScope("a")

        def get(self) -> Any:
            return {"ok": True}

    app.add_url_rule("/items", view_func=Items.as_view("items"))


def restful(app: Flask) -> None:
    class Items(ProtectedView, flask_restful.Resource):  # type: ignore[misc]
        policies = HasScope("a")

        def get(self) -> Any:
            return {"ok": True}

    flask_restful.Api(app).add_resource(Items, "/items")


def restful_with_ours_last(app: Flask) -> None:
    class Items(flask_restful.Resource, ProtectedView):  # type: ignore[misc]
        policies = HasScope("a")

        def get(self) -> Any:
            return {"ok": True}

    flask_restful.Api(app).add_resource(Items, "/items")


def restful_with_a_method(app: Flask) -> None:
    class Items(flask_restful.Resource):  # type: ignore[misc]
        @protect(HasScope("a"))
        def get(self) -> Any:
            return {"ok": True}

    flask_restful.Api(app).add_resource(Items, "/items")


def restx(app: Flask) -> None:
    api = flask_restx.Api(app)

    @api.route("/items")
    class Items(ProtectedView, flask_restx.Resource):  # type: ignore[misc]
        policies = HasScope("a")

        def get(self) -> Any:
            return {"ok": True}


def restx_with_ours_last(app: Flask) -> None:
    api = flask_restx.Api(app)

    @api.route("/items")
    class Items(flask_restx.Resource, ProtectedView):  # type: ignore[misc]
        policies = HasScope("a")

        def get(self) -> Any:
            return {"ok": True}


def smorest(app: Flask) -> None:
    app.config.update(API_TITLE="t", API_VERSION="1", OPENAPI_VERSION="3.0.3")
    blueprint = flask_smorest.Blueprint("shop", __name__)

    @blueprint.route("/items")
    class Items(ProtectedView):
        policies = HasScope("a")

        @blueprint.response(200)
        def get(self) -> Any:
            return {"ok": True}

    flask_smorest.Api(app).register_blueprint(blueprint)


def apiflask(app: Flask) -> None:
    app.add_url_rule("/items", "items", protect(HasScope("a"))(lambda: {"ok": True}))


def flask_of(build: Any) -> Flask:
    """Return an application of the class that the framework wants."""
    if build is not apiflask:
        return Flask("framework")
    module = pytest.importorskip("apiflask", reason="pip install apiflask")
    return cast(Flask, module.APIFlask("framework"))


@pytest.fixture(
    params=[
        pytest.param(build, id=build.__name__)
        for build in (
            plain,
            restful,
            restful_with_ours_last,
            restful_with_a_method,
            restx,
            restx_with_ours_last,
            smorest,
            apiflask,
        )
    ]
)
def site(request: pytest.FixtureRequest) -> AppAndManager:
    """Return an application of each framework, in production mode, and its manager."""
    app = flask_of(request.param)
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
    jwt: JWTManager[Any] = JWTManager(app)
    request.param(app)
    return app, jwt


@pytest.mark.parametrize("scope", [None, "a", "b"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_explained_is_what_the_framework_answers(
    site: Any, method: str, scope: str | None
) -> None:
    app, jwt = site
    with app.app_context():
        token = None if scope is None else jwt.issue("u1", scope=scope)
        told = jwt.explain(method, "/items", token=token)
    headers = {} if token is None else bearer(token)

    answer = app.test_client().open("/items", method=method, headers=headers)

    assert (told.status, told.challenge) == (
        answer.status_code,
        answer.headers.get("WWW-Authenticate"),
    )
    assert bool(told) is (scope == "a")


def test_a_token_with_the_scope_gets_in(site: Any) -> None:
    app, jwt = site
    with app.app_context():
        headers = bearer(jwt.issue("u1", scope="a"))

    assert app.test_client().get("/items", headers=headers).json == {"ok": True}


@pytest.mark.parametrize(
    ("scope", "status", "error", "description", "challenge"),
    [
        pytest.param(
            None, 401, "token_required", "A token is required.", 'Bearer realm="api"', id="no token"
        ),
        pytest.param(
            "b",
            403,
            "insufficient_scope",
            "The token's scope is not sufficient.",
            'scope="a"',
            id="another scope",
        ),
    ],
)
def test_a_refusal_keeps_its_status_code_words_and_challenge(
    site: Any, scope: str | None, status: int, error: str, description: str, challenge: str
) -> None:
    """C11, K32: flask-smorest has a place of its own for what is not the message."""
    app, jwt = site
    with app.app_context():
        headers = {} if scope is None else bearer(jwt.issue("u1", scope=scope))

    answer = app.test_client().get("/items", headers=headers)

    assert answer.status_code == status
    assert answer.json.get("errors", answer.json).get("error") == error
    assert description in (answer.json.get("message"), answer.json.get("error_description"))
    assert challenge in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("build", "is_everywhere"),
    [(plain, False), (restful, False), (restx, False), (smorest, True)],
    ids=["Flask", "Flask-RESTful", "Flask-RESTX", "flask-smorest"],
)
def test_flask_smorest_alone_shapes_the_refusals_of_plain_endpoints(
    build: Callable[[Flask], None], is_everywhere: bool
) -> None:
    """As the page about errors says."""
    app = Flask("beside")
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
    JWTManager(app)
    build(app)
    app.add_url_rule("/beside", "beside", protect()(lambda: ""))

    answer = app.test_client().get("/beside")

    assert answer.status_code == 401
    assert ("errors" in answer.json, "error" in answer.json) == (is_everywhere, not is_everywhere)


@pytest.fixture
def apiflask_site() -> Flask:
    app = flask_of(apiflask)
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
    JWTManager(app)
    apiflask(app)
    return app


def test_apiflask_asks_the_applications_own_processor(apiflask_site: Any) -> None:
    """K32: with the code and the description, as for errors of its own."""

    @apiflask_site.error_processor
    def processed(error: Any) -> Any:
        return {"said": error.message, **error.extra_data}, error.status_code

    answer = apiflask_site.test_client().get("/items")
    assert answer.json["said"] == answer.json["error_description"] == "A token is required."
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize("handled", [HTTPException, AccessError, 401])
def test_apiflask_lets_an_applications_own_handler_answer(
    apiflask_site: Flask, handled: Any
) -> None:
    apiflask_site.register_error_handler(handled, lambda error: (error.error, 418))

    assert apiflask_site.test_client().get("/items").text == "token_required"


@pytest.fixture
def restx_site() -> tuple[Flask, flask_restx.Api, flask_restx.Namespace]:
    """Return an application of RESTX, its API and a namespace of that."""
    app = Flask("framework")
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://", PROPAGATE_EXCEPTIONS=False)
    JWTManager(app)
    api = flask_restx.Api(app)
    namespace = api.namespace("shop", path="/")

    @namespace.route("/items")
    class Items(flask_restx.Resource):  # type: ignore[misc]
        method_decorators: ClassVar[Any] = {"get": [protect()]}

        def get(self) -> Any:
            return {"ok": True}

        def post(self) -> Any:
            return 1 / 0

    return app, api, namespace


@pytest.mark.parametrize("scope", [1, 2], ids=["the API", "a namespace"])
def test_a_handler_of_everything_of_restx_answers_no_refusals(restx_site: Any, scope: int) -> None:
    """K32: RESTX takes the first whose class fits, and 500 where it says no other status."""
    client = restx_site[0].test_client()
    restx_site[scope].errorhandler(Exception)(lambda error: ({"message": "sorry"}, 500))

    answer = client.get("/items")
    assert (answer.status_code, answer.json["error"]) == (401, "token_required")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert client.post("/items").json == {"message": "sorry"}
    assert client.get("/swagger.json").status_code == 200


@pytest.mark.parametrize("handled", [Exception, HTTPException, AccessError])
@pytest.mark.parametrize("scope", [1, 2], ids=["the API", "a namespace"])
def test_no_handler_of_restx_answers_head_for_the_guard(
    restx_site: Any, scope: int, handled: type[Exception]
) -> None:
    """K30: it was a 500, or whatever the handler says of what it does not know."""
    app, _, namespace = restx_site
    view = flask_restx.Resource
    once = type("Once", (view,), {"get": lambda self: "in", "method_decorators": [ONCE]})
    namespace.add_resource(once, "/once")
    restx_site[scope].errorhandler(handled)(lambda error: ({}, 500))
    with app.app_context():
        headers = bearer(app.extensions["jwtpolicy"].manager.issue("ada"))

    assert app.test_client().get("/swagger.json").status_code == 200
    answer = app.test_client().head("/once", headers=headers)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


ONCE = protect(Access() & SingleUse())


@pytest.mark.parametrize("handled", [NoTokenError, AccessError, HTTPException])
@pytest.mark.parametrize("scope", [1, 2], ids=["the API", "a namespace"])
def test_a_handler_of_restx_that_is_meant_for_refusals_answers_them(
    restx_site: Any, scope: int, handled: type[Exception]
) -> None:
    restx_site[1].errorhandler(Exception)(lambda error: ({"message": "sorry"}, 500))
    restx_site[scope].errorhandler(handled)(lambda error: ({}, 418))

    assert restx_site[0].test_client().get("/items").status_code == 418
