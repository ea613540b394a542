"""Offer another issuer with its own key, and applications that trust it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask

from jwtpolicy import Issuer, JWTManager, Policy, current_token, protect
from jwtpolicy.keys import Key
from tests.support.applications import SECRET

URL = "https://login.example.com"
AUDIENCE = "https://api.example.com"


@cache
def rsa_key(name: str = "login") -> rsa.RSAPrivateKey:
    """Return a private RSA key, one for each *name*."""
    return rsa.generate_private_key(65537, 2048)


def public(name: str = "login", kid: str = "k1") -> Key:
    return Key(rsa_key(name).public_key(), "RS256", kid)


def issuer(url: str = URL, **arguments: Any) -> Issuer:
    """Return a trusted issuer with one RS256 key."""
    given: dict[str, Any] = {"audience": AUDIENCE, "keys": [public()], **arguments}
    return Issuer(url, **given)


def give_keys(patch: pytest.MonkeyPatch) -> None:
    """Give the key of these tests to each issuer that names none, so that nothing is fetched."""
    made = Issuer.__init__

    def init(self: Issuer, url: str, **arguments: Any) -> None:
        arguments.pop("jwks_uri", None)
        made(self, url, **{"keys": [public()], **arguments})

    patch.setattr(Issuer, "__init__", init)


def foreign(
    *,
    kid: str | None = "k1",
    media_type: str | None = "at+jwt",
    name: str = "login",
    **claims: Any,
) -> str:
    """Return an access token as the issuer signs one; a claim of None is left out."""
    now = int(time.time())
    usual: dict[str, Any] = {
        "iss": URL,
        "aud": AUDIENCE,
        "sub": "ada",
        "client_id": "web",
        "iat": now,
        "exp": now + 300,
        "jti": "j1",
    }
    payload = {key: value for key, value in {**usual, **claims}.items() if value is not None}
    headers: dict[str, str | None] = {"typ": media_type, **({"kid": kid} if kid else {})}
    return signed_by_issuer(payload, headers, name)


def signed_by_issuer(
    claims: dict[str, Any], headers: dict[str, str | None], name: str = "login"
) -> str:
    """Return a token with any claims at all: `jwt.encode` refuses some that are malformed."""
    payload = json.dumps(claims).encode()
    return pyjwt.PyJWS().encode(payload, rsa_key(name), "RS256", headers=headers)


def application(
    *policies: Policy,
    issuers: tuple[Issuer, ...] = (),
    own: bool = True,
    manager: JWTManager | None = None,
    **settings: Any,
) -> tuple[Flask, JWTManager]:
    """Return an application with one view, `/`, that trusts *issuers*; *own*: it has a key too."""
    app = Flask("trusting")
    app.config.update(TESTING=True, JWT_STORE_URL="memory://", **settings)
    if own:
        app.config.setdefault("JWT_SECRET_KEY", SECRET)
    jwt: JWTManager = manager or JWTManager()
    for one in issuers:
        jwt.trust(one)
    jwt.init_app(app)

    @app.get("/")
    @protect(*policies)
    def view() -> dict[str, Any]:
        return {"sub": current_token.subject, "claims": dict(current_token.claims)}

    return app, jwt


def status(app: Flask, encoded: str) -> int:
    """Return the status of the view's answer to a request with this token."""
    return app.test_client().get("/", headers={"Authorization": f"Bearer {encoded}"}).status_code


Make = Callable[..., tuple[Flask, JWTManager]]
