"""Stores and users on Flask-RESTful: fresh tokens, refreshing, a blocklist, every loader worded."""

from __future__ import annotations

from flask import Flask, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)
from flask_restful import Api, Resource

SECRET = "the tests of this application sign with this"
USERS = {"1": ("jose", "asdf"), "2": ("rolf", "1234")}
BLOCKLIST: set[str] = set()
ITEMS: dict[str, float] = {}


class UserLogin(Resource):
    def post(self):
        given = request.get_json()
        for key, user in USERS.items():
            if user == (given["username"], given["password"]):
                return {
                    "access_token": create_access_token(identity=key, fresh=True),
                    "refresh_token": create_refresh_token(key),
                }, 200
        return {"message": "Invalid credentials!"}, 401


class UserLogout(Resource):
    @jwt_required()
    def post(self):
        BLOCKLIST.add(get_jwt()["jti"])
        return {"message": f"User <id={get_jwt_identity()}> logged out."}, 200


class TokenRefresh(Resource):
    @jwt_required(refresh=True)
    def post(self):
        return {"access_token": create_access_token(identity=get_jwt_identity(), fresh=False)}, 200


class Item(Resource):
    @jwt_required()
    def get(self, name):
        return ({"name": name, "price": ITEMS[name]}, 200) if name in ITEMS else ({}, 404)

    @jwt_required(fresh=True)
    def post(self, name):
        ITEMS[name] = request.get_json()["price"]
        return {"name": name}, 201

    @jwt_required()
    def delete(self, name):
        if not get_jwt()["is_admin"]:
            return {"message": "Admin privilege required."}, 401
        ITEMS.pop(name, None)
        return {"message": "Item deleted."}, 200


def create_app():
    app = Flask(__name__)
    app.config.update(TESTING=True, PROPAGATE_EXCEPTIONS=True, JWT_SECRET_KEY=SECRET)
    jwt = JWTManager(app)

    @jwt.additional_claims_loader
    def add_claims_to_jwt(identity):
        return {"is_admin": identity == "1"}

    @jwt.token_in_blocklist_loader
    def check_if_token_in_blocklist(jwt_header, jwt_payload):
        return jwt_payload["jti"] in BLOCKLIST

    @jwt.expired_token_loader
    def expired_token_callback(jwt_header, jwt_payload):
        return jsonify({"message": "The token has expired.", "error": "token_expired"}), 401

    @jwt.invalid_token_loader
    def invalid_token_callback(error):
        return jsonify({"message": "Verification failed.", "error": "invalid_token"}), 401

    @jwt.unauthorized_loader
    def missing_token_callback(error):
        return jsonify({"description": "No token.", "error": "authorization_required"}), 401

    @jwt.needs_fresh_token_loader
    def token_not_fresh_callback(jwt_header, jwt_payload):
        return jsonify({"description": "Not fresh.", "error": "fresh_token_required"}), 401

    @jwt.revoked_token_loader
    def revoked_token_callback(jwt_header, jwt_payload):
        return jsonify({"description": "Revoked.", "error": "token_revoked"}), 401

    api = Api(app)
    api.add_resource(UserLogin, "/login")
    api.add_resource(UserLogout, "/logout")
    api.add_resource(TokenRefresh, "/refresh")
    api.add_resource(Item, "/item/<string:name>")
    BLOCKLIST.clear()
    ITEMS.clear()
    return app


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def log_in(client, name="jose", password="asdf"):
    answer = client.post("/login", json={"username": name, "password": password})
    return answer.json["access_token"], answer.json["refresh_token"]


def test_a_wrong_password_is_refused(client):
    answer = client.post("/login", json={"username": "jose", "password": "x"})
    assert (answer.status_code, answer.json) == (401, {"message": "Invalid credentials!"})


def test_items_are_made_by_who_has_just_logged_in(client):
    access, refresh = log_in(client)
    stale = client.post("/refresh", headers=bearer(refresh)).json["access_token"]
    assert (
        client.post("/item/chair", json={"price": 1.5}, headers=bearer(access)).status_code == 201
    )
    again = client.post("/item/table", json={"price": 9}, headers=bearer(stale))
    assert (again.status_code, again.json["error"]) == (401, "fresh_token_required")
    assert client.get("/item/chair", headers=bearer(stale)).json == {"name": "chair", "price": 1.5}


def test_admins_delete(client):
    (admin, _), (user, _) = log_in(client), log_in(client, "rolf", "1234")
    assert client.delete("/item/chair", headers=bearer(user)).status_code == 401
    assert client.delete("/item/chair", headers=bearer(admin)).json == {"message": "Item deleted."}


def test_a_logout_ends_a_token(client):
    access, _ = log_in(client)
    assert client.post("/logout", headers=bearer(access)).json["message"].startswith("User <id=1>")
    answer = client.get("/item/chair", headers=bearer(access))
    assert (answer.status_code, answer.json["error"]) == (401, "token_revoked")
    assert client.get("/item/chair", headers=bearer(log_in(client)[0])).status_code == 404


def test_every_refusal_has_its_words(client, app):
    access, refresh = log_in(client)
    with app.app_context():
        over = create_access_token("1", expires_delta=-__import__("datetime").timedelta(seconds=5))
    found = [
        client.get("/item/x", headers=headers).json["error"]
        for headers in ({}, bearer("x"), bearer(over), bearer(refresh))
    ]
    assert found == ["authorization_required", "invalid_token", "token_expired", "invalid_token"]
    assert client.post("/refresh", headers=bearer(access)).json["error"] == "invalid_token"
