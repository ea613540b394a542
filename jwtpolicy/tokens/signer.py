"""Make encoded tokens, with the claims that are the library's own."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..clock import Clock, system_clock
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

#: Bytes of randomness in a CSRF value.
_CSRF_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that was just made.

    Attributes:
        encoded: The token itself; not in the ``repr``.
        token_id: ``jti``.
        issued_at: ``iat``, in seconds since the epoch.
        expires_at: ``exp``, or None for one that never expires.
    """

    encoded: str = field(repr=False)
    token_id: str
    issued_at: int
    expires_at: int | None


class Signer:
    """What makes tokens.

    Args:
        ring: The keys; its signing key signs.
        issuer: ``iss``, or None.
        audience: ``aud``, or None.
        not_before: Whether ``nbf`` is written.
        access_profile: ``rfc9068``: access tokens are such (:rfc:`9068#section-2`).
        client_id: The ``client_id`` of those, where their claims name no other; or None.
        demanded: Which of ``iss`` and ``aud`` the verifier demands.
        max_length: Characters that a verifier will take.
        clock: Where the time comes from.

    Raises:
        ConfigurationError: The ring chooses keys by claims, and has no ``may_sign``.
    """

    def __init__(
        self,
        *,
        ring: KeyRing,
        issuer: str | None = None,
        audience: str | tuple[str, ...] | None = None,
        not_before: bool = True,
        access_profile: str | None = None,
        client_id: str | None = None,
        demanded: frozenset[str] = frozenset(),
        identity_claim: str = "sub",
        with_csrf: bool = False,
        max_length: int = 16_384,
        clock: Clock = system_clock,
    ) -> None:
        self._ring = ring
        self._limits_keys = limits_keys(ring)
        self._issuer = issuer
        self._audience = audience
        self._not_before = not_before
        self._is_profiled = access_profile == RFC9068
        self._client_id = client_id
        self._demanded = demanded
        self.identity_claim = identity_claim
        self._with_csrf = with_csrf
        self._max_length = max_length
        self._clock = clock
        self._headers: dict[tuple[Key, str], str] = {}

    def sign(
        self,
        *,
        kind: str,
        subject: str,
        lifetime: int | None,
        claims: Mapping[str, Any] | None = None,
        fresh: bool | float = False,
        auth_time: int | None = None,
        session_id: str | None = None,
        scope: str | None = None,
        acr: str | None = None,
        amr: tuple[str, ...] | None = None,
        audience: str | tuple[str, ...] | None = None,
        token_id: str | None = None,
        schema: str | None = None,
        csrf: str | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> Issued:
        """Return a new token.

        Raises:
            IssueError: *claims* or *headers* name what is reserved, or hold what is not JSON, or
                the ring says that the key may not sign them; or an access token is none of the
                profile; or it would be refused here, for want of an issuer or an audience.
            ConfigurationError: There is no key that can sign, or the ring returned none.
        """
        key = self._key_for(subject, claims or {})
        now = int(self._clock())
        token_id = token_id or uuid.uuid4().hex
        members = _custom(claims, RESERVED_CLAIMS | {"sub", self.identity_claim}, "claim")
        members |= {self.identity_claim: subject, "type": kind, "jti": token_id, "iat": now}
        if self._not_before:
            members["nbf"] = now
        if lifetime is not None:
            members["exp"] = now + lifetime
        if kind == "access":
            members["fresh"] = fresh
            if self._client_id is not None:
                members.setdefault("client_id", self._client_id)
        audience = self._audience if audience is None else audience
        optional = {
            "iss": self._issuer,
            "aud": list(audience) if isinstance(audience, tuple) else audience,
            "auth_time": auth_time,
            "sid": session_id,
            "scope": scope,
            "acr": acr,
            "amr": list(amr) if isinstance(amr, tuple) else amr,
            "schema": schema,
            "csrf": (csrf or secrets.token_urlsafe(_CSRF_BYTES)) if self._with_csrf else None,
        }
        members.update((name, value) for name, value in optional.items() if value is not None)
        read = members if self.identity_claim == "sub" else members | {"sub": subject}
        self._check_demanded(members)
        wrong = malformed_claim(read)
        if wrong is not None:
            expected = _EXPECTED.get(wrong, "what a verifier takes")
            msg = f"{wrong} has to be {expected}, not {read[wrong]!r:.40}"
            raise IssueError(msg)
        if self._is_profiled and kind == "access":
            check_issued(members)
        if self._limits_keys and not may_sign(self._ring, key, read):
            msg = f"may_sign refuses these claims to {key!r}, which signing_key_for chose for them"
            raise IssueError(msg)
        encoded = self._encoded(key, kind, members, headers)
        return Issued(encoded, token_id, now, members.get("exp"))

    def _check_demanded(self, members: Mapping[str, Any]) -> None:
        """Refuse to sign what would be refused here: a service may also only verify.

        Raises:
            IssueError: An issuer or an audience is demanded, and there is none.
        """
        absent = min(self._demanded - members.keys(), default=None)
        if absent is not None:
            msg = f"a token without {absent} would be refused here: {HOW[absent]}"
            raise IssueError(msg)

    def check_client(self, claims: Mapping[str, Any]) -> None:
        """Refuse to renew a session that was opened before the profile, and names no client.

        Args:
            claims: What its next access token says beside registered claims.

        Raises:
            InvalidTokenError: So it is; a login says which client it is for.
        """
        if self._is_profiled and self._client_id is None and "client_id" not in claims:
            msg = "the session names no client_id, and JWT_CLIENT_ID is not set"
            raise InvalidTokenError(msg)

    def check_successor(self, token: Token, claims: Mapping[str, Any]) -> None:
        """Refuse to renew a token as one that its own key may not sign.

        Its successor is signed by the key of whomever it names: so a key that is somebody's could
        speak for another through the user whom a refresh loads, or what a refresh token carries.

        Args:
            token: The token that is renewed.
            claims: What its successor says beside registered claims.

        Raises:
            InvalidTokenError: So it is.
        """
        if not self._limits_keys:
            return
        found = token._claims
        kept = {name: found[name] for name in found if name in RESERVED_CLAIMS or name == "sub"}
        # Which of several keys it was is not known any more, so that all of them have to be fine.
        keys = find_keys(self._ring, token._header["alg"], token.key_id)
        if not keys or not all(may_sign(self._ring, key, {**claims, **kept}) for key in keys):
            msg = "the token's key may not sign what its successor would say"
            raise InvalidTokenError(msg)

    def secret_keys(self, subject: str, claims: Mapping[str, Any]) -> list[Key]:
        """Return the key that signs for *subject*, and then the others of the ring that could.

        Raises:
            ConfigurationError: There is no key that can sign.
        """
        return [self._key_for(subject, claims), *self._ring.signing_keys()]

    def _key_for(self, subject: str, claims: Mapping[str, Any]) -> Key:
        key: object = self._ring.signing_key_for(subject, claims)
        if key is not None and not isinstance(key, Key):
            msg = f"signing_key_for returned {type(key).__name__}: neither a Key nor None"
            raise ConfigurationError(msg)
        if key is None:
            raise ConfigurationError(_no_key(self._ring))
        return key

    def _encoded(
        self, key: Key, kind: str, members: dict[str, Any], headers: Mapping[str, Any] | None
    ) -> str:
        header = self._plain_header(key, kind) if not headers else self._header(key, kind, headers)
        try:
            signing_input = f"{header}.{encoded_object(members)}"
        except (TypeError, ValueError) as error:
            msg = f"the claims are not JSON: {type(error).__name__}"
            raise IssueError(msg) from None
        signature = key.sign(signing_input.encode("ascii"))
        encoded = f"{signing_input}.{encoded_segment(signature)}"
        if len(encoded) > self._max_length:
            allowed = f"JWT_MAX_TOKEN_LENGTH allows {self._max_length}"
            msg = f"the token has {len(encoded)} characters, {allowed}: nobody would take it here"
            raise IssueError(msg)
        return encoded

    def _plain_header(self, key: Key, kind: str) -> str:
        """Return the header without additions; the ring's own key has made it before."""
        if key is not self._ring.signing_key or kind not in ("access", "refresh"):
            return self._header(key, kind)
        if (key, kind) not in self._headers:
            self._headers[key, kind] = self._header(key, kind)
        return self._headers[key, kind]

    def _header(self, key: Key, kind: str, headers: Mapping[str, Any] | None = None) -> str:
        is_profiled = self._is_profiled and kind == "access"
        members = _custom(headers, RESERVED_HEADERS, "header")
        members["typ"] = "at+jwt" if is_profiled else "JWT"
        members["alg"] = key.algorithm
        if key.key_id is not None:
            members["kid"] = key.key_id
        try:
            return encoded_object(members)
        except (TypeError, ValueError) as error:
            msg = f"the headers are not JSON: {type(error).__name__}"
            raise IssueError(msg) from None


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


def _custom(
    members: Mapping[str, Any] | None, reserved: frozenset[str], what: str
) -> dict[str, Any]:
    """Return a copy of what the caller adds.

    Raises:
        IssueError: It names what the library writes.
    """
    taken = reserved.intersection(members or ())
    if taken:
        msg = f"the {what} {', '.join(sorted(taken))} is reserved; choose another name"
        raise IssueError(msg)
    return dict(members or {})
