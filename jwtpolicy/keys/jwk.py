"""Keys as JSON Web Keys (RFC 7517): read from one, published as one, written to a file as one."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

from ..exceptions import ConfigurationError
from .key import Key, implementation_of

#: The members of a public key, by ``kty``; whatever else a JWK holds may be its private half.
_PUBLIC: Final[Mapping[str, tuple[str, ...]]] = {
    "RSA": ("kty", "n", "e"),
    "EC": ("kty", "crv", "x", "y"),
    "OKP": ("kty", "crv", "x"),
}
#: The algorithms of keys by their curve: one, which has two names for Ed25519 (RFC 9864).
_BY_CURVE: Final = {
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("EdDSA", "Ed25519"),
}
#: Characters of a ``kid`` that headers of tokens may have (PARSE-8).
_MAX_KEY_ID: Final = 256
#: Operations of which one has to be listed, if ``key_ops`` is there (RFC 7517 section 4.3).
_OPERATIONS: Final = frozenset({"sign", "verify"})


def public_jwk(key: Key) -> dict[str, str]:
    """Return the public half of *key*, with ``kid``, ``alg`` and ``use`` (KEY-3).

    Raises:
        ConfigurationError: The key is an HMAC secret, which has no public half.
    """
    members = implementation_of(key.algorithm).to_jwk(key.public()._material, as_dict=True)
    # By a list of names: what a later version of PyJWT adds is not published unseen.
    public = {name: members[name] for name in _PUBLIC[members["kty"]]}
    return {**public, "kid": str(key.key_id), "alg": key.algorithm, "use": "sig"}


def private_jwk(key: Key) -> dict[str, object]:
    """Return *key* whole, its secret half too, with ``kid``, ``alg`` and ``use``."""
    if isinstance(key._material, bytes):
        secret = base64.urlsafe_b64encode(key._material).rstrip(b"=").decode("ascii")
        members: dict[str, object] = {"kty": "oct", "k": secret}
    else:
        members = dict(implementation_of(key.algorithm).to_jwk(key._material, as_dict=True))
        members.pop("key_ops", None)  # several libraries refuse to verify with what may sign
    return {**members, "kid": key.key_id, "alg": key.algorithm, "use": "sig"}


def key_from_jwk(members: Mapping[str, object], algorithm: str | None = None) -> Key:
    """Return the key of a JWK.

    Args:
        members: The members of the JWK.
        algorithm: The algorithm, if the JWK has no ``alg`` and its type of key could have several;
            an Ed25519 key could have two names of one.

    Raises:
        ConfigurationError: It is no key that signs or verifies, ``alg`` is missing, or the key
            does not fit it or is weak. The message shows nothing of the key.
    """
    _check_use(members)
    kid = _checked_kid(members.get("kid"))
    name = members.get("alg") or _without_alg(members.get("crv"), algorithm)
    if not isinstance(name, str):
        msg = f"a JWK of the type {members.get('kty')!r:.20} needs alg, such as RS256"
        raise ConfigurationError(msg)
    if members.get("kty") == "oct":
        return Key(_secret(members.get("k")), name, kid)
    try:
        material = implementation_of(name).from_jwk(dict(members))
    except ConfigurationError:
        raise
    except Exception as error:  # noqa: BLE001 # whatever it is, the text may show the key
        msg = f"the JWK is no key for {name} ({type(error).__name__})"
        raise ConfigurationError(msg) from None
    return Key(material, name, kid)


def _without_alg(curve: object, algorithm: str | None) -> str | None:
    names = _BY_CURVE.get(str(curve))
    return algorithm if names is None or algorithm in names else names[0]


def _checked_kid(kid: object) -> str | None:
    """Return the ``kid`` of a JWK, if tokens may have it and a terminal can show it."""
    if kid is None:
        return None
    if not isinstance(kid, str) or not 0 < len(kid) <= _MAX_KEY_ID or not kid.isprintable():
        msg = f"the kid of the JWK is not a text of 1 to {_MAX_KEY_ID} printable characters"
        raise ConfigurationError(msg)
    return kid


def _check_use(members: Mapping[str, object]) -> None:
    operations = members.get("key_ops")
    if members.get("use", "sig") != "sig":
        msg = f"the JWK is for use {members['use']!r:.20}, not sig"
        raise ConfigurationError(msg)
    if operations is not None and not (
        isinstance(operations, list) and any(name in _OPERATIONS for name in operations)
    ):
        msg = "the key_ops of the JWK name neither sign nor verify"
        raise ConfigurationError(msg)


def _secret(text: object) -> bytes:
    try:
        padded = str(text if isinstance(text, str) else "?").encode("ascii")
        return base64.b64decode(padded + b"=" * (-len(padded) % 4), b"-_", validate=True)
    except ValueError:
        msg = "the k of the JWK is not base64url"
        raise ConfigurationError(msg) from None
