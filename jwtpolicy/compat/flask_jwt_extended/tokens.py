"""Issue and verify tokens; verification has two gates: strict form, then PyJWT's rules."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Any, Final, NamedTuple, cast

import jwt
from flask import current_app
from jwt.types import Options
from werkzeug.exceptions import HTTPException

from ...exceptions import InvalidTokenError, LoginFailedError
from ...parsing.strict_json import parse_object
from ...tokens.claims import RESERVED_CLAIMS, malformed_claim
from ...tokens.jose import RESERVED_HEADERS, parse_header, split
from .callbacks import current_loaders
from .config import config
from .exceptions import CSRFError, JWTDecodeError, Members, answered
from .typing import Added, ExpiresDelta, Fresh, Lifetime

logger = logging.getLogger("jwtpolicy")

#: What only this library may write, in claims and in headers. ``nbf`` may be moved, the others are
#: an application's statements about its user, and it chooses keys by ``kid``.
_PROTECTED: Final = (RESERVED_CLAIMS | {"sub"}) - {"nbf", "scope", "acr", "amr", "auth_time"}
_PROTECTED_HEADERS: Final = RESERVED_HEADERS - {"kid"}

#: The claims that are read here; others are the application's own.
_READ: Final = ("iss", "sub", "aud", "exp", "nbf", "iat", "jti", "type", "fresh", "csrf")
#: The defaults of absent claims.
_DEFAULTS: Final[Members] = {"type": "access", "fresh": False, "jti": None}

#: Errors that a bad token or an unfit key may cause in PyJWT beside its own (ALG-4).
_FOREIGN: Final = (ValueError, TypeError, AttributeError, LookupError, RuntimeError)


class Decoded(NamedTuple):
    """The header and the claims of a token; applications get copies of them."""

    header: Members
    claims: Members


def decode(
    encoded: Any, csrf: str | None = None, *, allow_expired: bool = False, at_guard: bool = False
) -> Decoded:
    """Return the verified token.

    Args:
        encoded: The token as it was presented.
        csrf: The value that the claim ``csrf`` has to have; None without a CSRF check.
        allow_expired: Whether ``exp`` may have passed.
        at_guard: Whether an endpoint is guarded by it: issuer and audience are then those that
            tokens are issued with, where nothing else is configured, and ``type`` has to be there.

    Raises:
        PyJWTError: The token is malformed or not signed by the key, or its claims are invalid.
        JWTDecodeError: A required claim is absent.
        CSRFError: The CSRF value is another token's.
    """
    encoded = encoded.decode("ascii", "replace") if isinstance(encoded, bytes) else encoded
    try:
        found = _strict(encoded)
    except InvalidTokenError:
        _word(encoded)
        raise answered(jwt.DecodeError("The token is malformed")) from None
    key = _key(found)
    try:
        _verify(encoded, key, at_guard, allow_expired)
    except jwt.ExpiredSignatureError as error:
        # Other faults of an expired token are answered first.
        _verify(encoded, key, at_guard, allow_expired=True)
        raise answered(error, *_checked(found, csrf, at_guard)) from None
    return _checked(found, csrf, at_guard)


def _strict(encoded: object) -> Decoded:
    """Return the unverified header and claims of a strictly formed token: the first gate.

    Raises:
        InvalidTokenError: The text is no compact JWS in its one spelling, its JSON is not
            strict, or a registered claim has another type or range than it should.
    """
    head, payload, _, _ = split(encoded, config.shared.max_token_length)
    header, claims = parse_header(head), parse_object(payload)
    read: Members = {name: claims[name] for name in _READ if name in claims}
    if not config.verify_sub:
        read.pop("sub", None)
    if (name := malformed_claim(read)) is not None:
        raise InvalidTokenError(f"the claim {name} is malformed")
    return Decoded(header.members, claims)


def _word(encoded: Any) -> None:
    """Let PyJWT raise its own error about a malformed token, which is refused in any case."""
    if isinstance(encoded, str) and len(encoded) > config.shared.max_token_length:
        return
    with answering():
        jwt.decode_complete(encoded, options={"verify_signature": False})
    if not current_loaders().has("decode_key"):
        _verify(encoded, config.decode_key, at_guard=False, allow_expired=True)


def _key(found: Decoded) -> Any:
    """Return the key that has to verify the token; the loader may fail (S13, ALG-4)."""
    loaders = current_loaders()
    if not loaders.has("decode_key"):
        return config.decode_key
    try:
        key = loaders.call("decode_key", *deepcopy(found))
        config.check_strength(key, config.decode_algorithms)
    except HTTPException:
        raise
    except Exception as error:
        logger.exception("decode_key_loader failed; the token was refused")
        raise answered(jwt.DecodeError("There is no key for the token")) from error
    return key


def _verify(encoded: Any, key: Any, at_guard: bool, allow_expired: bool) -> None:
    """Have PyJWT judge the signature and the claims: the second gate.

    Raises:
        PyJWTError: The signature or a claim is invalid; it has its response, and only
            `jwt.ExpiredSignatureError` is raised as it is.
    """
    audience, issuer = config.decode_audience, config.decode_issuer
    if at_guard:
        audience = config.encode_audience if audience is None else audience
        issuer = config.encode_issuer if issuer is None else issuer
    options: Options = {"verify_sub": config.verify_sub, "verify_exp": not allow_expired}
    # PyJWT refuses a token that has an audience where none is expected.
    options["verify_aud"] = audience is not None or at_guard
    rest: dict[str, Any] = {"leeway": config.leeway, "algorithms": config.decode_algorithms}
    with answering():
        jwt.decode(encoded, key, audience=audience, issuer=issuer, options=options, **rest)


@contextmanager
def answering() -> Iterator[None]:
    """Replace PyJWT's errors by ones that know their response (`answered`)."""
    try:
        yield
    except jwt.ExpiredSignatureError:
        raise
    except jwt.InvalidTokenError as error:
        raise answered(error) from None
    except (jwt.PyJWTError, *_FOREIGN) as error:
        logger.warning("a token was refused because of %s", type(error).__name__)
        raise answered(jwt.DecodeError("The token or its key is malformed")) from error


def _checked(found: Decoded, csrf: str | None, at_guard: bool) -> Decoded:
    """Return the token with defaults for absent claims; raise if a required one is absent."""
    needs_type = at_guard and not config.is_on("JWT_COMPAT_UNTYPED")
    needed = {config.identity_claim_key: True, "type": needs_type, "csrf": bool(csrf)}
    for name, is_needed in needed.items():
        if is_needed and name not in found.claims:
            raise JWTDecodeError(f"Missing claim: {name}")
    claims: Members = {**_DEFAULTS, **found.claims}
    # As bytes: text that is not ASCII would raise (C2).
    if csrf and not compare_digest(claims["csrf"].encode(), csrf.encode("utf-8", "surrogatepass")):
        raise CSRFError("CSRF double submit tokens do not match")
    return Decoded(found.header, claims)


def is_spoofed(subject: object, encoded: str | None = None) -> bool:
    """Whether *subject* has the prefix of a native type of users, and *encoded* is not theirs."""
    native = current_app.extensions.get("jwtpolicy")
    return native is not None and native.manager._is_spoofed(str(subject), encoded)


def decode_token(
    encoded_token: str, csrf_value: str | None = None, allow_expired: bool = False
) -> Members:
    """Return the claims of a token that verifies; its kind and its revocation are not checked.

    Args:
        encoded_token: The token.
        csrf_value: The value that its claim ``csrf`` has to have; None: any.
        allow_expired: Whether ``exp`` may have passed.

    Raises:
        PyJWTError: The token is malformed or not signed by the key, or its claims are invalid.
        JWTDecodeError: A required claim is absent.
        CSRFError: The CSRF value is another token's.
    """
    return decode(encoded_token, csrf_value, allow_expired=allow_expired).claims


def get_unverified_jwt_headers(encoded_token: str) -> Members:
    """Return the header of a token without verifying it.

    Raises:
        DecodeError: The text is no JWS whose header can be read.
    """
    with answering():
        return jwt.get_unverified_header(encoded_token)


def get_jti(encoded_token: str) -> str | None:
    """Return ``jti`` of a token that verifies, expired ones included (C14)."""
    return cast(str | None, decode_token(encoded_token, allow_expired=True)["jti"])


def get_csrf_token(encoded_token: str) -> str:
    """Return the CSRF value of a token that verifies.

    Raises:
        JWTDecodeError: The token has no claim ``csrf``.
    """
    claims = decode_token(encoded_token)
    if "csrf" not in claims:
        raise JWTDecodeError("Missing claim: csrf")
    return cast(str, claims["csrf"])


def create_access_token(
    identity: Any,
    fresh: Fresh = False,
    expires_delta: Lifetime = None,
    additional_claims: Added = None,
    additional_headers: Added = None,
) -> str:
    """Return a new access token.

    Args:
        identity: The argument of ``user_identity_loader``; without one, text.
        fresh: Whether the token is fresh; or a timedelta, or the time at which it ends to be fresh.
        expires_delta: The lifetime. If None, ``JWT_ACCESS_TOKEN_EXPIRES``; if False, the token
            never expires.
        additional_claims: Further claims; they replace those of the loader.
        additional_headers: Further members of the header, in the same way.

    Raises:
        ValueError: A claim or a header is reserved, the lifetime is zero, or a claim could not
            be read back.
        ConfigurationError: The key is a secret that can be guessed.
    """
    return _encode("access", identity, fresh, expires_delta, additional_claims, additional_headers)


def create_refresh_token(
    identity: Any,
    expires_delta: Lifetime = None,
    additional_claims: Added = None,
    additional_headers: Added = None,
) -> str:
    """Return a new refresh token; see `create_access_token`."""
    return _encode("refresh", identity, False, expires_delta, additional_claims, additional_headers)


def _encode(
    kind: str, identity: Any, fresh: Fresh, lifetime: Lifetime, claims: Added, headers: Added
) -> str:
    """Return a new token of *kind*; for the other arguments see `create_access_token`.

    Raises:
        ValueError: A claim or a header is reserved, the lifetime is zero, or a claim could not
            be read back.
        LoginFailedError: The subject is one of a native type of users that has a prefix.
        ConfigurationError: The key is a secret that can be guessed.
    """
    call, now = current_loaders().call, datetime.now(UTC)
    if is_spoofed(subject := call("user_identity", identity)):
        raise LoginFailedError("the subject is one of another type of users")
    # New dicts: what a loader returns may be everybody's (S5).
    added = {**call("additional_claims", identity), **(claims or {})}
    header = {**call("additional_headers", identity), **(headers or {})}
    _refuse("claims", added, _PROTECTED | {config.identity_claim_key})
    _refuse("headers", header, _PROTECTED_HEADERS)
    members = {
        "fresh": (now + fresh).timestamp() if isinstance(fresh, timedelta) else fresh,
        "iat": now,
        "jti": str(uuid.uuid4()),
        "type": kind,
        config.identity_claim_key: subject,
        **_optional(now, _lifetime(kind, lifetime, now)),
        **added,
    }
    key = call("encode_key", identity)
    config.check_strength(key, [config.algorithm])
    return _readable(jwt.encode(members, key, config.algorithm, header, config.json_encoder))


def _lifetime(kind: str, given: Lifetime, now: datetime) -> ExpiresDelta:
    lifetime: ExpiresDelta = getattr(config, f"{kind}_expires") if given is None else given
    if lifetime is not False and now + lifetime == now:
        raise ValueError("a lifetime of zero; for a token that never expires write False")
    return lifetime


def _optional(now: datetime, lifetime: ExpiresDelta) -> Members:
    optional = {
        "nbf": config.encode_nbf and now,
        "csrf": config.cookie_csrf_protect and str(uuid.uuid4()),
        "aud": config.encode_audience,
        "iss": config.encode_issuer,
        "exp": lifetime and now + lifetime,
    }
    return {name: value for name, value in optional.items() if value}


def _refuse(what: str, members: Mapping[str, Any], protected: frozenset[str]) -> None:
    if taken := protected & members.keys():
        msg = f"additional_{what} names {', '.join(sorted(taken))}, which the library writes itself"
        raise ValueError(msg)


def _readable(encoded: str) -> str:
    """Return *encoded*, whose claims are strict JSON: PyJWT signs NaN and the like too."""
    try:
        parse_object(split(encoded, len(encoded))[1])
    except InvalidTokenError as error:
        raise ValueError(f"the claims could not be read back: {error.reason}") from None
    return encoded
