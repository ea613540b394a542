"""Verification of encoded tokens, in seven numbered steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from ..clock import Clock, system_clock
from ..exceptions import InvalidTokenError
from ..keys import Key, KeyRing
from ..keys.ring import KeySource, find_keys, limits_keys, may_sign
from ..parsing.strict_json import parse_object
from .claims import ClaimRules, Purpose, check_claims, read_identity
from .jose import Header, parse_header, split
from .token import Token, _verified

#: Size of the cache of parsed headers, which has only headers of verified tokens.
_MAX_HEADERS: Final = 256


class Signed(NamedTuple):
    """A token in compact serialization, taken apart.

    Attributes:
        head: The header, still encoded.
        payload: The claims, still encoded.
        signature: The signature.
        signing_input: What was signed.
    """

    head: bytes
    payload: bytes
    signature: bytes
    signing_input: bytes


class Generation:
    """One ring, and what is remembered of it; they are replaced together.

    Attributes:
        ring: The keys.
        limits_keys: Whether the ring has to be asked which claims a key may sign.
        headers: The parsed headers of verified tokens, each with the keys that may have signed it.
    """

    __slots__ = ("_is_fixed", "headers", "limits_keys", "ring")

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring
        self.limits_keys = limits_keys(ring)
        # A subclass that overrides `find` may remove keys at any time, so nothing is cached then.
        self._is_fixed = type(ring).find is KeyRing.find
        self.headers: dict[bytes, tuple[Header, tuple[Key, ...]]] = {}

    def parsed(self, segment: bytes) -> tuple[Header, tuple[Key, ...]]:
        """Return the header in *segment*, and the keys that may have signed its token, if any.

        Raises:
            InvalidTokenError: The segment is not a header that is accepted.
        """
        header = parse_header(segment)
        keys = find_keys(self.ring, header.algorithm, header.key_id)
        if any(key.algorithm != header.algorithm for key in keys):
            return header, ()
        return header, keys

    def remember(self, segment: bytes, header: Header, keys: tuple[Key, ...]) -> None:
        """Cache the header of a verified token: without a key nobody can fill the cache."""
        if self._is_fixed and len(self.headers) < _MAX_HEADERS:
            self.headers[segment] = (header, keys)


class Verifier:
    """Verify an encoded JWT and return it as a `Token`; nothing else makes verified tokens.

    Verification goes in this order, each step once (:rfc:`7519#section-7.2`):

    1. Length, and the compact form of a JWS.
    2. Strict JSON of the header, without extensions.
    3. The key, by ``kid``; its one algorithm has to be the header's.
    4. The signature.
    5. Strict JSON of the claims.
    6. Registered claims: their types, then their values; then, where keys are limited to certain
       claims, whether this key may sign these (`KeyRing.may_sign`).
    7. The `Token`.

    Args:
        ring: The keys: a ring, or a source of rings that change while the process runs.
        rules: The verification rules of registered claims.
        clock: Returns the time in seconds since the epoch.
        load_principal: Loads the object of the claim schema from claims and kind.
        max_length: Longest accepted token, in characters.

    Raises:
        ConfigurationError: The ring chooses signing keys by claims, and has no ``may_sign``.
    """

    def __init__(
        self,
        *,
        ring: KeySource,
        rules: ClaimRules | None = None,
        clock: Clock = system_clock,
        load_principal: Callable[[dict[str, Any], str], object] = lambda claims, _: claims["sub"],
        max_length: int = 16_384,
    ) -> None:
        # None: a ring never changes, so that no call is spent on asking for it.
        self._source = None if isinstance(ring, KeyRing) else ring
        self._generation = Generation(ring.current())
        self._rules = rules or ClaimRules()
        self._clock = clock
        self._load_principal = load_principal
        self._max_length = max_length

    def verify(
        self,
        encoded: object,
        *,
        kinds: frozenset[str] | None,
        purpose: Purpose = Purpose.ADMIT,
        now: float | None = None,
    ) -> Token:
        """Verify *encoded* and return it as a `Token`.

        Args:
            encoded: A JWS in compact serialization, ``header.payload.signature``
                (:rfc:`7515#section-7.1`), without scheme or surrounding space.
            kinds: The accepted kinds; None for any.
            purpose: The purpose. A token that was verified for `Purpose.END` must not admit a
                request.
            now: Seconds since the epoch; None: the time of the clock.

        Raises:
            ExpiredTokenError: The time of ``exp`` has passed, leeway included
                (:rfc:`7519#section-4.1.4`).
            WrongKindError: The claim ``type`` is none of *kinds*.
            InvalidTokenError: The token is malformed, its key or signature is not ours, or a claim
                is not accepted; the answer to the client is the same for all of these.
        """
        head, payload, signature, signing_input = split(encoded, self._max_length)  # Step 1.
        generation = self._generation
        if self._source is not None and (ring := self._source.current()) is not generation.ring:
            generation = self._generation = Generation(ring)
        known = generation.headers.get(head)
        header, keys = known or generation.parsed(head)  # Steps 2 and 3.
        for key in keys:  # Step 4.
            # `is True`: `verify` of a Key subclass may return a truthy object by mistake.
            if key.verify(signing_input, signature) is True:
                break
        else:
            reason = "the signature is not ours" if keys else "no key of that name and algorithm"
            signed = Signed(head, payload, signature, signing_input)
            return self._unsigned(signed, reason, kinds, purpose, now)
        if known is None:
            generation.remember(head, header, keys)
        claims = parse_object(payload)  # Step 5.
        now = self._clock() if now is None else now
        rules, media_type = self._rules, header.type
        read_identity(claims, rules, media_type)  # Step 6.
        check_claims(claims, rules, media_type, kinds=kinds, purpose=purpose, now=now)
        # For each purpose: a key that is limited to some subjects must not end sessions of others.
        if generation.limits_keys and not may_sign(generation.ring, key, claims):
            msg = "the key may not sign these claims"
            raise InvalidTokenError(msg)
        try:
            principal = self._load_principal(claims, claims["type"])
        except InvalidTokenError:
            if purpose is not Purpose.END:
                raise
            principal = claims["sub"]
        return _verified(claims, header.members, claims.get("iss", ""), True, principal)  # Step 7.

    def _unsigned(
        self,
        signed: Signed,
        reason: str,
        kinds: frozenset[str] | None,
        purpose: Purpose,
        now: float | None,
    ) -> Token:
        """Refuse a token that no own key has signed; a subclass may know whose it is.

        Raises:
            InvalidTokenError: The token is refused in any case, for this reason.
        """
        raise InvalidTokenError(reason)

    def _remember(self, head: bytes) -> None:
        """Cache which own keys the header of another issuer's verified token names: mostly none."""
        generation = self._generation
        generation.remember(head, *generation.parsed(head))
