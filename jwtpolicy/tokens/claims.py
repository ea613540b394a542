"""Name the registered claims, and judge their shapes and what they say."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from ..exceptions import ExpiredTokenError, InvalidTokenError, NotAnIdError, WrongKindError
from .access_profile import RFC9068, TYPES, check_presented, is_typed

#: Claims that the library writes itself; nobody else may (CLAIM-10).
RESERVED_CLAIMS: Final = frozenset(
    "iss aud exp nbf iat jti type fresh auth_time sid csrf scope acr amr cnf schema".split()  # noqa: SIM905 # one line
)

#: The claim of a refresh token that holds what its session's access tokens say otherwise.
CARRIED: Final = "carried"


#: 9999-12-31T23:59:59Z, the last second that a datetime can hold.
MAX_TIME: Final = 253402300799
#: Characters of ``sub``, ``jti`` and ``sid`` (CLAIM-5).
MAX_ID: Final = 1024


def is_storable(text: str) -> bool:
    """Whether every store can keep *text*: NUL and lone surrogates are no part of any (K24).

    JSON brings both in as escapes, and drivers of databases raise what they like for them.
    """
    if "\0" in text:
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def id_of(text: str) -> str:
    """Return text that names something in a token, as a plain ``str``.

    Raises:
        NotAnIdError: It has more than `MAX_ID` characters, or holds NUL or a lone surrogate.
    """
    plain = str.__str__(text)
    if len(plain) > MAX_ID:
        msg = f"an id or a subject has more than {MAX_ID} characters"
        raise NotAnIdError(msg)
    if not is_storable(plain):
        msg = "an id or a subject holds NUL or a lone surrogate"
        raise NotAnIdError(msg)
    return plain


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


#: What names a token; `jti` is among it so that every one can be revoked (CLAIM-5).
_LASTING: Final = frozenset({"sub", "type", "jti"})
_REQUIRED: Final = _LASTING | {"exp"}

#: What ``typ`` may be, in lower case: of other tokens than those of a profile, and of all.
_PLAIN_TYPES: Final[frozenset[str | None]] = frozenset({None, "jwt"})
_ALL_TYPES: Final = _PLAIN_TYPES | TYPES


def read_identity(claims: dict[str, Any], rules: ClaimRules, media_type: str | None) -> None:
    """Write ``sub`` and ``type`` of what the rules take for them.

    Args:
        claims: The claims of a token whose signature was verified.
        rules: Which claim is the subject, and whether ``typ`` may say the kind.
        media_type: ``typ`` of the header.

    Raises:
        InvalidTokenError: The token names another subject in ``sub``.
    """
    if rules.access_profile == RFC9068 and "type" not in claims and is_typed(media_type):
        claims["type"] = "access"
    if rules.identity_claim != "sub":
        _take_subject(claims, rules.identity_claim)
    if rules.accept_integer_subject and type(claims.get("sub")) is int:
        claims["sub"] = str(claims["sub"])


def _take_subject(claims: dict[str, Any], identity: str) -> None:
    if identity in claims:
        if claims.setdefault("sub", claims[identity]) != claims[identity]:
            msg = f"sub is not what {identity} is"
            raise InvalidTokenError(msg)
    else:
        claims.pop("sub", None)


def malformed_claim(claims: dict[str, Any]) -> str | None:
    """Return the name of a registered claim of a wrong type or range, or None.

    One that is malformed is never taken as absent.
    """
    for name, value in claims.items():
        types = _TYPES.get(name)
        if types is None:
            continue
        kind = type(value)
        if kind not in types:
            return name
        if kind is str:
            # Lone surrogates are no strict JSON, and were refused before.
            if types is _ID and not (0 < len(value) <= MAX_ID and "\0" not in value):
                return name
        elif kind is list:
            if not all(type(item) is str for item in value):
                return name
        # A range, not `isfinite`: that fails for integers which are no float. NaN is outside
        # (CLAIM-8).
        elif kind is not bool and not 0 <= value <= MAX_TIME:
            return name
    return None


#: Not empty, without NUL, and no longer than `MAX_ID`.
_ID: Final = frozenset({str})
_TEXT: Final = (str,)
_TIME: Final = (int, float)

#: What a registered claim may be. A flag is no number here, as JSON has it.
_TYPES: Final[dict[str, Collection[type]]] = {
    **dict.fromkeys(("sub", "type", "jti", "sid", "iss", "csrf", "schema"), _ID),
    **dict.fromkeys(("exp", "iat", "nbf", "auth_time"), _TIME),
    **dict.fromkeys(("scope", "acr"), _TEXT),
    "aud": (str, list),
    "amr": (list,),
    "fresh": (bool, int, float),
}


def check_claims(
    claims: dict[str, Any],
    rules: ClaimRules,
    media_type: str | None,
    *,
    kinds: frozenset[str] | None,
    purpose: Purpose,
    now: float,
) -> None:
    """Refuse claims that are malformed, or do not say what is demanded.

    Args:
        claims: The claims of a token whose signature was verified.
        rules: What is demanded.
        media_type: ``typ`` of the header.
        kinds: The kinds that are accepted; None for any.
        purpose: What the token is verified for.
        now: Seconds since the epoch.

    Raises:
        ExpiredTokenError: ``exp`` has passed (:rfc:`7519#section-4.1.4`).
        WrongKindError: The token is of another kind.
        InvalidTokenError: A claim is malformed, absent, or says something else.
    """
    name = malformed_claim(claims)
    if name is not None:
        msg = f"the claim {name} is malformed"
        raise InvalidTokenError(msg)
    is_ending = purpose is Purpose.END
    required = _LASTING if is_ending or not rules.require_exp else _REQUIRED
    if not required <= claims.keys():
        raise InvalidTokenError(_absence(claims, required, rules, media_type))
    if not is_ending:
        _check_admissible(claims, rules, now, purpose)
    # Revocations are kept by issuer: one that nobody expects would escape them (S10).
    if (rules.issuers or "iss" in claims) and claims.get("iss") not in rules.issuers:
        msg = "another issuer"
        raise InvalidTokenError(msg)
    if rules.audiences or "aud" in claims:
        _check_audience(claims.get("aud"), rules.audiences)
    if media_type != "JWT" or rules.access_profile is not None:
        _check_media_type(claims, rules, media_type, is_ending)
    if kinds is not None and claims["type"] not in kinds:
        msg = f"the token is of the kind {claims['type']!r}"
        raise WrongKindError(msg)


def _absence(
    claims: dict[str, Any], required: frozenset[str], rules: ClaimRules, media_type: str | None
) -> str:
    """Return which claims are absent, for the log."""
    text = f"absent: {', '.join(sorted(required - claims.keys()))}"
    if rules.access_profile == RFC9068 and "type" not in claims:
        text += f"; the header's typ is {media_type!r:.40}, not 'at+jwt', which says the kind"
    return text


def _check_admissible(
    claims: dict[str, Any], rules: ClaimRules, now: float, purpose: Purpose
) -> None:
    """Refuse a token that is bound to a key, over, or not valid yet."""
    if "cnf" in claims:
        # RFC 7800: it is bound to a key whose possession nobody has proved (CLAIM-11).
        msg = "the token is bound to a key"
        raise InvalidTokenError(msg)
    # RFC 7519 section 4.1.4: "on or after which the JWT MUST NOT be accepted".
    is_over = "exp" in claims and now >= claims["exp"] + rules.leeway
    if is_over and purpose is Purpose.ADMIT:
        msg = "exp has passed"
        raise ExpiredTokenError(msg)
    latest = now + max(rules.leeway, rules.skew)
    if claims.get("nbf", 0) > latest or claims.get("iat", 0) > latest:
        msg = "nbf or iat lies in the future"
        raise InvalidTokenError(msg)


def _check_audience(audience: str | list[str] | None, wanted: frozenset[str]) -> None:
    held = {audience} if isinstance(audience, str) else set(audience or ())
    if (wanted and not held & wanted) or (held and not wanted):
        msg = "the token is for somebody else"
        raise InvalidTokenError(msg)


def _check_media_type(
    claims: dict[str, Any], rules: ClaimRules, media_type: str | None, is_ending: bool
) -> None:
    """Compare ``typ``; media types are case-insensitive (:rfc:`7515#section-4.1.9`)."""
    kind, accepted = claims["type"], _PLAIN_TYPES
    is_profiled = rules.access_profile == RFC9068 and kind == "access"
    if is_ending:
        # Issued before the profile was set, or where it is not set yet: it names a session.
        accepted = _ALL_TYPES
    elif is_profiled:
        accepted = TYPES
    if (media_type and media_type.lower()) not in accepted:
        msg = f"the header's typ is {media_type!r:.40}, which is no token of the kind {kind!r:.40}"
        raise InvalidTokenError(msg)
    if is_profiled and not is_ending:
        check_presented(claims)
