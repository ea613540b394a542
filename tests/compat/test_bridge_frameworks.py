"""Frameworks that stand on Flask pass the answers of the bridge on."""

from __future__ import annotations

from typing import Any

import flask_restful
import flask_restx
import flask_smorest
import pytest
from flask import Blueprint, Flask, jsonify
from flask.views import MethodView

from jwtpolicy.compat.flask_jwt_extended import JWTManager, get_jwt_identity, jwt_required
from jwtpolicy.compat.flask_jwt_extended.exceptions import NoAuthorizationError
from tests.support.applications import SECRET
from tests.support.bridge import claims, forged
from tests.support.requests import bearer


@pytest.fixture(params=[True, False], ids=["testing", "serving"])
def plain(request: pytest.FixtureRequest) -> Flask:
    """An application without views, as its tests see it and as its users do."""
    app = Flask("tests.frameworks")
    app.config.update(TESTING=request.param, JWT_SECRET_KEY=SECRET)
    app.config.update(API_TITLE="t", API_VERSION="1", OPENAPI_VERSION="3.0.2")
    JWTManager(app)
    return app


def restful(app: Flask) -> None:
    class View(flask_restful.Resource):  # type: ignore[misc] # untyped
        @jwt_required()
        def get(self) -> Any:
            return {"sub": get_jwt_identity()}

    flask_restful.Api(app).add_resource(View, "/view")


def restx(app: Flask) -> None:
    api = flask_restx.Api(app)

    @api.route("/view")
    class View(flask_restx.Resource):  # type: ignore[misc] # untyped
        @jwt_required()
        def get(self) -> Any:
            return {"sub": get_jwt_identity()}


def smorest(app: Flask) -> None:
    blueprint = flask_smorest.Blueprint("view", __name__)

    @blueprint.route("/view")
    class View(MethodView):
        @jwt_required()
        def get(self) -> Any:
            return jsonify(sub=get_jwt_identity())

    flask_smorest.Api(app).register_blueprint(blueprint)


@pytest.mark.parametrize("serve", [restful, restx, smorest])
def test_other_frameworks_keep_the_answer(plain: Flask, serve: Any) -> None:
    """C11: status, body and challenge."""
    serve(plain)
    client = plain.test_client()

    nothing, bad = client.get("/view"), client.get("/view", headers=bearer("x"))
    assert (nothing.status_code, nothing.json) == (401, {"msg": "Missing Authorization Header"})
    assert nothing.headers["WWW-Authenticate"].startswith("Bearer")
    assert (bad.status_code, bad.json) == (422, {"msg": "Not enough segments"})
    good = client.get("/view", headers=bearer(forged(claims())))
    assert good.json == {"sub": "ada"}


@pytest.mark.parametrize("serve", [restful, restx, smorest])
def test_other_frameworks_keep_the_answer_of_a_loader(plain: Flask, serve: Any) -> None:
    """C11: its status too."""
    serve(plain)
    manager = plain.extensions["flask-jwt-extended"]
    manager.invalid_token_loader(lambda reason: (jsonify(code=7), 409, {"X-Reason": "bad"}))

    answer = plain.test_client().get("/view", headers=bearer("x"))

    assert (answer.status_code, answer.json) == (409, {"code": 7})
    assert answer.headers["X-Reason"] == "bad"


def test_an_apis_own_handler_answers_alone(plain: Flask) -> None:
    """C11: Flask-RESTX prefers what stands in the error to what its handler has returned."""
    restx(plain)
    api = flask_restx.Api(Blueprint("api", __name__, url_prefix="/api"))
    plain.register_blueprint(api.blueprint)
    guarded = {"get": jwt_required()(lambda self: {"sub": get_jwt_identity()})}
    api.add_resource(type("Guarded", (flask_restx.Resource,), guarded), "/view")
    api.errorhandler(NoAuthorizationError)(lambda error: ({"own": str(error)}, 418))
    client = plain.test_client()

    said = {"own": "Missing Authorization Header", "message": "Missing Authorization Header"}
    assert (client.get("/api/view").status_code, client.get("/api/view").json) == (418, said)
    assert client.get("/view").json == {"msg": "Missing Authorization Header"}
    assert client.get("/api/view", headers=bearer("x")).json == {"msg": "Not enough segments"}


def test_an_apis_handler_of_all_exceptions_answers_as_before(plain: Flask) -> None:
    """Applications tell the errors apart in it, since the original has no other way with RESTX."""
    api = flask_restx.Api(plain)
    plain.add_url_rule("/open", view_func=lambda: "open")

    @api.errorhandler(Exception)
    def answer(error: Exception) -> Any:
        return {"seen": type(error).__name__}, 401 if isinstance(
            error, NoAuthorizationError
        ) else 500

    @api.route("/view")
    class View(flask_restx.Resource):  # type: ignore[misc] # untyped
        @jwt_required()
        def get(self) -> Any:
            return {}

    refused = plain.test_client().get("/view")
    assert (refused.status_code, refused.json["seen"]) == (401, "NoAuthorizationError")  # type: ignore[index] # it has


def test_a_loader_is_called_once(plain: Flask) -> None:
    """C11: whatever a framework reads of the error."""
    restx(plain)
    reasons: list[str] = []

    def answer(reason: str) -> Any:
        reasons.append(reason)
        return jsonify(code=7), 409

    plain.extensions["flask-jwt-extended"].invalid_token_loader(answer)

    assert plain.test_client().get("/view", headers=bearer("x")).status_code == 409
    assert len(reasons) == 1
