"""Make the keys of one algorithm, in the forms in which an application keeps them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import jwt as pyjwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

_MAKERS: dict[str, Callable[[], Any]] = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


@dataclass(frozen=True)
class KeyPair:
    """The keys of one algorithm.

    Attributes:
        algorithm: Its name in a JOSE header.
        settings: What names them in the configuration of an application, as text.
        signing: What ``jwt.encode`` takes, parsed once.
        verifying: What ``jwt.decode`` takes, parsed once.
    """

    algorithm: str
    settings: dict[str, str]
    signing: Any
    verifying: Any


@cache
def make_keys(algorithm: str, secret: str | None = None) -> KeyPair:
    """Return keys for *algorithm*, the same each time: those of *secret* where it is HS256."""
    if algorithm == "HS256":
        text = secret or secrets.token_urlsafe(48)
        settings = {"JWT_ALGORITHM": algorithm, "JWT_SECRET_KEY": text}
        return KeyPair(algorithm, settings, text, text)
    private = _MAKERS[algorithm]()
    settings = {
        "JWT_ALGORITHM": algorithm,
        "JWT_PRIVATE_KEY": _private_pem(private),
        "JWT_PUBLIC_KEY": _public_pem(private.public_key()),
    }
    return KeyPair(algorithm, settings, private, private.public_key())


def aged(encoded: str, keys: KeyPair, seconds: int) -> str:
    """Return *encoded* as it would be had it been issued *seconds* ago, signed anew."""
    header = pyjwt.get_unverified_header(encoded)
    claims = pyjwt.decode(encoded, options={"verify_signature": False})
    past = {
        name: claims[name] - seconds
        for name in ("iat", "nbf", "exp", "auth_time")
        if name in claims
    }
    return pyjwt.encode(claims | past, keys.signing, keys.algorithm, header)


def _private_pem(key: Any) -> str:
    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode()


def _public_pem(key: Any) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem: bytes = key.public_bytes(serialization.Encoding.PEM, form)
    return pem.decode()
