"""Tokens of its own kind: another identity claim, a key for each tenant, tokens of partners."""

from __future__ import annotations

import time

import jwt as pyjwt
from flask import Flask, current_app, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    decode_token,
    get_jwt,
    get_jwt_header,
    get_jwt_identity,
    get_unverified_jwt_headers,
    jwt_required,
)

KEYS = {
    "red": "the key of the red tenant, which is long",
    "blue": "the key of the blue tenant, which is long",
}


def create_app():
    app = Flask(__name__)
    app.config.update(TESTING=True, JWT_SECRET_KEY="nobody signs with this one, or verifies by it")
    app.config.update(
        JWT_IDENTITY_CLAIM="user_id", JWT_ENCODE_ISSUER="shop", JWT_DECODE_ISSUER="shop"
    )
    app.config.update(
        JWT_ENCODE_AUDIENCE="web", JWT_DECODE_AUDIENCE=["web", "app"], JWT_DECODE_LEEWAY=10
    )
    jwt = JWTManager(app)
    jwt.user_identity_loader(lambda user: user["id"])
    jwt.additional_claims_loader(lambda user: {"tenant": user["tenant"], "plan": "free"})
    jwt.additional_headers_loader(lambda user: {"kid": user["tenant"]})
    jwt.encode_key_loader(lambda user: KEYS[user["tenant"]])

    @jwt.decode_key_loader
    def key_of_tenant(header, payload):
        return KEYS[header["kid"]]

    @jwt.token_verification_loader
    def is_of_its_tenant(header, payload):
        return payload["tenant"] == header["kid"]

    @app.post("/token")
    def token():
        user = request.json
        encoded = create_access_token(user, additional_claims={"plan": "paid"})
        kept = decode_token(encoded)[current_app.config["JWT_IDENTITY_CLAIM"]]
        return jsonify(token=encoded, for_=kept, kid=get_unverified_jwt_headers(encoded)["kid"])

    @app.get("/lifetime")
    def lifetime():
        return jsonify(seconds=current_app.config["JWT_ACCESS_TOKEN_EXPIRES"].total_seconds())

    @app.get("/who")
    @jwt_required()
    def who():
        return jsonify(me=get_jwt_identity(), plan=get_jwt()["plan"], kid=get_jwt_header()["kid"])

    return app


def make_token(client, name="ada", tenant="red"):
    return client.post("/token", json={"id": name, "tenant": tenant}).json["token"]


def signed(kid="red", key=None, **changes):
    """Return what a partner signs with the tenant's key, by other means."""
    now = int(time.time())
    claims = {"user_id": "eve", "tenant": kid, "plan": "own", "iss": "shop", "aud": "app"}
    claims |= {"iat": now, "exp": now + 60, "jti": "1", "type": "access", "fresh": False} | changes
    members = {name: value for name, value in claims.items() if value is not None}
    return pyjwt.encode(members, key or KEYS[kid], headers={"kid": kid})


def ask(client, token):
    return client.get("/who", headers={"Authorization": f"Bearer {token}"})


def test_a_token_says_who_it_is_for(client):
    answer = client.post("/token", json={"id": "ada", "tenant": "red"})
    assert (answer.json["for_"], answer.json["kid"]) == ("ada", "red")
    assert ask(client, answer.json["token"]).json == {"me": "ada", "plan": "paid", "kid": "red"}


def test_the_key_of_one_tenant_does_not_open_another(client):
    assert ask(client, signed("blue", KEYS["red"])).status_code == 422
    assert ask(client, signed("blue")).json["kid"] == "blue"
    crossed = ask(client, signed("blue", tenant="red"))
    assert (crossed.status_code, crossed.json["msg"]) == (400, "User claims verification failed")


def test_a_partners_token_passes(client):
    assert ask(client, signed()).json == {"me": "eve", "plan": "own", "kid": "red"}


def test_an_issuer_and_an_audience_are_asked_for(client):
    for change in ({"iss": "other"}, {"aud": "other"}, {"aud": None}, {"iss": None}):
        assert ask(client, signed(**change)).status_code == 422


def test_a_little_late_is_in_time(client):
    now = int(time.time())
    assert ask(client, signed(exp=now - 3)).status_code == 200
    assert ask(client, signed(exp=now - 60)).status_code == 401


def test_a_partners_token_need_not_say_what_kind_it_is(client):
    assert ask(client, signed(type=None)).json["me"] == "eve"


def test_an_identity_may_be_a_number(client):
    assert ask(client, signed(user_id=7)).json["me"] == 7


def test_the_settings_say_how_long_tokens_live(client):
    assert client.get("/lifetime").json == {"seconds": 900.0}
