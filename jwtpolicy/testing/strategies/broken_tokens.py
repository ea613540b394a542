"""Draw tokens that no application may accept, made from those that it has issued."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from os import urandom
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from flask import Flask
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ...app.bound_app import EXTENSION, BoundApp
from ...exceptions import expect_names
from ...keys import Key
from ...tokens.jose import encoded_segment, parse_header, split, unverified_claims
from .issued_tokens import tokens

_DAY: Final = 86_400
_CURVES: Final[Mapping[str, Callable[[], ec.EllipticCurve]]] = {
    "ES256": ec.SECP256R1,
    "ES384": ec.SECP384R1,
    "ES512": ec.SECP521R1,
}
_BASE64URL: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True)
class _Genuine:
    """A good token, taken apart, and what its application signs with.

    Attributes:
        encoded: The token.
        header: Its header.
        claims: Its claims.
        key: The key that has signed it.
        now: The time of its application, in seconds since the epoch.
    """

    encoded: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    key: Key
    now: int

    def signed(
        self,
        *,
        header: Mapping[str, Any] | None = None,
        claims: Mapping[str, Any] | bytes | None = None,
        key: Key | None = None,
    ) -> str:
        """Return a token with another header, other claims or another key, and a good signature."""
        payload = claims if isinstance(claims, bytes) else _json(claims or self.claims)
        text = f"{_segment(header or self.header)}.{encoded_segment(payload)}"
        return f"{text}.{encoded_segment((key or self.key).sign(text.encode()))}"

    @property
    def segments(self) -> list[str]:
        """Header, claims and signature, still encoded."""
        return self.encoded.split(".")


def _json(members: Mapping[str, Any]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()


def _segment(members: Mapping[str, Any]) -> str:
    return encoded_segment(_json(members))


def _another_key(draw: DrawFn, genuine: _Genuine) -> str:
    return genuine.signed(key=_foreign_key(genuine.key.algorithm))


@cache
def _foreign_key(algorithm: str) -> Key:
    """Return a key of the same algorithm that no application has."""
    if algorithm in _CURVES:
        return Key(ec.generate_private_key(_CURVES[algorithm]()), algorithm)
    if algorithm == "EdDSA":
        return Key(ed25519.Ed25519PrivateKey.generate(), algorithm)
    if algorithm.startswith("HS"):
        return Key(urandom(64), algorithm)
    return Key(rsa.generate_private_key(65537, 2048), algorithm)


def _another_signature(draw: DrawFn, genuine: _Genuine) -> str:
    head, payload, signature = genuine.segments
    # The last character may have bits that mean nothing: then the token is refused for them.
    place = draw(st.integers(0, len(signature) - 1))
    other = draw(st.sampled_from(_BASE64URL).filter(lambda one: one != signature[place]))
    return f"{head}.{payload}.{signature[:place]}{other}{signature[place + 1 :]}"


def _other_claims(draw: DrawFn, genuine: _Genuine) -> str:
    head, _, signature = genuine.segments
    name = draw(st.sampled_from(["roles", "scope", "sub", "x"]))
    changed = {**genuine.claims, name: draw(st.sampled_from(["admin", "root", ["admin"]]))}
    return f"{head}.{_segment(changed)}.{signature}"


def _no_algorithm(draw: DrawFn, genuine: _Genuine) -> str:
    _, payload, signature = genuine.segments
    head = {**genuine.header, "alg": draw(st.sampled_from(["none", "None", "NONE", "nOnE"]))}
    return f"{_segment(head)}.{payload}.{draw(st.sampled_from(['', signature]))}"


def _another_algorithm(draw: DrawFn, genuine: _Genuine) -> str:
    others = st.sampled_from(["HS256", "HS512", "RS256", "ES256", "EdDSA"])
    wrong = draw(others.filter(lambda name: name != genuine.key.algorithm))
    return genuine.signed(header={**genuine.header, "alg": wrong})


def _expired(draw: DrawFn, genuine: _Genuine) -> str:
    # Longer ago than the longest leeway that an application can grant.
    ended = genuine.now - 301 - draw(st.integers(0, _DAY))
    return genuine.signed(claims={**genuine.claims, "iat": ended - 60, "exp": ended})


def _too_early(draw: DrawFn, genuine: _Genuine) -> str:
    # Ahead of the longest leeway by an hour, because tests take their time.
    start = genuine.now + 301 + 3_600 + draw(st.integers(0, _DAY))
    name = draw(st.sampled_from(["iat", "nbf"]))
    return genuine.signed(claims={**genuine.claims, name: start, "exp": start + 60})


def _no_id(draw: DrawFn, genuine: _Genuine) -> str:
    claims = {name: value for name, value in genuine.claims.items() if name != "jti"}
    return genuine.signed(claims=claims)


def _malformed_claim(draw: DrawFn, genuine: _Genuine) -> str:
    wrong = st.sampled_from(["exp", "iat", "jti", "type", "fresh", "scope", "sid"])
    values = st.sampled_from([None, [1], {"a": 1}])
    return genuine.signed(claims={**genuine.claims, draw(wrong): draw(values)})


def _twice(draw: DrawFn, genuine: _Genuine) -> str:
    name = draw(st.sampled_from(sorted(genuine.claims)))
    text = json.dumps(genuine.claims)
    member = json.dumps({name: genuine.claims[name]})
    return genuine.signed(claims=f"{text[:-1]}, {member[1:]}".encode())


def _no_strict_json(draw: DrawFn, genuine: _Genuine) -> str:
    value = draw(st.sampled_from(["NaN", "Infinity", "1e999", "01", "'x'", '"\\ud800"']))
    return genuine.signed(claims=f'{json.dumps(genuine.claims)[:-1]}, "x": {value}}}'.encode())


def _unknown_extension(draw: DrawFn, genuine: _Genuine) -> str:
    name, value = draw(st.sampled_from([("crit", ["exp"]), ("b64", False), ("crit", [])]))
    return genuine.signed(header={**genuine.header, name: value})


def _truncated(draw: DrawFn, genuine: _Genuine) -> str:
    return genuine.encoded[: draw(st.integers(1, len(genuine.encoded) - 1))]


def _more_text(draw: DrawFn, genuine: _Genuine) -> str:
    return genuine.encoded + draw(st.sampled_from(["=", "==", ".", ".e30", "~"]))


def _garbage(draw: DrawFn, genuine: _Genuine) -> str:
    return draw(st.text(f"{_BASE64URL}.", min_size=1, max_size=60))


_FORGERS: Final[Mapping[str, Callable[[DrawFn, _Genuine], str]]] = {
    "another key": _another_key,
    "another signature": _another_signature,
    "other claims": _other_claims,
    "no algorithm": _no_algorithm,
    "another algorithm": _another_algorithm,
    "expired": _expired,
    "too early": _too_early,
    "no id": _no_id,
    "malformed claim": _malformed_claim,
    "claim twice": _twice,
    "no strict JSON": _no_strict_json,
    "unknown extension": _unknown_extension,
    "truncated": _truncated,
    "more text": _more_text,
    "garbage": _garbage,
}

#: The names of what `broken_tokens` does to tokens.
BREAKAGES: Final = tuple(_FORGERS)


def broken_tokens(
    app: Flask, users: Any = None, *, breakages: Collection[str] = BREAKAGES, **said: Any
) -> SearchStrategy[str]:
    """Draw tokens that *app* has to refuse, with 401, for whatever policy.

    Each is a good token of the application to which one thing was done: some were changed, some
    are of another key, and some were signed by the application's own key although they are over, or
    malformed. They are of characters that every place for tokens can hold.

    Args:
        app: The application.
        users: As for `tokens`.
        breakages: What may be done to them, some of `BREAKAGES`. A test that fails notes which.
        said: More for `tokens`, such as ``kinds=["refresh"]``.

    Raises:
        TypeError: *breakages* is no list of names.
        ValueError: One of the *breakages* is not known.
    """
    expect_names(breakages, "broken_tokens(breakages=…) takes some of BREAKAGES")
    unknown = set(breakages) - _FORGERS.keys()
    if unknown:
        msg = f"{', '.join(sorted(unknown))}: not among {', '.join(BREAKAGES)}"
        raise ValueError(msg)
    return _broken(app, tokens(app, users, **said), st.sampled_from(list(breakages)))


@st.composite
def _broken(
    draw: DrawFn, app: Flask, good: SearchStrategy[str], breakages: SearchStrategy[str]
) -> str:
    breakage = draw(breakages)
    note(f"the token is broken: {breakage}")
    return _FORGERS[breakage](draw, _taken_apart(app, draw(good)))


def _taken_apart(app: Flask, encoded: str) -> _Genuine:
    bound: BoundApp = app.extensions[EXTENSION]
    header = parse_header(split(encoded, len(encoded))[0]).members
    claims = unverified_claims(encoded)
    with app.app_context():
        subject = claims[bound.settings.identity_claim]
        key = bound.parts.keys.current().signing_key_for(subject, claims)
    assert key is not None  # it has signed the token
    return _Genuine(encoded, header, claims, key, int(bound.parts.clock()))
