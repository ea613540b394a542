"""Devices that a user sees and ends: a table of the tokens that were issued and may be used."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from flask import Blueprint, Flask, current_app, g, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    decode_token,
    get_jti,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)

SECRET = "the tests of this application sign with this"
TABLE = "CREATE TABLE tokens (jti TEXT PRIMARY KEY, kind TEXT, owner TEXT, revoked INT, ends INT)"
jwt = JWTManager()
bp = Blueprint("auth", __name__, url_prefix="/auth")


def database():
    return current_app.config["DATABASE"]


def add_token_to_database(encoded_token):
    decoded = decode_token(encoded_token)
    row = (decoded["jti"], decoded["type"], decoded["sub"], 0, decoded["exp"])
    database().execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?)", row)


@jwt.token_in_blocklist_loader
def is_token_revoked(jwt_header, jwt_payload):
    found = database().execute("SELECT revoked FROM tokens WHERE jti = ?", (jwt_payload["jti"],))
    row = found.fetchone()
    g.asked = getattr(g, "asked", 0) + 1
    return row is None or bool(row[0])


@bp.post("/login")
def login():
    name = request.json["name"]
    tokens = {"access": create_access_token(name), "refresh": create_refresh_token(name)}
    for token in tokens.values():
        add_token_to_database(token)
    return jsonify(tokens), 201


@bp.post("/refresh")
@jwt_required(refresh=True)
def refresh():
    access = create_access_token(get_jwt_identity())
    add_token_to_database(access)
    return jsonify(access=access, asked=g.asked), 201


@bp.get("/token")
@jwt_required()
def tokens():
    rows = database().execute("SELECT jti, kind FROM tokens WHERE owner = ?", (get_jwt_identity(),))
    return jsonify([{"jti": jti, "kind": kind} for jti, kind in rows])


@bp.put("/token/<jti>")
@jwt_required()
def modify(jti):
    statement = "UPDATE tokens SET revoked = ? WHERE jti = ? AND owner = ?"
    values = (request.json["revoke"], jti, get_jwt_identity())
    changed = database().execute(statement, values).rowcount
    return jsonify(changed=changed), 200 if changed else 404


@bp.delete("/logout")
@jwt_required(verify_type=False)
def logout():
    database().execute("UPDATE tokens SET revoked = 1 WHERE jti = ?", (get_jwt()["jti"],))
    return jsonify(msg=f"{get_jwt()['type']} token revoked")


def prune_database():
    database().execute("DELETE FROM tokens WHERE ends < ?", (datetime.now(UTC).timestamp(),))


def create_app():
    app = Flask(__name__)
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    app.config["DATABASE"] = sqlite3.connect(":memory:", check_same_thread=False)
    app.config["DATABASE"].execute(TABLE)
    jwt.init_app(app)
    app.register_blueprint(bp)
    return app


def log_in(client, name="ada"):
    made = client.post("/auth/login", json={"name": name}).json
    return {kind: {"Authorization": f"Bearer {token}"} for kind, token in made.items()}


def jti_of(app, headers):
    with app.app_context():
        return get_jti(headers["Authorization"].removeprefix("Bearer "))


def test_only_listed_tokens_pass(client, app):
    tokens = log_in(client)
    assert len(client.get("/auth/token", headers=tokens["access"]).json) == 2
    with app.app_context():
        unlisted = create_access_token("ada")
    answer = client.get("/auth/token", headers={"Authorization": f"Bearer {unlisted}"})
    assert (answer.status_code, answer.json) == (401, {"msg": "Token has been revoked"})


def test_a_refreshed_token_is_listed_and_the_table_asked_once(client):
    answer = client.post("/auth/refresh", headers=log_in(client)["refresh"])
    assert (answer.status_code, answer.json["asked"]) == (201, 1)
    headers = {"Authorization": f"Bearer {answer.json['access']}"}
    assert len(client.get("/auth/token", headers=headers).json) == 3


def test_a_device_is_ended_and_brought_back(client, app):
    phone, laptop = log_in(client), log_in(client)
    url = f"/auth/token/{jti_of(app, phone['access'])}"
    assert client.put(url, json={"revoke": True}, headers=laptop["access"]).json == {"changed": 1}
    assert client.get("/auth/token", headers=phone["access"]).status_code == 401
    client.put(url, json={"revoke": False}, headers=laptop["access"])
    assert client.get("/auth/token", headers=phone["access"]).status_code == 200


def test_nobody_ends_somebody_elses(client, app):
    ada, bob = log_in(client, "ada"), log_in(client, "bob")
    url = f"/auth/token/{jti_of(app, ada['access'])}"
    assert client.put(url, json={"revoke": True}, headers=bob["access"]).status_code == 404


def test_one_logout_takes_both_kinds(client):
    tokens = log_in(client)
    for kind in ("access", "refresh"):
        answer = client.delete("/auth/logout", headers=tokens[kind])
        assert answer.json == {"msg": f"{kind} token revoked"}
        assert client.delete("/auth/logout", headers=tokens[kind]).status_code == 401


def test_the_table_is_pruned(client, app):
    log_in(client)
    with app.app_context():
        database().execute("UPDATE tokens SET ends = 1 WHERE kind = 'access'")
        prune_database()
        assert database().execute("SELECT kind FROM tokens").fetchall() == [("refresh",)]
