"""Make a `Token` of text, in seven numbered steps."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from ..clock import Clock, system_clock
from ..exceptions import ExpiredTokenError, InvalidTokenError, WrongKindError
from ..keys import Key, KeyRing
from ..keys.ring import find_keys, limits_keys, may_sign
from .access_profile import RFC9068, TYPES, check_presented, is_typed
from .claims import malformed_claim
from .jose import Header, decoded, parse_header, parse_object, split
from .token import Token, _verified

#: Parsed headers that are remembered; only those of verified tokens are.
_MAX_HEADERS: Final = 256

#: What names a token; `jti` is among it so that every one can be revoked (CLAIM-5).
_NAMING: Final = frozenset({"sub", "type", "jti"})

#: What ``typ`` may be, in lower case: of other tokens than those of a profile, and of all.
_PLAIN_TYPES: Final[frozenset[str | None]] = frozenset({None, "jwt"})
_ALL_TYPES: Final = _PLAIN_TYPES | TYPES


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """What is demanded of registered claims.

    Attributes:
        issuers: What ``iss`` may be; empty: tokens that name an issuer are refused.
        audiences: One of these has to be in ``aud``; empty: tokens with an audience are refused,
            because it is not us (:rfc:`7519#section-4.1.3`).
        leeway: Seconds by which clocks may differ, 0 to 300.
        skew: Seconds that ``iat`` and ``nbf`` may lie ahead, where that is more than the leeway:
            the clocks of two machines that issue and verify are never quite the same. Only who
            holds a key can write such a time, and no end moves.
        require_exp: Whether tokens have to expire.
        accept_integer_subject: Whether an integer ``sub`` is taken as its text.
        access_profile: ``rfc9068`` where access tokens have to be such (:rfc:`9068#section-4`). One
            without ``type``, as others issue them, is of the kind that its ``typ`` says.
        identity_claim: The claim that is the subject.
    """

    issuers: frozenset[str] = field(default_factory=frozenset)
    audiences: frozenset[str] = field(default_factory=frozenset)
    leeway: float = 0
    skew: float = 0
    require_exp: bool = True
    accept_integer_subject: bool = False
    access_profile: str | None = None
    identity_claim: str = "sub"


class Purpose(Enum):
    """What a token is verified for, and so what is asked of it."""

    #: To let somebody in: all is asked.
    ADMIT = "admit"
    #: To look at it afterwards: ``exp`` may have passed.
    EXAMINE = "examine"
    #: To end what the signature names, a session or the token. That is asked neither ``exp``,
    #: ``nbf`` and ``iat``, nor the key that it is bound to, nor for a profile, nor what the claim
    #: schema makes of it: a logout by somebody whose clock is behind would be none, and its answer
    #: that of one.
    END = "end"


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
        self._headers: dict[str, tuple[Header, tuple[Key, ...]]] = {}
        self._required = _NAMING | ({"exp"} if self._rules.require_exp else set())
        self._ahead = max(self._rules.leeway, self._rules.skew)
        self._is_profiled = self._rules.access_profile == RFC9068

    def verify(
        self,
        encoded: object,
        *,
        kinds: frozenset[str] | None,
        purpose: Purpose = Purpose.ADMIT,
    ) -> Token:
        """Return the verified token.

        Args:
            encoded: A JWS in compact serialization, ``header.payload.signature``
                (:rfc:`7515#section-7.1`), without scheme or surrounding space.
            kinds: The kinds that are accepted; None for any.
            purpose: What for. A token that was verified to `END` something lets nobody in.

        Raises:
            ExpiredTokenError: ``exp`` has passed (:rfc:`7519#section-4.1.4`).
            WrongKindError: The token is of another kind.
            InvalidTokenError: Anything else; clients are told the same for every cause.
        """
        head, payload, signature, signing_input = split(encoded, self._max_length)  # Step 1.
        known = self._headers.get(head)
        header, keys = known or self._parsed(head)  # Steps 2 and 3.
        raw = decoded(signature)
        for key in keys:  # Step 4.
            # A key of the application's own may answer what is true and no yes.
            if key.verify(signing_input, raw) is True:
                break
        else:
            msg = "the signature is not ours"
            raise InvalidTokenError(msg)
        if known is None:
            self._remember(head, header, keys)
        claims = parse_object(payload)  # Step 5.
        if self._is_profiled and "type" not in claims and is_typed(header.type):
            claims["type"] = "access"
        self._check_well_formed(claims)  # Step 6.
        self._check_demanded(claims, header, kinds, purpose)
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

    def _parsed(self, segment: str) -> tuple[Header, tuple[Key, ...]]:
        header = parse_header(segment)
        keys = find_keys(self._ring, header.algorithm, header.key_id)
        if not keys or any(key.algorithm != header.algorithm for key in keys):
            msg = "no key of that name and algorithm"
            raise InvalidTokenError(msg)
        return header, keys

    def _remember(self, segment: str, header: Header, keys: tuple[Key, ...]) -> None:
        """Keep the header of a verified token: nobody without a key can fill the memory."""
        if self._is_fixed and len(self._headers) < _MAX_HEADERS:
            self._headers[segment] = (header, keys)

    def _check_well_formed(self, claims: dict[str, Any]) -> None:
        """Refuse claims of a wrong type or range; they are never taken as absent."""
        if (identity := self._rules.identity_claim) != "sub":
            _take_subject(claims, identity)
        if type(claims.get("sub")) is int and self._rules.accept_integer_subject:
            claims["sub"] = str(claims["sub"])
        name = malformed_claim(claims)
        if name is not None:
            msg = f"the claim {name} is malformed"
            raise InvalidTokenError(msg)

    def _check_demanded(
        self,
        claims: dict[str, Any],
        header: Header,
        kinds: frozenset[str] | None,
        purpose: Purpose,
    ) -> None:
        rules = self._rules
        required = _NAMING if purpose is Purpose.END else self._required
        if not required <= claims.keys():
            msg = f"absent: {', '.join(sorted(required - claims.keys()))}"
            if self._is_profiled and "type" not in claims:
                msg += (
                    f"; the header's typ is {header.type!r:.40}, not 'at+jwt', which says the kind"
                )
            raise InvalidTokenError(msg)
        if "cnf" in claims and purpose is not Purpose.END:
            # RFC 7800: it is bound to a key whose possession nobody has proved (CLAIM-11).
            msg = "the token is bound to a key"
            raise InvalidTokenError(msg)
        self._check_times(claims, purpose)
        # Revocations are kept by issuer: one that nobody expects would escape them (S10).
        if (rules.issuers or "iss" in claims) and claims.get("iss") not in rules.issuers:
            msg = "another issuer"
            raise InvalidTokenError(msg)
        if rules.audiences or "aud" in claims:
            _check_audience(claims.get("aud"), rules.audiences)
        kind = claims["type"]
        if purpose is Purpose.END:
            # Issued before the profile was set, or where it is not set yet: it names a session.
            _check_type(header.type, kind, _ALL_TYPES)
        elif self._is_profiled and kind == "access":
            _check_type(header.type, kind, TYPES)
            check_presented(claims)
        elif header.type != "JWT":
            _check_type(header.type, kind, _PLAIN_TYPES)
        if kinds is not None and kind not in kinds:
            msg = f"the token is of the kind {kind!r}"
            raise WrongKindError(msg)

    def _check_times(self, claims: dict[str, Any], purpose: Purpose) -> None:
        if purpose is Purpose.END:
            return
        now = self._clock()
        # RFC 7519 section 4.1.4: "on or after which the JWT MUST NOT be accepted".
        is_over = "exp" in claims and now >= claims["exp"] + self._rules.leeway
        if is_over and purpose is Purpose.ADMIT:
            msg = "exp has passed"
            raise ExpiredTokenError(msg)
        latest = now + self._ahead
        if claims.get("nbf", 0) > latest or claims.get("iat", 0) > latest:
            msg = "nbf or iat lies in the future"
            raise InvalidTokenError(msg)


def _take_subject(claims: dict[str, Any], identity: str) -> None:
    """Make another claim the subject.

    Raises:
        InvalidTokenError: The token names another one in ``sub``.
    """
    if identity in claims:
        if claims.setdefault("sub", claims[identity]) != claims[identity]:
            msg = f"sub is not what {identity} is"
            raise InvalidTokenError(msg)
    else:
        claims.pop("sub", None)


def _check_audience(audience: str | list[str] | None, wanted: frozenset[str]) -> None:
    held = {audience} if isinstance(audience, str) else set(audience or ())
    if (wanted and not held & wanted) or (held and not wanted):
        msg = "the token is for somebody else"
        raise InvalidTokenError(msg)


def _check_type(found: str | None, kind: str, accepted: Collection[str | None]) -> None:
    """Compare ``typ``; media types are case-insensitive (:rfc:`7515#section-4.1.9`)."""
    if (found and found.lower()) not in accepted:
        msg = f"the header's typ is {found!r:.40}, which is no token of the kind {kind!r:.40}"
        raise InvalidTokenError(msg)
