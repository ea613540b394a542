"""Sign claims as a compact JWS, and add the registered claims that are the library's own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import urandom
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ..exceptions import ConfigurationError, InvalidTokenError, IssueError
from ..keys import Key, KeyRing
from ..keys.ring import find_keys, limits_keys, may_sign
from .access_profile import HOW, RFC9068, check_issued
from .claims import MAX_ID, RESERVED_CLAIMS, malformed_claim
from .jose import RESERVED_HEADERS, encoded_object, encoded_segment
from .token import Token

#: What callers may say of registered claims; of the others they say nothing.
_EXPECTED: Final[Mapping[str, str]] = {
    "sub": f"text of 1 to {MAX_ID} characters",
    "scope": "one text, the scopes separated by spaces, such as 'read write'",
    "acr": "one text",
    "amr": "a tuple of texts, such as ('pwd', 'otp')",
    "aud": "one text, or a tuple of texts",
    "exp": "a moment before the year 10000",
}

#: Bytes of randomness in ``jti``; no two tokens have one id (:rfc:`7519#section-4.1.7`).
_ID_BYTES: Final = 16
#: Bytes of randomness in a CSRF value.
_CSRF_BYTES: Final = 16

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class TokenRequest(NamedTuple):
    """Claims and headers of a token that is to be signed; `SigningRules` has what all tokens share.

    Attributes:
        kind: ``type``: ``access``, ``refresh`` or a kind of the application's own.
        subject: ``sub``.
        issued_at: ``iat``, in seconds since the epoch.
        lifetime: Seconds until ``exp``, or None for one that never expires.
        claims: Claims that are neither registered nor the library's own.
        headers: More members of the JOSE header.
        schema: ``schema``: the claim schema that reads it, or None.
        session_id: ``sid``, or None for a token outside of any session.
        fresh: ``fresh`` of an access token: true, false, or until when in seconds.
        auth_time: When the user authenticated, in seconds since the epoch, or None.
        scope: The scopes granted, space-separated, or None.
        acr: The authentication context class, or None.
        amr: The methods that were used, or None.
        audience: ``aud``, or None for the one that all tokens have.
        csrf: The CSRF value, where tokens have one; None for a new one.
    """

    kind: str
    subject: str
    issued_at: int
    lifetime: int | None
    claims: Mapping[str, Any] = _NOTHING
    headers: Mapping[str, Any] = _NOTHING
    schema: str | None = None
    session_id: str | None = None
    fresh: bool | float = False
    auth_time: int | None = None
    scope: str | None = None
    acr: str | None = None
    amr: Sequence[str] | None = None
    audience: str | tuple[str, ...] | None = None
    csrf: str | None = None


class Issued(NamedTuple):
    """A token that was just made.

    Attributes:
        encoded: The token itself; not in the ``repr``.
        token_id: ``jti``.
        issued_at: ``iat``, in seconds since the epoch.
        expires_at: ``exp``, or None for one that never expires.
    """

    encoded: str
    token_id: str
    issued_at: int
    expires_at: int | None

    def __repr__(self) -> str:
        return f"Issued(token_id={self.token_id!r}, expires_at={self.expires_at})"


@dataclass(frozen=True, slots=True)
class SigningRules:
    """Claims that all tokens of an application share, and what its verifier would refuse.

    Attributes:
        issuer: ``iss``, or None.
        audience: ``aud``, where a request names no other; or None.
        not_before: Whether ``nbf`` is written.
        access_profile: ``rfc9068``: access tokens are such (:rfc:`9068#section-2`).
        client_id: The ``client_id`` of those, where their claims name no other; or None.
        demanded: Which of ``iss`` and ``aud`` the verifier demands.
        identity_claim: The claim that holds the subject on the wire.
        with_csrf: Whether tokens have a CSRF value, because browsers may send them by themselves.
        max_length: Characters that a verifier will take.
    """

    issuer: str | None = None
    audience: str | tuple[str, ...] | None = None
    not_before: bool = True
    access_profile: str | None = None
    client_id: str | None = None
    demanded: frozenset[str] = frozenset()
    identity_claim: str = "sub"
    with_csrf: bool = False
    max_length: int = 16_384


class Signer:
    """Sign claims as a compact JWS, and add the registered claims.

    Args:
        ring: The keys; its signing key signs.
        rules: What all tokens share.

    Raises:
        ConfigurationError: The ring chooses keys by claims, and has no ``may_sign``.
    """

    def __init__(self, ring: KeyRing, rules: SigningRules = SigningRules()) -> None:
        self._ring = ring
        self._limits_keys = limits_keys(ring)
        self._rules = rules
        self._is_profiled = rules.access_profile == RFC9068
        self._is_sub = rules.identity_claim == "sub"
        self._reserved = RESERVED_CLAIMS | {"sub", rules.identity_claim}
        self._headers: dict[tuple[Key, str], str] = {}

    def sign(self, request: TokenRequest) -> Issued:
        """Return a new token.

        Raises:
            IssueError: Claims or headers name what is reserved, or hold what is not JSON, or the
                ring says that the key may not sign them; or an access token is none of the
                profile; or it would be refused here, for want of an issuer or an audience.
            ConfigurationError: There is no key that can sign, or the ring returned none.
        """
        # A ring that chooses keys by what tokens say also says what they may sign.
        key = None if self._limits_keys else self._ring.signing_key
        key = key or self.key_for(request.subject, request.claims)
        members = self._members(request)
        read = members if self._is_sub else members | {"sub": request.subject}
        if self._rules.demanded:
            self._check_demanded(members)
        wrong = malformed_claim(read)
        if wrong is not None:
            raise IssueError(_complaint(wrong, read[wrong]))
        if self._is_profiled and request.kind == "access":
            check_issued(members)
        if self._limits_keys and not may_sign(self._ring, key, read):
            msg = f"may_sign refuses these claims to {key!r}, which signing_key_for chose for them"
            raise IssueError(msg)
        encoded = self._encoded(key, request, members)
        return Issued(encoded, members["jti"], request.issued_at, members.get("exp"))

    def _members(self, request: TokenRequest) -> dict[str, Any]:
        """Return all claims of a token, in the order in which they are written.

        Raises:
            IssueError: The request's own claims name what is reserved.
        """
        rules, kind, now = self._rules, request.kind, request.issued_at
        members = _custom(request.claims, self._reserved, "claim") if request.claims else {}
        members[rules.identity_claim] = request.subject
        members["type"] = kind
        members["jti"] = urandom(_ID_BYTES).hex()
        members["iat"] = now
        if rules.not_before:
            members["nbf"] = now
        if request.lifetime is not None:
            members["exp"] = now + request.lifetime
        if kind == "access":
            members["fresh"] = request.fresh
            if rules.client_id is not None:
                members.setdefault("client_id", rules.client_id)
        # What is absent is no claim; in one piece, because a loop would take twice as long.
        audience = rules.audience if request.audience is None else request.audience
        if rules.issuer is not None:
            members["iss"] = rules.issuer
        if audience is not None:
            members["aud"] = list(audience) if isinstance(audience, tuple) else audience
        if request.auth_time is not None:
            members["auth_time"] = request.auth_time
        if request.session_id is not None:
            members["sid"] = request.session_id
        if request.scope is not None:
            members["scope"] = request.scope
        if request.acr is not None:
            members["acr"] = request.acr
        if (amr := request.amr) is not None:
            members["amr"] = list(amr) if isinstance(amr, tuple) else amr
        if request.schema is not None:
            members["schema"] = request.schema
        if rules.with_csrf:
            members["csrf"] = request.csrf or secrets.token_urlsafe(_CSRF_BYTES)
        return members

    def _check_demanded(self, members: Mapping[str, Any]) -> None:
        """Refuse to sign what would be refused here: a service may also only verify.

        Raises:
            IssueError: An issuer or an audience is demanded, and there is none.
        """
        absent = min(self._rules.demanded - members.keys(), default=None)
        if absent is not None:
            msg = f"a token without {absent} would be refused here: {HOW[absent]}"
            raise IssueError(msg)

    def check_renewal(self, token: Token, *said: Mapping[str, Any]) -> None:
        """Refuse to renew a token as one that its own key may not sign, or that names no client.

        Its successor is signed by the key of whomever it names: so a key that is somebody's could
        speak for another through the user whom a refresh loads, or what a refresh token carries.

        Args:
            token: The token that is renewed.
            said: What its successors say beside registered claims, the access token first.

        Raises:
            InvalidTokenError: It may not; or its session was opened before the profile and names
                no client, which a login does.
        """
        if self._is_profiled and self._rules.client_id is None and "client_id" not in said[0]:
            msg = "the session names no client_id, and JWT_CLIENT_ID is not set"
            raise InvalidTokenError(msg)
        if self._limits_keys:
            self._check_keys(token, said)

    def _check_keys(self, token: Token, said: tuple[Mapping[str, Any], ...]) -> None:
        found = token._claims
        kept = {name: found[name] for name in found if name in RESERVED_CLAIMS or name == "sub"}
        # Which of several keys it was is not known any more, so that all of them have to be fine.
        keys = find_keys(self._ring, token._header["alg"], token.key_id)
        pairs = [(key, {**claims, **kept}) for claims in said for key in keys]
        if not pairs or not all(may_sign(self._ring, *pair) for pair in pairs):
            msg = "the token's key may not sign what its successor would say"
            raise InvalidTokenError(msg)

    def secret_keys(self, subject: str, claims: Mapping[str, Any]) -> list[Key]:
        """Return the key that signs for *subject*, and then the others of the ring that could.

        Raises:
            ConfigurationError: There is no key that can sign.
        """
        return [self.key_for(subject, claims), *self._ring.signing_keys()]

    def key_for(self, subject: str, claims: Mapping[str, Any]) -> Key:
        """Return the key that signs for *subject*.

        Raises:
            ConfigurationError: There is none that can sign, or the ring returned what is no key.
        """
        key: object = self._ring.signing_key_for(subject, claims)
        if key is not None and not isinstance(key, Key):
            msg = f"signing_key_for returned {type(key).__name__}: neither a Key nor None"
            raise ConfigurationError(msg)
        if key is None:
            raise ConfigurationError(_no_key(self._ring))
        return key

    def _encoded(self, key: Key, request: TokenRequest, members: dict[str, Any]) -> str:
        """Return the compact serialization (:rfc:`7515#section-7.1`).

        Raises:
            IssueError: Claims or headers are not JSON, the headers name what is reserved, or the
                token is longer than a verifier takes.
        """
        header = None if request.headers else self._headers.get((key, request.kind))
        header = header or self._header(key, request)
        try:
            signing_input = f"{header}.{encoded_object(members)}"
        except (TypeError, ValueError) as error:
            msg = f"the claims are not JSON: {type(error).__name__}"
            raise IssueError(msg) from None
        signature = key.sign(signing_input.encode("ascii"))
        encoded = f"{signing_input}.{encoded_segment(signature)}"
        limit = self._rules.max_length
        if len(encoded) > limit:
            allowed = f"JWT_MAX_TOKEN_LENGTH allows {limit}"
            msg = f"the token has {len(encoded)} characters, {allowed}: it would be refused here"
            raise IssueError(msg)
        return encoded

    def _header(self, key: Key, request: TokenRequest) -> str:
        """Return the encoded header; one without additions, of the ring's own key, is kept."""
        kind, is_profiled = request.kind, self._is_profiled and request.kind == "access"
        members = _custom(request.headers, RESERVED_HEADERS, "header")
        members["typ"] = "at+jwt" if is_profiled else "JWT"
        members["alg"] = key.algorithm
        if key.key_id is not None:
            members["kid"] = key.key_id
        try:
            header = encoded_object(members)
        except (TypeError, ValueError) as error:
            msg = f"the headers are not JSON: {type(error).__name__}"
            raise IssueError(msg) from None
        # Of a few only: keys and kinds of token may be as many as users.
        is_frequent = key is self._ring.signing_key and kind in ("access", "refresh")
        if is_frequent and not request.headers:
            self._headers[key, kind] = header
        return header


def _complaint(name: str, value: object) -> str:
    return f"{name} has to be {_EXPECTED.get(name, 'what a verifier takes')}, not {value!r:.40}"


def _no_key(ring: KeyRing) -> str:
    name = type(ring).__name__
    if type(ring).signing_key_for is KeyRing.signing_key_for:
        return (
            "there is no key that can sign; set JWT_SECRET_KEY or JWT_PRIVATE_KEY, or pass "
            f"{name}(signing=…)"
        )
    return (
        f"{name}.signing_key_for returned None: no key signs what this token says; return a Key, "
        "or raise what answers the request"
    )


def _custom(members: Mapping[str, Any], reserved: frozenset[str], what: str) -> dict[str, Any]:
    """Return a copy of what the caller adds.

    Raises:
        IssueError: It names what the library writes.
    """
    taken = reserved.intersection(members)
    if taken:
        msg = f"the {what} {', '.join(sorted(taken))} is reserved; choose another name"
        raise IssueError(msg)
    return dict(members)
