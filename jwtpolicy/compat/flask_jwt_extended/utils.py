"""Make tokens and take them apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import jwt

from .cookies import *  # noqa: F403 # applications import them from here too
from .current import *  # noqa: F403
from .exceptions import JWTDecodeError, Members
from .tokens import answering, decode, encode
from .typing import ExpiresDelta, Fresh


def create_access_token(
    identity: Any,
    fresh: Fresh = False,
    expires_delta: ExpiresDelta | None = None,
    additional_claims: Mapping[str, Any] | None = None,
    additional_headers: Mapping[str, Any] | None = None,
) -> str:
    """Return a new access token.

    Args:
        identity: What ``user_identity_loader`` takes; without one, text.
        fresh: Whether it is fresh, a timedelta for how long, or until when.
        expires_delta: How long it lives; None: ``JWT_ACCESS_TOKEN_EXPIRES``; False: for ever.
        additional_claims: Further claims; they win over those of the loader.
        additional_headers: Further members of the header, in the same way.

    Raises:
        ValueError: A claim or a header is reserved, the lifetime is zero, or a claim could not
            be read back.
        ConfigurationError: The key is a secret that can be guessed.
    """
    return encode("access", identity, fresh, expires_delta, additional_claims, additional_headers)


def create_refresh_token(
    identity: Any,
    expires_delta: ExpiresDelta | None = None,
    additional_claims: Mapping[str, Any] | None = None,
    additional_headers: Mapping[str, Any] | None = None,
) -> str:
    """Return a new refresh token; see `create_access_token`."""
    return encode("refresh", identity, False, expires_delta, additional_claims, additional_headers)


def decode_token(
    encoded_token: str, csrf_value: str | None = None, allow_expired: bool = False
) -> Members:
    """Return the claims of a token that verifies; its kind and its revocation are not looked at.

    Args:
        encoded_token: The token.
        csrf_value: What its claim ``csrf`` has to be; None where that does not matter.
        allow_expired: Whether ``exp`` may have passed.

    Raises:
        PyJWTError: It is none, or its claims do not fit.
        JWTDecodeError: A claim is absent.
        CSRFError: The CSRF value is another token's.
    """
    return decode(encoded_token, csrf_value, allow_expired=allow_expired).claims


def get_unverified_jwt_headers(encoded_token: str) -> Members:
    """Return the header of a token that nobody has verified.

    Raises:
        DecodeError: It is no token.
    """
    with answering():
        return jwt.get_unverified_header(encoded_token)


def get_jti(encoded_token: str) -> str | None:
    """Return ``jti`` of a token that verifies, expired ones included (C14)."""
    return cast(str | None, decode_token(encoded_token, allow_expired=True)["jti"])


def get_csrf_token(encoded_token: str) -> str:
    """Return the CSRF value of a token that verifies.

    Raises:
        JWTDecodeError: It has none.
    """
    claims = decode_token(encoded_token)
    if "csrf" not in claims:
        raise JWTDecodeError("Missing claim: csrf")
    return cast(str, claims["csrf"])
