"""Offer applications behind the bridge, and tokens as Flask-JWT-Extended writes them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, jsonify
from flask.testing import FlaskClient

from jwtpolicy.compat.flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt_identity,
    get_jwt_request_location,
)
from jwtpolicy.exceptions import InvalidTokenError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.tokens.verifier import Verifier
from tests.support.applications import SECRET
from tests.support.forgeries import HEADER, KEY, signed
from tests.support.requests import bearer

#: Those that each view of such an application has.
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE", "QUERY"]
#: Paths, with what their guard was told.
GUARDS: dict[str, dict[str, Any]] = {
    "/access": {},
    "/fresh": {"fresh": True},
    "/refresh": {"refresh": True},
    "/optional": {"optional": True},
    "/either": {"verify_type": False},
}

_NATIVE = Verifier(ring=KeyRing(KEY), clock=time.time)


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


#: The fixture ``make_bridged``; keywords are settings without ``JWT_``.
MakeBridged = Callable[..., Bridged]


def claims(**changes: Any) -> dict[str, Any]:
    """Return claims as Flask-JWT-Extended writes them; None takes one away."""
    now = int(time.time())
    found = {"fresh": False, "iat": now, "jti": "j", "type": "access", "sub": "ada", "nbf": now}
    found |= {"csrf": "c", "exp": now + 900} | changes
    return {name: value for name, value in found.items() if value is not None}


def forged(body: Any, header: Any = None, secret: str = SECRET) -> str:
    """Return a token of exactly these bytes or members, with a good signature."""
    return signed(HEADER if header is None else header, body, Key(secret, "HS256"))


def passes_natively(token: object) -> bool:
    """Whether the native verifier takes a token as an access token."""
    try:
        _NATIVE.verify(token, kinds=frozenset({"access"}))
    except InvalidTokenError:
        return False
    return True
