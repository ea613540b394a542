"""Registered claims: their names, their JSON types, and the rules of verification."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from ..exceptions import ExpiredTokenError, InvalidTokenError, NotAnIdError, WrongKindError
from .access_profile import RFC9068, TYPES, check_presented, is_typed

#: Claims that only the library sets: schemas, hooks and calls may not (CLAIM-10).
RESERVED_CLAIMS: Final = frozenset(
    "iss aud exp nbf iat jti type fresh auth_time sid csrf scope acr amr cnf schema".split()  # noqa: SIM905 # one line
)

#: The claim of a refresh token with claims and headers for the access tokens of its session.
CARRIED: Final = "carried"


#: 9999-12-31T23:59:59Z, the last second that a datetime can hold.
MAX_TIME: Final = 253402300799
#: Longest ``sub``, ``jti`` and ``sid``, in characters (CLAIM-5).
MAX_ID: Final = 1024


def is_storable(text: str) -> bool:
    """Whether every store can save *text*: it has no NUL and no lone surrogate (K24).

    JSON can have both as escapes, and for them each database driver raises another exception.
    """
    if "\0" in text:
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def id_of(text: str) -> str:
    """Return an id or subject as a plain ``str``, if every store can save it.

    Raises:
        NotAnIdError: *text* has more than `MAX_ID` characters, or holds NUL or a lone surrogate.
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
    """Verification rules of registered claims.

    Attributes:
        issuers: Accepted values of ``iss``; empty: tokens with an issuer are refused.
        audiences: One of these has to be in ``aud``; empty: tokens with an audience are refused,
            because they are for another service (:rfc:`7519#section-4.1.3`).
        leeway: Seconds by which clocks may differ, 0 to 300.
        skew: Seconds by which ``iat`` and ``nbf`` may be in the future, where that is more than the
            leeway: the clocks of two machines are never quite the same. This is safe, because only
            the holder of a key sets these times, and ``exp`` does not move.
        require_exp: Whether tokens have to expire.
        accept_integer_subject: Whether an integer ``sub`` is taken as its text.
        access_profile: ``rfc9068`` if access tokens have to follow that profile
            (:rfc:`9068#section-4`). The kind of one without ``type``, as other servers issue them,
            follows from the header's ``typ``.
        identity_claim: The claim with the subject, ``sub`` by default.
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
    """Purpose of a verification, which decides the checks of registered claims."""

    #: To admit a request: all checks.
    ADMIT = "admit"
    #: To inspect a token later: ``exp`` is not checked.
    EXAMINE = "examine"
    #: To revoke the token or end its session: neither ``exp``, ``nbf`` and ``iat`` are checked, nor
    #: a binding to a key (``cnf``), a profile, or the claim schema. With these checks a logout on a
    #: machine whose clock is behind would do nothing, and still answer like a logout.
    END = "end"


#: Claims that each token needs; ``jti`` is one, so that every token can be revoked (CLAIM-5).
_LASTING: Final = frozenset({"sub", "type", "jti"})
_REQUIRED: Final = _LASTING | {"exp"}

#: Accepted values of ``typ`` in lower case: of tokens without a profile, and of any token.
_PLAIN_TYPES: Final[frozenset[str | None]] = frozenset({None, "jwt"})
_ALL_TYPES: Final = _PLAIN_TYPES | TYPES


def read_identity(claims: dict[str, Any], rules: ClaimRules, media_type: str | None) -> None:
    """Set ``sub`` and ``type`` in *claims*, where the rules take them from elsewhere.

    Args:
        claims: The claims of a token whose signature was verified.
        rules: The identity claim, and whether ``typ`` may stand for ``type``.
        media_type: ``typ`` of the header.

    Raises:
        InvalidTokenError: The token has a ``sub`` that differs from its identity claim.
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

    A malformed claim refuses the token; it never counts as absent.
    """
    for name, value in claims.items():
        types = _TYPES.get(name)
        if types is None:
            continue
        kind = type(value)
        if kind not in types:
            return name
        if kind is str:
            # Lone surrogates were refused by the strict JSON parser already.
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

#: JSON types of registered claims, compared exactly: ``true`` is no number, though bool is an int.
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
    """Check the registered claims of a token: types, presence, and values by the rules.

    Args:
        claims: The claims of a token whose signature was verified.
        rules: The verification rules.
        media_type: ``typ`` of the header.
        kinds: The accepted kinds; None for any.
        purpose: The purpose of the verification.
        now: Seconds since the epoch.

    Raises:
        ExpiredTokenError: The time of ``exp`` has passed, leeway included
            (:rfc:`7519#section-4.1.4`).
        WrongKindError: The claim ``type`` is none of *kinds*.
        InvalidTokenError: A required claim is absent, a claim is malformed, or its value is not
            accepted.
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
    # Revocations are stored by issuer: a token of an unexpected issuer would escape them (S10).
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
    """Return the reason for the log: the names of absent claims."""
    text = f"absent: {', '.join(sorted(required - claims.keys()))}"
    if rules.access_profile == RFC9068 and "type" not in claims:
        text += f"; the header's typ is {media_type!r:.40}, not 'at+jwt', which says the kind"
    return text


def _check_admissible(
    claims: dict[str, Any], rules: ClaimRules, now: float, purpose: Purpose
) -> None:
    """Check ``cnf`` and the times ``exp``, ``nbf`` and ``iat``.

    Raises:
        ExpiredTokenError: The time of ``exp`` has passed, and the purpose is to admit.
        InvalidTokenError: The token is bound to a key, or ``nbf`` or ``iat`` is in the future.
    """
    if "cnf" in claims:
        # RFC 7800: the token is bound to a key, and no proof of possession was checked (CLAIM-11).
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
        msg = "the token is for another audience"
        raise InvalidTokenError(msg)


def _check_media_type(
    claims: dict[str, Any], rules: ClaimRules, media_type: str | None, is_ending: bool
) -> None:
    """Check the header's ``typ``, which is case-insensitive (:rfc:`7515#section-4.1.9`).

    Raises:
        InvalidTokenError: ``typ`` is not one of this kind of token, or a claim of its profile is
            absent or malformed.
    """
    kind, accepted = claims["type"], _PLAIN_TYPES
    is_profiled = rules.access_profile == RFC9068 and kind == "access"
    if is_ending:
        # The token may have been issued before the profile was set, or on a machine where it is not
        # set yet: its session has to end all the same.
        accepted = _ALL_TYPES
    elif is_profiled:
        accepted = TYPES
    if (media_type and media_type.lower()) not in accepted:
        msg = f"the header's typ is {media_type!r:.40}, which is no token of the kind {kind!r:.40}"
        raise InvalidTokenError(msg)
    if is_profiled and not is_ending:
        check_presented(claims)
