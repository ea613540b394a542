"""Judge one member of another party's key set: which keys it is, or why it is none (KEY-4)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import Enum
from typing import Final, NamedTuple

from ..exceptions import ConfigurationError
from .jwk import key_from_jwk
from .key import Key

#: The members of a public key, by ``kty``. Nothing else of a JWK is used to make a key of it.
_PUBLIC: Final[Mapping[str, tuple[str, ...]]] = {
    "RSA": ("n", "e"),
    "EC": ("crv", "x", "y"),
    "OKP": ("crv", "x"),
}
#: The algorithms of a key, by ``kty`` and ``crv``.
_FITTING: Final[Mapping[tuple[object, object], frozenset[str]]] = {
    ("RSA", None): frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA", "Ed25519"}),
}
#: Members that no public key has (RFC 7518 sections 6.2.2, 6.3.2 and 6.4).
_SECRET: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
#: Base64url of the largest numbers: OpenSSL verifies with no modulus above 16,384 bits.
_NUMBER: Final = re.compile(r"[A-Za-z0-9_-]{1,2731}={0,2}")
#: Base64url of the largest public exponent, of 64 bits: it decides how long a verification takes.
_EXPONENT: Final = re.compile(r"[A-Za-z0-9_-]{1,11}={0,2}")
#: Characters of a name that a log shows.
_SHOWN: Final = 80


class Matter(Enum):
    """The weight of a member's being left out."""

    #: The set is for more than this issuer's access tokens: other uses, other algorithms.
    NOTHING = 0
    #: The publisher of the set has made a mistake.
    FAULT = 1
    #: What has to be secret is published: everybody can sign with it.
    LEAK = 2


class LeftOut(NamedTuple):
    """A member of a set that is not used.

    Attributes:
        key_id: Its name, if it has one. Nothing else of the key is ever shown.
        reason: Why it is not used, as a sentence about "it".
        matter: How much that matters.
    """

    key_id: str | None
    reason: str
    matter: Matter


class MemberError(Exception):
    """A member of a key set is not used.

    Attributes:
        left_out: The member, and why.
    """

    def __init__(self, key_id: object, reason: str, matter: Matter) -> None:
        super().__init__(reason)
        shown = key_id[:_SHOWN] if isinstance(key_id, str) else None
        self.left_out = LeftOut(shown, reason, matter)


def keys_of(member: object, algorithms: Collection[str]) -> list[Key]:
    """Return the public keys that *member* is: one for each algorithm that it may be used with.

    A JWK with ``alg`` is a key for that algorithm. One without is a key for each of *algorithms*
    that its type and curve can have.

    Raises:
        MemberError: It is malformed, weak, secret, or for something else.
    """
    if not isinstance(member, dict):
        raise MemberError(None, "it is no JSON object", Matter.FAULT)
    key_id = member.get("kid")
    _check_kind(key_id, member)
    kind = member["kty"]
    fitting = _FITTING.get((kind, member.get("crv") if kind != "RSA" else None), frozenset())
    names = [name for name in algorithms if name in fitting and member.get("alg", name) == name]
    if not names:
        reason = "it is for none of the algorithms of this issuer"
        raise MemberError(key_id, reason, Matter.NOTHING)
    try:
        return [_key(member, name) for name in names]
    except ConfigurationError as error:
        # The first words: what follows is how to make a key, which is not for us to do.
        raise MemberError(key_id, str(error).partition(";")[0], Matter.FAULT) from None


def leaked_thumbprints(member: object) -> frozenset[str | None]:
    """Return the thumbprint of the key whose private half *member* publishes (:rfc:`7638`)."""
    if not isinstance(member, dict) or _SECRET.isdisjoint(member):
        return frozenset()
    public = {name: value for name, value in member.items() if name in ("kty", "n", "e", *"xy")}
    every = frozenset().union(*_FITTING.values())
    try:
        found = keys_of({**public, "crv": member.get("crv")}, every)
    except MemberError:
        return frozenset()
    return frozenset(key._thumbprint() for key in found)


def _check_kind(key_id: object, member: Mapping[str, object]) -> None:
    """Refuse what is no public key that verifies, before its numbers are used.

    Raises:
        MemberError: It is secret, malformed, or for something else.
    """
    kind, operations = member.get("kty"), member.get("key_ops")
    if kind == "oct" or not _SECRET.isdisjoint(member):
        # Its public half is not used either: everybody who reads the set can sign with it.
        raise MemberError(key_id, "it is published with what has to be secret", Matter.LEAK)
    if not isinstance(kind, str) or kind not in _PUBLIC:
        raise MemberError(key_id, "its type is none of RSA, EC and OKP", Matter.NOTHING)
    if member.get("use", "sig") != "sig":
        raise MemberError(key_id, "its use is not sig", Matter.NOTHING)
    if operations is not None and not (isinstance(operations, list) and "verify" in operations):
        raise MemberError(key_id, "its key_ops do not name verify", Matter.NOTHING)
    if not all(_is_well_formed(name, member.get(name)) for name in _PUBLIC[kind]):
        reason = "a member of it is missing, malformed or too large"
        raise MemberError(key_id, reason, Matter.FAULT)


def _is_well_formed(name: str, value: object) -> bool:
    pattern = _EXPONENT if name == "e" else _NUMBER
    return isinstance(value, str) and bool(pattern.fullmatch(value))


def _key(member: Mapping[str, object], algorithm: str) -> Key:
    """Return the public key of a member.

    Raises:
        ConfigurationError: It is weak, malformed, or not one for *algorithm*.
    """
    names = ("kty", "kid", *_PUBLIC[str(member["kty"])])
    public = {name: member[name] for name in names if name in member}
    return key_from_jwk({**public, "alg": algorithm})
