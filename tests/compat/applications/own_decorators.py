"""Roles by its own decorators around ``verify_jwt_in_request``, and a blueprint behind a hook."""

from __future__ import annotations

from functools import wraps

from flask import Blueprint, Flask, abort, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
    verify_jwt_in_request,
)
from flask_jwt_extended.exceptions import FreshTokenRequired, JWTExtendedException

SECRET = "the tests of this application sign with this"


def roles_required(*roles, fresh=False):
    def wrapper(function):
        @wraps(function)
        def decorator(*args, **kwargs):
            verify_jwt_in_request(fresh=fresh)
            if not set(roles) <= set(get_jwt().get("roles", ())):
                return jsonify(msg="Admins only!"), 403
            return function(*args, **kwargs)

        return decorator

    return wrapper


def self_or_admin(function):
    @wraps(function)
    def decorator(name):
        _, payload = verify_jwt_in_request()
        if payload["sub"] != name and "admin" not in payload["roles"]:
            abort(403)
        return function(name)

    return decorator


def pass_identity(function):
    @wraps(function)
    @jwt_required()
    def decorator(*args, **kwargs):
        return function(*args, me=get_jwt_identity(), **kwargs)

    return decorator


back = Blueprint("back", __name__, url_prefix="/back")


@back.before_request
def only_staff():
    verify_jwt_in_request()
    return None if "staff" in get_jwt()["roles"] else (jsonify(msg="staff only"), 403)


@back.get("/")
def office():
    return jsonify(me=get_jwt_identity())


def create_app():
    app = Flask(__name__)
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    JWTManager(app)
    app.register_blueprint(back)

    @app.errorhandler(FreshTokenRequired)
    def confirm(error):
        return jsonify(msg="confirm your password", of=error.jwt_data["sub"]), 403

    @app.errorhandler(JWTExtendedException)
    def never(error):
        return jsonify(msg="the library has handlers of its own for all of them"), 500

    @app.post("/admin")
    @roles_required("admin")
    def admin():
        return jsonify(secret_message="go banana!")

    @app.delete("/admin")
    @roles_required("admin", fresh=True)
    def delete():
        return jsonify(deleted=True)

    @app.get("/users/<name>")
    @self_or_admin
    def user(name):
        return jsonify(name=name)

    @app.get("/me")
    @pass_identity
    def me(me):
        return jsonify(me=me, path=request.path)

    return app


def bearer(app, name, *roles, fresh=False):
    with app.app_context():
        token = create_access_token(name, fresh=fresh, additional_claims={"roles": roles})
    return {"Authorization": f"Bearer {token}"}


def test_a_role_opens_a_view(app, client):
    answer = client.post("/admin", headers=bearer(app, "ada", "admin", "staff"))
    assert answer.json == {"secret_message": "go banana!"}


def test_without_the_role_it_is_shut(app, client):
    answer = client.post("/admin", headers=bearer(app, "bob", "staff"))
    assert (answer.status_code, answer.json) == (403, {"msg": "Admins only!"})


def test_handlers_of_the_librarys_classes_answer(app, client):
    nothing, refused = (
        client.post("/admin"),
        client.delete("/admin", headers=bearer(app, "ada", "admin")),
    )
    assert (nothing.status_code, nothing.json["msg"]) == (401, "Missing Authorization Header")
    assert (refused.status_code, refused.json["of"]) == (403, "ada")
    fresh = bearer(app, "ada", "admin", fresh=True)
    assert client.delete("/admin", headers=fresh).json == {"deleted": True}


def test_a_decorator_reads_what_the_verification_returns(app, client):
    bob, ada = bearer(app, "bob"), bearer(app, "ada", "admin")
    statuses = [client.get("/users/bob", headers=headers).status_code for headers in (bob, ada)]
    assert statuses == [200, 200]
    assert client.get("/users/ada", headers=bob).status_code == 403


def test_a_decorator_hands_the_identity_on(app, client):
    assert client.get("/me", headers=bearer(app, "bob")).json == {"me": "bob", "path": "/me"}
    assert client.get("/me").status_code == 401


def test_a_hook_of_a_blueprint_lets_staff_in(app, client):
    assert client.get("/back/").status_code == 401
    assert client.get("/back/", headers=bearer(app, "bob", "user")).status_code == 403
    assert client.get("/back/", headers=bearer(app, "ada", "staff")).json == {"me": "ada"}
