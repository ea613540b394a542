"""API keys: tokens without an end for machines, made on the command line, taken out of service."""

from __future__ import annotations

import click
import jwt as pyjwt
from flask import Flask, jsonify
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    decode_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)

SECRET = "the tests of this application sign with this"
RETIRED: set[str] = set()


def create_app():
    app = Flask(__name__)
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    app.config.update(
        JWT_ACCESS_TOKEN_EXPIRES=False, JWT_HEADER_NAME="X-Api-Key", JWT_HEADER_TYPE=""
    )
    jwt = JWTManager(app)
    jwt.token_in_blocklist_loader(lambda header, payload: payload["jti"] in RETIRED)
    jwt.unauthorized_loader(lambda reason: (jsonify(error="send an X-Api-Key", why=reason), 401))
    RETIRED.clear()

    @app.cli.command("make-key")
    @click.argument("machine")
    @click.option("--can", multiple=True)
    def make_key(machine, can):
        click.echo(create_access_token(machine, additional_claims={"can": list(can)}))

    @app.cli.command("retire-key")
    @click.argument("key")
    def retire_key(key):
        RETIRED.add(decode_token(key)["jti"])

    @app.get("/reading")
    @jwt_required()
    def reading():
        if "read" not in get_jwt()["can"]:
            return jsonify(error="this key cannot read"), 403
        return jsonify(machine=get_jwt_identity(), ends="exp" in get_jwt())

    return app


def make_key(app, *arguments):
    return app.test_cli_runner().invoke(args=["make-key", *arguments]).output.strip()


def test_a_key_of_the_command_line_passes(app, client):
    key = make_key(app, "sensor", "--can", "read")
    answer = client.get("/reading", headers={"X-Api-Key": key})
    assert answer.json == {"machine": "sensor", "ends": False}


def test_a_key_has_no_end(app):
    key = make_key(app, "sensor")
    assert "exp" not in pyjwt.decode(key, options={"verify_signature": False})


def test_a_key_can_do_what_it_was_made_for(app, client):
    key = make_key(app, "sensor", "--can", "write")
    assert client.get("/reading", headers={"X-Api-Key": key}).status_code == 403


def test_a_retired_key_is_dead_and_others_are_not(app, client):
    old, new = make_key(app, "sensor", "--can", "read"), make_key(app, "sensor", "--can", "read")
    app.test_cli_runner().invoke(args=["retire-key", old])
    statuses = [
        client.get("/reading", headers={"X-Api-Key": key}).status_code for key in (old, new)
    ]
    assert statuses == [401, 200]


def test_no_key_and_a_bad_one_are_told_apart(client):
    nothing, bad = client.get("/reading"), client.get("/reading", headers={"X-Api-Key": "x"})
    assert (nothing.status_code, nothing.json["error"]) == (401, "send an X-Api-Key")
    assert (bad.status_code, bad.json) == (422, {"msg": "Not enough segments"})
