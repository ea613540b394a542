"""One module, with loaders, guards, and a decorator of its own."""

import os
from datetime import timedelta
from functools import wraps

from flask import Flask, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    current_user,
    get_current_user,
    get_jwt,
    get_jwt_header,
    get_jwt_identity,
    get_jwt_request_location,
    jwt_required,
    verify_jwt_in_request,
)
from flask_jwt_extended.exceptions import NoAuthorizationError

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
app.config["JWT_ACCESS_TOKEN_EXPIRES"] = timedelta(hours=1)
app.config["JWT_STORE_URL"] = "memory://"
jwt = JWTManager(app)

BLOCKLIST = set()


class User:
    def __init__(self, key, name, roles):
        self.id, self.name, self.roles = key, name, roles


USERS = {user.id: user for user in (User(1, "ada", ["admin"]), User(2, "bob", []))}


@jwt.user_identity_loader
def user_identity(user):
    """Tokens are about the key of a user."""
    return str(user.id)


@jwt.user_lookup_loader
def user_lookup(_jwt_header, jwt_data):
    identity = jwt_data["sub"]
    return USERS.get(int(identity))


@jwt.token_in_blocklist_loader
def is_revoked(_jwt_header, jwt_payload: dict):
    return jwt_payload["jti"] in BLOCKLIST


@jwt.expired_token_loader
def expired(_jwt_header, _jwt_payload):
    return jsonify(code="late"), 401


@jwt.needs_fresh_token_loader
def log_in_again(_jwt_header, _jwt_payload):
    return jsonify(code="again"), 401


@jwt.unauthorized_loader
def nobody(reason):
    return jsonify(code="nobody", why=bool(reason)), 401


def admin_required(view):
    @wraps(view)
    def wrapper(*args, **kwargs):
        verify_jwt_in_request()
        claims = get_jwt()
        if "admin" not in claims["roles"]:
            return jsonify(code="admins"), 403
        return view(*args, **kwargs)

    return wrapper


@app.post("/login")
def login():
    name = request.json["name"]
    user = next(user for user in USERS.values() if user.name == name)
    claims = {"roles": user.roles}
    access_token = create_access_token(identity=user, fresh=True, additional_claims=claims)
    refresh_token = create_refresh_token(identity=user, additional_claims=claims)
    return jsonify(access_token=access_token, refresh_token=refresh_token)


@app.post("/refresh")
@jwt_required(refresh=True)
def refresh():
    user = get_current_user()
    return jsonify(
        access_token=create_access_token(
            identity=user,  # the same one
            additional_claims={"roles": user.roles},
        )
    )


@app.delete("/logout")
@jwt_required(verify_type=False)
def logout():
    BLOCKLIST.add(get_jwt()["jti"])
    return jsonify(code="bye")


@app.get("/me")
@jwt_required()
def me():
    place = get_jwt_request_location()
    return f"{current_user.name} {get_jwt_identity()} {get_jwt_header()['alg']} {place}"


@app.get("/greeting")
@jwt_required(optional=True)
def greeting():
    identity = get_jwt_identity()
    user = get_current_user()
    if identity is None and user is None and not current_user:
        return "hello stranger"
    return f"hello {user.name}, {get_jwt().get('sub')}"


@app.get("/claims")
@jwt_required()
def claims():
    found = get_jwt()
    found["seen"] = True
    return jsonify(found)


@app.put("/name")
@jwt_required(fresh=True)
def rename():
    return jsonify(code="done")


@app.get("/users")
@admin_required
def users():
    return jsonify([user.name for user in USERS.values()])


@app.get("/maybe")
def maybe():
    try:
        verify_jwt_in_request()
    except NoAuthorizationError:
        return "no token"
    return "token"
