"""Offer applications that are protected by the bridge, written as for Flask-JWT-Extended."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask, jsonify
from flask.testing import FlaskClient

from jwtpolicy.compat.flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt_identity,
    get_jwt_request_location,
    jwt_required,
)
from jwtpolicy.keys import Key
from tests.attacks.test_forged_tokens import segment
from tests.conftest import SECRET, bearer

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE", "QUERY"]
#: Paths, with what their guard was told.
GUARDS: dict[str, dict[str, Any]] = {
    "/access": {},
    "/fresh": {"fresh": True},
    "/refresh": {"refresh": True},
    "/optional": {"optional": True},
    "/either": {"verify_type": False},
}


def who() -> Any:
    """Answer with who came, and from where."""
    return jsonify(sub=get_jwt_identity(), at=get_jwt_request_location())


@dataclass
class Bridged:
    """An application behind the bridge."""

    app: Flask
    manager: JWTManager

    @property
    def client(self) -> FlaskClient:
        """A client without cookies."""
        return self.app.test_client()

    def access(self, identity: Any = "ada", **arguments: Any) -> str:
        with self.app.app_context():
            return create_access_token(identity, **arguments)

    def refresh(self, identity: Any = "ada", **arguments: Any) -> str:
        with self.app.app_context():
            return create_refresh_token(identity, **arguments)

    def get(self, path: str, token: str, **arguments: Any) -> Any:
        return self.client.get(path, headers=bearer(token), **arguments)

    def status(self, path: str, token: str) -> int:
        return int(self.get(path, token).status_code)

    def with_cookie(self, token: str, name: str = "access_token_cookie") -> FlaskClient:
        """Return a client whose browser would send *token*."""
        client = self.client
        client.set_cookie(name, token)
        return client


@pytest.fixture
def make_bridged() -> Callable[..., Bridged]:
    """Return a factory of applications; keywords are settings without ``JWT_``."""

    def make(**settings: Any) -> Bridged:
        app = Flask("tests.bridged")
        app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
        app.config.update({f"JWT_{name.upper()}": value for name, value in settings.items()})
        manager = JWTManager(app)
        for path, guard in GUARDS.items():
            view = jwt_required(**guard)(who)
            app.add_url_rule(path, path, view, methods=METHODS)
        app.add_url_rule("/open", "open", lambda: "in", methods=METHODS)
        return Bridged(app, manager)

    return make


@pytest.fixture
def bridged(make_bridged: Callable[..., Bridged]) -> Bridged:
    return make_bridged()


def claims(**changes: Any) -> dict[str, Any]:
    """Return claims as Flask-JWT-Extended writes them; None takes one away."""
    now = int(time.time())
    found = {"fresh": False, "iat": now, "jti": "j", "type": "access", "sub": "ada", "nbf": now}
    found |= {"csrf": "c", "exp": now + 900} | changes
    return {name: value for name, value in found.items() if value is not None}


def forged(body: Any, header: Any = None, secret: str = SECRET) -> str:
    """Return a token of exactly these bytes or members, with a good signature."""
    header = {"alg": "HS256", "typ": "JWT"} if header is None else header
    parts = [p if isinstance(p, bytes) else json.dumps(p).encode() for p in (header, body)]
    text = ".".join(map(segment, parts))
    return f"{text}.{segment(Key(secret, 'HS256').sign(text.encode()))}"
