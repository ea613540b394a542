"""Let other libraries do what tests ask for, and read their tokens as an application does."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Iterable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from jwtpolicy import JWTManager, current_token, protect
from jwtpolicy.keys.key import MIN_SECRET
from jwtpolicy.tokens.jose import encoded_segment
from tests.services import missing
from tests.services.implementations import IMPLEMENTATIONS, Job, ask

#: The libraries that make keys of their own, and the algorithms of these.
MAKERS = [name for name, library in IMPLEMENTATIONS.items() if library.makes_keys]
ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")


def answers_of(library: str, jobs: Iterable[Job]) -> list[Job]:
    """Return the answers of a library; the test is skipped if it is not installed."""
    command = IMPLEMENTATIONS[library].command()
    if command is None:
        missing(library, "it is not installed")
    return ask(command, jobs)


def claims_of_now(**more: object) -> dict[str, Any]:
    """Return the claims that every token needs, and *more*."""
    now = int(time.time())
    return {"sub": "ada", "jti": uuid.uuid4().hex, "iat": now, "exp": now + 900, **more}


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
