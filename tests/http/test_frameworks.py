"""The same refusals through the frameworks that stand on Flask."""

from __future__ import annotations

from typing import Any

import flask_restful
import flask_restx
import flask_smorest
import pytest
from flask import Flask

from jwtpolicy import HasScope, JWTManager, ProtectedView, protect
from tests.conftest import SECRET, bearer

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
        )
    ]
)
def site(request: Any) -> Any:
    """Return an application of each framework, in production mode, and its manager."""
    app = Flask("framework")
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
    jwt: JWTManager[Any] = JWTManager(app)
    request.param(app)
    return app, jwt


def test_a_token_with_the_scope_gets_in(site: Any) -> None:
    app, jwt = site
    with app.app_context():
        headers = bearer(jwt.issue("u1", scope="a"))

    assert app.test_client().get("/items", headers=headers).json == {"ok": True}


@pytest.mark.parametrize(
    ("scope", "status", "error", "challenge"),
    [
        pytest.param(None, 401, None, 'Bearer realm="api"', id="no token"),
        pytest.param("b", 403, "insufficient_scope", 'scope="a"', id="another scope"),
    ],
)
def test_a_refusal_keeps_its_status_and_challenge(
    site: Any, scope: str | None, status: int, error: str | None, challenge: str
) -> None:
    """C11."""
    app, jwt = site
    with app.app_context():
        headers = {} if scope is None else bearer(jwt.issue("u1", scope=scope))

    answer = app.test_client().get("/items", headers=headers)

    assert answer.status_code == status
    assert challenge in answer.headers["WWW-Authenticate"]
    assert (error or "") in answer.headers["WWW-Authenticate"]
