"""A small application of Flask-JWT-Extended, written as its documentation shows."""

import os
from dataclasses import dataclass, field
from datetime import timedelta
from functools import wraps

from flask import Flask, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    current_user,
    get_jwt,
    get_jwt_identity,
    jwt_required,
    set_access_cookies,
    set_refresh_cookies,
    unset_jwt_cookies,
    verify_jwt_in_request,
)

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
app.config["JWT_ACCESS_TOKEN_EXPIRES"] = timedelta(hours=1)
app.config["JWT_TOKEN_LOCATION"] = ["headers", "cookies"]
jwt = JWTManager(app)


@dataclass
class User:
    id: int
    name: str
    roles: list = field(default_factory=list)


USERS = {user.id: user for user in (User(1, "ada", ["admin"]), User(2, "bob"))}
BLOCKLIST = set()


@jwt.user_identity_loader
def user_identity(user):
    return str(user.id)


@jwt.user_lookup_loader
def user_lookup(_jwt_header, jwt_data):
    identity = jwt_data["sub"]
    return USERS.get(int(identity))


@jwt.token_in_blocklist_loader
def is_revoked(_jwt_header, jwt_payload):
    return jwt_payload["jti"] in BLOCKLIST


@jwt.needs_fresh_token_loader
def log_in_again(_jwt_header, _jwt_payload):
    return jsonify(msg="Please log in again"), 401


def admin_required():
    def wrapper(view):
        @wraps(view)
        def decorator(*args, **kwargs):
            verify_jwt_in_request()
            claims = get_jwt()
            if "admin" not in claims["roles"]:
                return jsonify(msg="Admins only!"), 403
            return view(*args, **kwargs)

        return decorator

    return wrapper


def find_user():
    name = request.json["name"]  # check the password here
    return next(user for user in USERS.values() if user.name == name)


@app.post("/login")
def login():
    user = find_user()
    claims = {"roles": user.roles}
    access_token = create_access_token(identity=user, fresh=True, additional_claims=claims)
    refresh_token = create_refresh_token(identity=user)
    return jsonify(access_token=access_token, refresh_token=refresh_token)


@app.post("/login_with_cookies")
def login_with_cookies():
    user = find_user()
    response = jsonify(msg="welcome")
    access_token = create_access_token(user, additional_claims={"roles": user.roles})
    refresh_token = create_refresh_token(user)
    set_access_cookies(response, access_token)
    set_refresh_cookies(response, refresh_token)
    return response


@app.post("/refresh")
@jwt_required(refresh=True)
def refresh():
    claims = {"roles": current_user.roles}
    access_token = create_access_token(identity=current_user, additional_claims=claims)
    return jsonify(access_token=access_token)


@app.delete("/logout")
@jwt_required(verify_type=False)
def logout():
    BLOCKLIST.add(get_jwt()["jti"])
    return jsonify(msg="goodbye")


@app.post("/logout_with_cookies")
@jwt_required()
def logout_with_cookies():
    response = jsonify(msg="goodbye")
    unset_jwt_cookies(response)
    return response


@app.get("/me")
@jwt_required()
def me():
    return jsonify(name=current_user.name, identity=get_jwt_identity())


@app.get("/greeting")
@jwt_required(optional=True)
def greeting():
    identity = get_jwt_identity()
    return jsonify(hello="stranger" if identity is None else USERS[int(identity)].name)


@app.put("/name")
@jwt_required(fresh=True)
def rename():
    current_user.name = request.json["name"]
    return jsonify(name=current_user.name)


@app.get("/users")
@admin_required()
def users():
    return jsonify([user.name for user in USERS.values()])
