"""Read tokens of other libraries as an application does that only verifies."""

from __future__ import annotations

import base64

from flask import Flask
from flask.testing import FlaskClient

from jwtpolicy import JWTManager, current_token, protect
from jwtpolicy.keys.key import MIN_SECRET
from jwtpolicy.tokens.jose import encoded_segment


def reader(algorithm: str, key: str) -> FlaskClient:
    """Return a client of an application that tells whose token it is, at ``/me``.

    Args:
        algorithm: ``JWT_ALGORITHM``.
        key: What verifies: a public key as PEM or JWK, or a secret.
    """
    app = Flask("tests.interop.reader")
    name = "JWT_SECRET_KEY" if algorithm in MIN_SECRET else "JWT_PUBLIC_KEY"
    app.config.update({"JWT_ALGORITHM": algorithm, name: key})
    JWTManager(app, baseline=None)
    app.get("/me")(protect(lambda: current_token.subject))
    return app.test_client()


def altered(token: str) -> str:
    """Return *token* with one bit of its signature turned."""
    head, payload, text = token.split(".")
    signature = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    signature[len(signature) // 2] ^= 1
    return f"{head}.{payload}.{encoded_segment(bytes(signature))}"
