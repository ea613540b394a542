"""Tokens of an issuer that writes no ``jti`` are looked up by their subject alone."""

from __future__ import annotations

import time

import pytest
from flask import Flask

from jwtpolicy import IssuedBy, JWTManager, protect
from jwtpolicy.stores import MemoryStore
from tests.support.issuers import URL, application, foreign, issuer, status


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def app(store: MemoryStore) -> Flask:
    """Return an application that only verifies, and asks the store."""
    app = Flask("verifying")
    app.config["TESTING"] = True
    jwt: JWTManager = JWTManager(store=store)
    jwt.trust(issuer(requires_jti=False))
    jwt.init_app(app)

    @app.get("/")
    @protect(IssuedBy(URL))
    def view() -> str:
        return "in"

    return app


def test_a_token_without_an_id_passes_where_the_store_is_asked(app: Flask) -> None:
    assert status(app, foreign(jti=None)) == 200


def test_it_is_refused_if_its_subject_was_revoked(app: Flask, store: MemoryStore) -> None:
    now = time.time()
    store.revoke_subject(URL, "ada", now=now, until=int(now) + 600)

    assert status(app, foreign(jti=None)) == 401
    assert status(app, foreign(jti=None, sub="bob")) == 200


def test_an_id_is_demanded_by_default() -> None:
    app, _ = application(IssuedBy(URL), issuers=(issuer(),))

    assert status(app, foreign(jti=None)) == 401
