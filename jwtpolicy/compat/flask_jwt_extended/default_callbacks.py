"""Answer what nobody has registered a loader for; the names are those of the loaders."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue

from .config import config
from .exceptions import Members
from .keys import Material


def additional_claims(identity: Any) -> Members:
    """Add nothing."""
    return {}


def additional_headers(identity: Any) -> Members:
    """Add nothing."""
    return {}


def user_identity(identity: Any) -> Any:
    """Take the identity as it is."""
    return identity


def encode_key(identity: Any) -> Material:
    """Sign with the configured key."""
    return config.encode_key


def decode_key(jwt_header: Members, jwt_data: Members) -> Material:
    """Verify with the configured key."""
    return config.decode_key


def token_in_blocklist(jwt_header: Members, jwt_data: Members) -> bool:
    """Revoke nothing."""
    return False


def token_verification(jwt_header: Members, jwt_data: Members) -> bool:
    """Ask nothing more."""
    return True


def _message(text: str, status: int) -> ResponseReturnValue:
    return jsonify({config.error_msg_key: text}), status


def invalid_token(reason: str) -> ResponseReturnValue:
    """Say why the token is none."""
    return _message(reason, 422)


def unauthorized(reason: str) -> ResponseReturnValue:
    """Say why there is no token."""
    return _message(reason, 401)


def expired_token(jwt_header: Members, jwt_data: Members) -> ResponseReturnValue:
    """Say that the token has expired."""
    return _message("Token has expired", 401)


def needs_fresh_token(jwt_header: Members, jwt_data: Members) -> ResponseReturnValue:
    """Say that the token is not fresh."""
    return _message("Fresh token required", 401)


def revoked_token(jwt_header: Members, jwt_data: Members) -> ResponseReturnValue:
    """Say that the token was revoked."""
    return _message("Token has been revoked", 401)


def user_lookup_error(jwt_header: Members, jwt_data: Members) -> ResponseReturnValue:
    """Say that the user is not known."""
    return _message(f"Error loading the user {jwt_data[config.identity_claim_key]}", 401)


def token_verification_failed(jwt_header: Members, jwt_data: Members) -> ResponseReturnValue:
    """Say that the application's own check failed."""
    return _message("User claims verification failed", 400)
