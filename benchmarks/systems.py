"""Build the applications that are compared: bare, hand-written, Flask-JWT-Extended, ours."""

from __future__ import annotations

import functools
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flask_jwt_extended as fje
import jwt as pyjwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from flask import Flask, abort, jsonify, request

from jwtpolicy import Fresh, HasRole, HasScope, JWTManager, NotRevoked, protect
from jwtpolicy.stores import MemoryStore, SQLiteStore

ROLES = {"roles": ["admin"], "scope": "reports:read"}
#: What a bare view answers, and every guarded one too.
ANSWER = {"ok": True}


@dataclass(frozen=True)
class KeyPair:
    """The keys of one algorithm, as an application's settings name them."""

    algorithm: str
    signing: str
    verifying: str

    @property
    def settings(self) -> dict[str, Any]:
        if self.algorithm.startswith("HS"):
            return {"JWT_ALGORITHM": self.algorithm, "JWT_SECRET_KEY": self.signing}
        return {
            "JWT_ALGORITHM": self.algorithm,
            "JWT_PRIVATE_KEY": self.signing,
            "JWT_PUBLIC_KEY": self.verifying,
        }


def make_keys(algorithm: str) -> KeyPair:
    """Return new keys for *algorithm*."""
    if algorithm.startswith("HS"):
        secret = secrets.token_urlsafe(48)
        return KeyPair(algorithm, secret, secret)
    makers: dict[str, Callable[[], Any]] = {
        "RS256": lambda: rsa.generate_private_key(65537, 2048),
        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate,
    }
    private = makers[algorithm]()
    return KeyPair(
        algorithm,
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    )


class System:
    """One application: its WSGI callable, a token that it accepts, and how it issues one."""

    name: str

    def __init__(self, keys: KeyPair) -> None:
        self.keys = keys
        self.app = Flask(self.name)
        self.app.config.update(keys.settings)
        self.build()

    def build(self) -> None:
        raise NotImplementedError

    def token(self) -> str:
        raise NotImplementedError


class Bare(System):
    """No protection: what the others are compared with."""

    name = "bare"

    def build(self) -> None:
        @self.app.get("/plain")
        @self.app.get("/tree")
        def view() -> Any:
            return jsonify(ANSWER)

    def token(self) -> str:
        return ""


class HandWritten(System):
    """A careful decorator on ``jwt.decode``."""

    name = "hand-written"

    def build(self) -> None:
        def required(view: Callable[[], Any]) -> Callable[[], Any]:
            @functools.wraps(view)
            def inner() -> Any:
                scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
                if scheme.lower() != "bearer":
                    abort(401)
                try:
                    claims = pyjwt.decode(
                        encoded,
                        self.keys.verifying,
                        algorithms=[self.keys.algorithm],
                        options={"require": ["exp", "iat", "sub", "jti", "type"]},
                    )
                except pyjwt.PyJWTError:
                    abort(401)
                if claims["type"] != "access":
                    abort(401)
                return view()

            return inner

        @self.app.get("/plain")
        @required
        def plain() -> Any:
            return jsonify(ANSWER)

    def token(self) -> str:
        now = int(time.time())
        claims = {
            "sub": "u1",
            "iat": now,
            "exp": now + 900,
            "jti": str(uuid.uuid4()),
            "type": "access",
        }
        return pyjwt.encode(claims, self.keys.signing, self.keys.algorithm)


class FlaskJWTExtended(System):
    """Flask-JWT-Extended, with a block list, a user look-up and role checks in the view."""

    name = "flask-jwt-extended"

    def build(self) -> None:
        manager = fje.JWTManager(self.app)
        revoked: set[str] = set()
        users = {"u1": {"id": "u1"}}

        @self.app.get("/plain")
        @fje.jwt_required()
        def plain() -> Any:
            return jsonify(ANSWER)

        @manager.token_in_blocklist_loader
        def is_revoked(_header: Any, claims: Any) -> bool:
            return claims["jti"] in revoked

        @manager.user_lookup_loader
        def load(_header: Any, claims: Any) -> Any:
            return users.get(claims["sub"])

        @self.app.get("/tree")
        @fje.jwt_required(fresh=True)
        def tree() -> Any:
            claims = fje.get_jwt()
            is_allowed = "admin" in claims["roles"] or "reports:read" in claims["scope"].split()
            if not is_allowed or fje.current_user is None:
                abort(403)
            return jsonify(ANSWER)

    def token(self) -> str:
        with self.app.app_context():
            return fje.create_access_token("u1", fresh=True, additional_claims=ROLES)


class Ours(System):
    """jwtpolicy with the memory store."""

    name = "jwtpolicy"

    def make_store(self) -> Any:
        return MemoryStore()

    def build(self) -> None:
        self.manager = JWTManager(self.app, store=self.make_store())

        @self.app.get("/plain")
        @protect()
        def plain() -> Any:
            return jsonify(ANSWER)

    def token(self) -> str:
        with self.app.app_context():
            claims = {"roles": ROLES["roles"]}
            return self.manager.issue("u1", fresh=True, scope=ROLES["scope"], claims=claims)


class OursWithTree(Ours):
    """jwtpolicy with the memory store, a user loader and a tree of policies."""

    name = "jwtpolicy, full tree"

    def build(self) -> None:
        super().build()
        users = {"u1": {"id": "u1"}}
        self.manager.user_loader(lambda token: users.get(token.subject))

        @self.app.get("/tree")
        @protect(Fresh() & (HasRole("admin") | HasScope("reports:read")) & NotRevoked())
        def tree() -> Any:
            return jsonify(ANSWER)


class OursOnSQLite(Ours):
    """jwtpolicy with the default store."""

    name = "jwtpolicy, SQLite"

    def make_store(self) -> Any:
        import tempfile
        from pathlib import Path

        return SQLiteStore(Path(tempfile.mkdtemp()) / "store.sqlite3")
