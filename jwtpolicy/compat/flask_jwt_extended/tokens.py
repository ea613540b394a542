"""Sign tokens, and verify them at two gates: the native strict form, then PyJWT's rules."""

from __future__ import annotations

import copy
import logging
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Any, Final

import jwt
from jwt.types import Options
from werkzeug.exceptions import HTTPException

from ...exceptions import InvalidTokenError
from ...jose import RESERVED_CLAIMS, RESERVED_HEADERS, parse_object, split
from ...registered_claims import malformed_claim
from .config import config
from .exceptions import CSRFError, JWTDecodeError, Members, answered, expired
from .gate import strict
from .keys import Material, check_strength
from .typing import ExpiresDelta, Fresh

logger = logging.getLogger("jwtpolicy")

#: What an application may state of its user although the native library reads it.
_STATEMENTS: Final = frozenset({"scope", "acr", "amr", "auth_time"})
#: What only this library may write, in claims and in headers; ``nbf`` may be moved.
_PROTECTED: Final = (RESERVED_CLAIMS | {"sub"}) - _STATEMENTS - {"nbf"}
#: ``kid`` stays free: applications choose keys by it.
_PROTECTED_HEADERS: Final = RESERVED_HEADERS - {"kid"}

#: What a bad token or an unfit key may make of PyJWT beside its own errors (ALG-4).
_FOREIGN: Final = (
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    NotImplementedError,
    RecursionError,
)

#: What a token that does not say them is taken to say.
_DEFAULTS: Final[Members] = {"type": "access", "fresh": False, "jti": None}

#: Returns the key that verifies: called with the header and the claims, both unverified.
KeyLoader = Callable[[Members, Members], Material]


@dataclass(frozen=True, slots=True)
class Decoded:
    """A token that verified; what is handed out of it are copies."""

    _header: Members
    _claims: Members

    @property
    def header(self) -> Members:
        """The JOSE header."""
        return copy.deepcopy(self._header)

    @property
    def claims(self) -> Members:
        """The claims set."""
        return copy.deepcopy(self._claims)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is demanded beside the configuration.

    Attributes:
        load_key: The application's ``decode_key_loader``, or None for the configured key.
        max_length: Characters that a token may have.
        csrf_value: What the claim ``csrf`` has to be; None where nothing is asked.
        allow_expired: Whether ``exp`` may have passed.
        at_guard: Whether an endpoint is guarded by it: issuer and audience are then those that
            tokens are issued with, where nothing else is configured.
    """

    load_key: KeyLoader | None
    max_length: int
    csrf_value: str | None = None
    allow_expired: bool = False
    at_guard: bool = False


def decode(encoded: Any, rules: Rules) -> Decoded:
    """Return the verified token.

    Raises:
        PyJWTError: It is none, or its claims do not fit.
        JWTDecodeError: A claim is absent.
        CSRFError: The CSRF value is another token's.
    """
    if isinstance(encoded, bytes):
        encoded = encoded.decode("ascii", "replace")
    if isinstance(encoded, str) and len(encoded) > rules.max_length:
        msg = "The token is too long"
        raise answered(jwt.DecodeError(msg))
    try:
        header, claims = strict(encoded, rules.max_length, any_subject=not config.verify_sub)
    except InvalidTokenError:
        _word(encoded, rules)
        msg = "The token is malformed"
        raise answered(jwt.DecodeError(msg)) from None
    found = Decoded(header.members, {**_DEFAULTS, **claims})
    key = _key(found, rules)
    try:
        _verify(encoded, key, rules, allow_expired=rules.allow_expired)
    except jwt.ExpiredSignatureError as error:
        # Other faults of an expired token are answered first.
        _verify(encoded, key, rules, allow_expired=True)
        _check(found, claims, rules)
        raise expired(error, found.header, found.claims) from None
    _check(found, claims, rules)
    return found


def _word(encoded: Any, rules: Rules) -> None:
    """Let PyJWT say what is wrong with a token that is refused whatever it says."""
    with _answering():
        jwt.decode_complete(encoded, options={"verify_signature": False})
    if rules.load_key is None:
        _verify(encoded, config.decode_key, rules, allow_expired=True)


def _key(found: Decoded, rules: Rules) -> Material:
    """Return what has to verify the token; the application's loader may fail (S13, ALG-4)."""
    if rules.load_key is None:
        return config.decode_key
    try:
        key = rules.load_key(found.header, found.claims)
        check_strength(key, config.decode_algorithms, may_be_weak=_may_be_weak())
    except HTTPException:
        raise
    except Exception as error:
        logger.exception("decode_key_loader failed; the token was refused")
        msg = "There is no key for the token"
        raise answered(jwt.DecodeError(msg)) from error
    return key


def _may_be_weak() -> bool:
    return config.is_on("JWT_COMPAT_WEAK_KEYS")


def _verify(encoded: Any, key: Material, rules: Rules, *, allow_expired: bool) -> None:
    """Have PyJWT judge the signature and the claims.

    Raises:
        PyJWTError: As one that brings its answer along; `jwt.ExpiredSignatureError` as it is.
    """
    with _answering():
        jwt.decode(encoded, key, **_arguments(rules, allow_expired))


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except jwt.ExpiredSignatureError:
        raise
    except jwt.InvalidTokenError as error:
        raise answered(error) from None
    except (jwt.PyJWTError, *_FOREIGN) as error:
        logger.warning("a token was refused because of %s", type(error).__name__)
        msg = "The token or its key is malformed"
        raise answered(jwt.DecodeError(msg)) from error


def _arguments(rules: Rules, allow_expired: bool) -> dict[str, Any]:
    audience, issuer = config.decode_audience, config.decode_issuer
    if rules.at_guard:
        audience = config.encode_audience if audience is None else audience
        issuer = config.encode_issuer if issuer is None else issuer
    options: Options = {
        # PyJWT refuses a token that has an audience where none is expected.
        "verify_aud": audience is not None or rules.at_guard,
        "verify_sub": config.verify_sub,
        "verify_exp": not allow_expired,
    }
    return {
        "algorithms": config.decode_algorithms,
        "audience": audience,
        "issuer": issuer,
        "leeway": config.leeway,
        "options": options,
    }


def _check(found: Decoded, claims: Members, rules: Rules) -> None:
    if config.identity_claim_key not in claims:
        msg = f"Missing claim: {config.identity_claim_key}"
        raise JWTDecodeError(msg)
    if rules.at_guard and "type" not in claims and not config.is_on("JWT_COMPAT_UNTYPED"):
        msg = "Missing claim: type"
        raise JWTDecodeError(msg)
    if rules.csrf_value:
        _check_csrf(claims, rules.csrf_value)


def _check_csrf(claims: Members, brought: str) -> None:
    """Compare as bytes: text that is not ASCII would raise (C2)."""
    if "csrf" not in claims:
        msg = "Missing claim: csrf"
        raise JWTDecodeError(msg)
    if not compare_digest(claims["csrf"].encode(), brought.encode("utf-8", "surrogatepass")):
        msg = "CSRF double submit tokens do not match"
        raise CSRFError(msg)


@dataclass(frozen=True, slots=True)
class Order:
    """What a token is to say.

    Attributes:
        kind: ``access`` or ``refresh``.
        identity: The claim of that name, as ``user_identity_loader`` returned it.
        key: What signs.
        fresh: Whether it is fresh, for how long, or until when.
        expires_delta: How long it lives; None: as configured; False: for ever.
        claims: Further claims.
        headers: Further members of the header.
    """

    kind: str
    identity: Any
    key: Material
    fresh: Fresh
    expires_delta: ExpiresDelta | None
    claims: Mapping[str, Any]
    headers: Mapping[str, Any]


def encode(order: Order) -> str:
    """Return a new token.

    Raises:
        ValueError: A claim or a header is reserved, the lifetime is zero, or a claim could not
            be read back.
        ConfigurationError: The key is a secret that can be guessed.
    """
    _refuse(order.claims, _PROTECTED | {config.identity_claim_key}, "claims")
    _refuse(order.headers, _PROTECTED_HEADERS, "headers")
    now = datetime.now(UTC)
    members = {
        "fresh": order.fresh if not isinstance(order.fresh, timedelta) else _end(now, order.fresh),
        "iat": now,
        "jti": str(uuid.uuid4()),
        "type": order.kind,
        config.identity_claim_key: order.identity,
        **_optional(now, _lifetime(order, now)),
        **order.claims,
    }
    check_strength(order.key, [config.algorithm], may_be_weak=_may_be_weak())
    encoded = jwt.encode(
        members,
        order.key,
        config.algorithm,
        headers=dict(order.headers),
        json_encoder=config.json_encoder,
    )
    return _readable(encoded)


def _end(now: datetime, delta: timedelta) -> float:
    return (now + delta).timestamp()


def _lifetime(order: Order, now: datetime) -> ExpiresDelta:
    configured = config.access_expires if order.kind == "access" else config.refresh_expires
    delta = configured if order.expires_delta is None else order.expires_delta
    if delta is False:
        return False
    if now + delta == now:
        msg = "a lifetime of zero; a token that never expires is spelt False"
        raise ValueError(msg)
    return delta


def _optional(now: datetime, lifetime: ExpiresDelta) -> Members:
    optional = {
        "nbf": now if config.encode_nbf else None,
        "csrf": str(uuid.uuid4()) if config.cookie_csrf_protect else None,
        "aud": config.encode_audience or None,
        "iss": config.encode_issuer or None,
        "exp": None if lifetime is False else now + lifetime,
    }
    return {name: value for name, value in optional.items() if value is not None}


def _refuse(members: Mapping[str, Any], protected: frozenset[str], what: str) -> None:
    taken = protected & members.keys()
    if taken:
        msg = f"additional_{what} names {', '.join(sorted(taken))}, which the library writes itself"
        raise ValueError(msg)
    stated = {name: members[name] for name in _STATEMENTS & members.keys()}
    if what == "claims" and (wrong := malformed_claim(stated)) is not None:
        msg = f"{wrong} cannot be {members[wrong]!r:.40}: no guard would take it"
        raise ValueError(msg)


def _readable(encoded: str) -> str:
    """Return *encoded*, whose claims are strict JSON: PyJWT signs NaN and the like too."""
    try:
        parse_object(split(encoded, len(encoded))[1])
    except InvalidTokenError as error:
        msg = f"the claims could not be read back: {error.reason}"
        raise ValueError(msg) from None
    return encoded
