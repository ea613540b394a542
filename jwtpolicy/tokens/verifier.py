"""Make a `Token` of text, in seven numbered steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..clock import Clock, system_clock
from ..exceptions import InvalidTokenError
from ..keys import Key, KeyRing
from ..keys.ring import find_keys, limits_keys, may_sign
from .claims import ClaimRules, Purpose, check_claims, read_identity
from .jose import Header, parse_header, split
from .strict_json import parse_object
from .token import Token, _verified

#: Parsed headers that are remembered; only those of verified tokens are.
_MAX_HEADERS: Final = 256


class Verifier:
    """What turns text into a `Token`, the only thing that does.

    Verification goes in this order, each step once (:rfc:`7519#section-7.2`):

    1. Length, and the compact form of a JWS.
    2. Strict JSON of the header, without extensions.
    3. The key, by ``kid``; its one algorithm has to be the header's.
    4. The signature.
    5. Strict JSON of the claims.
    6. Registered claims: *well-formed*, then what is *demanded*; then, where keys belong to
       somebody in particular, whether this one may say that (`KeyRing.may_sign`).
    7. The `Token`.

    Args:
        ring: The keys.
        rules: What is demanded of the claims.
        clock: Where the time comes from.
        load_principal: Makes the claim schema's object of the claims and the kind.
        max_length: Characters that a token may have.

    Raises:
        ConfigurationError: The ring chooses keys by claims, and has no ``may_sign``.
    """

    def __init__(
        self,
        *,
        ring: KeyRing,
        rules: ClaimRules | None = None,
        clock: Clock = system_clock,
        load_principal: Callable[[dict[str, Any], str], object] = lambda claims, _: claims["sub"],
        max_length: int = 16_384,
    ) -> None:
        self._ring = ring
        self._rules = rules or ClaimRules()
        self._clock = clock
        self._load_principal = load_principal
        self._max_length = max_length
        # A ring of the application's own may drop keys at any time.
        self._is_fixed = type(ring).find is KeyRing.find
        self._limits_keys = limits_keys(ring)
        self._headers: dict[bytes, tuple[Header, tuple[Key, ...]]] = {}

    def verify(
        self,
        encoded: object,
        *,
        kinds: frozenset[str] | None,
        purpose: Purpose = Purpose.ADMIT,
        now: float | None = None,
    ) -> Token:
        """Return the verified token.

        Args:
            encoded: A JWS in compact serialization, ``header.payload.signature``
                (:rfc:`7515#section-7.1`), without scheme or surrounding space.
            kinds: The kinds that are accepted; None for any.
            purpose: What for. A token that was verified to `END` something lets nobody in.
            now: Seconds since the epoch, where the caller has asked the clock; None: it is asked.

        Raises:
            ExpiredTokenError: ``exp`` has passed (:rfc:`7519#section-4.1.4`).
            WrongKindError: The token is of another kind.
            InvalidTokenError: Anything else; clients are told the same for every cause.
        """
        head, payload, signature, signing_input = split(encoded, self._max_length)  # Step 1.
        known = self._headers.get(head)
        header, keys = known or self._parsed(head)  # Steps 2 and 3.
        for key in keys:  # Step 4.
            # A key of the application's own may answer what is true and no yes.
            if key.verify(signing_input, signature) is True:
                break
        else:
            msg = "the signature is not ours"
            raise InvalidTokenError(msg)
        if known is None:
            self._remember(head, header, keys)
        claims = parse_object(payload)  # Step 5.
        now = self._clock() if now is None else now
        rules, media_type = self._rules, header.type
        read_identity(claims, rules, media_type)  # Step 6.
        check_claims(claims, rules, media_type, kinds=kinds, purpose=purpose, now=now)
        # Whatever the purpose: nobody's key ends what is somebody else's.
        if self._limits_keys and not may_sign(self._ring, key, claims):
            msg = "the key may not sign these claims"
            raise InvalidTokenError(msg)
        try:
            principal = self._load_principal(claims, claims["type"])
        except InvalidTokenError:
            if purpose is not Purpose.END:
                raise
            principal = claims["sub"]
        return _verified(claims, header.members, claims.get("iss", ""), True, principal)  # Step 7.

    def _parsed(self, segment: bytes) -> tuple[Header, tuple[Key, ...]]:
        header = parse_header(segment)
        keys = find_keys(self._ring, header.algorithm, header.key_id)
        if not keys or any(key.algorithm != header.algorithm for key in keys):
            msg = "no key of that name and algorithm"
            raise InvalidTokenError(msg)
        return header, keys

    def _remember(self, segment: bytes, header: Header, keys: tuple[Key, ...]) -> None:
        """Keep the header of a verified token: nobody without a key can fill the memory."""
        if self._is_fixed and len(self._headers) < _MAX_HEADERS:
            self._headers[segment] = (header, keys)
