"""The check of trusted issuers: whether their keys can be fetched."""

from __future__ import annotations

from typing import Any

from flask import Flask

from jwtpolicy import Issuer, JWTManager
from tests.support.applications import SECRET
from tests.support.checklists import verdict
from tests.support.faulty_key_server import faulty_key_server
from tests.support.issuers import issuer
from tests.support.key_answers import failure


def trusting(*issuers: Issuer) -> Flask:
    app = Flask("trusting")
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
    jwt: JWTManager[Any] = JWTManager()
    for one in issuers:
        jwt.trust(one)
    jwt.init_app(app)
    return app


def test_an_application_without_issuers_has_nothing_to_fetch() -> None:
    assert verdict(trusting(), "issuers") == "ok: no other issuer is trusted by its URL"


def test_given_keys_are_there() -> None:
    found = verdict(trusting(issuer()), "issuers")

    assert found == "ok: the keys of https://login.example.com are there"


def test_keys_that_cannot_be_fetched_are_a_failure() -> None:
    with faulty_key_server() as server:
        url = server.script("/jwks", failure(500))
        there = Issuer(server.url, audience="api", jwks_uri=url, allow_http=True)
        found = verdict(trusting(there), "issuers")

    assert found.startswith(f"failure: the keys of {server.url} cannot be fetched")
    assert "allow_http=True, which is for an issuer on the same machine" in found


def test_http_is_a_warning() -> None:
    local = issuer("http://127.0.0.1:9", allow_http=True)

    assert verdict(trusting(local), "issuers").startswith("warning: http://127.0.0.1:9: allow_http")


def test_an_issuer_that_cannot_be_reached_is_a_failure() -> None:
    nobody = Issuer("https://127.0.0.1:9", audience="api")

    assert verdict(trusting(nobody), "issuers").startswith("failure: the keys of https://127")
