"""Reach the current request's token and user."""

from __future__ import annotations

from typing import Any

from werkzeug.local import LocalProxy

from .config import config
from .exceptions import Members
from .slot import Admitted, find


def _admitted() -> Admitted:
    admitted = find()
    if admitted is None:
        msg = "no guard has let this request in; write @jwt_required() below the route"
        raise RuntimeError(msg)
    return admitted


def get_jwt() -> Members:
    """Return a copy of the claims; empty where an optional endpoint got no token.

    Raises:
        RuntimeError: No guard has let this request in.
    """
    token = _admitted().token
    return {} if token is None else token.claims


def get_jwt_header() -> Members:
    """Return a copy of the JOSE header, as `get_jwt` does of the claims."""
    token = _admitted().token
    return {} if token is None else token.header


def get_jwt_identity() -> Any:
    """Return the identity, or None where an optional endpoint got no token.

    Raises:
        RuntimeError: No guard has let this request in.
    """
    return get_jwt().get(config.identity_claim_key)


def get_jwt_request_location() -> str | None:
    """Return where the token stood: ``headers``, ``cookies``, ``query_string`` or ``json``."""
    admitted = find()
    return None if admitted is None else admitted.location


def get_current_user() -> Any:
    """Return the user, or None where an optional endpoint got no token.

    Raises:
        RuntimeError: No guard has let this request in, or there is no ``user_lookup_loader``.
    """
    admitted = _admitted()
    if admitted.token is None:
        return None
    if admitted.user is None:
        msg = "register a @jwt.user_lookup_loader to have a current user"
        raise RuntimeError(msg)
    return admitted.user.loaded


def _user_or_none() -> Any:
    """Return the user; in a template nobody is a user, and never an error (C9)."""
    admitted = find()
    return None if admitted is None or admitted.user is None else admitted.user.loaded


#: The user of the current token.
current_user: Any = LocalProxy(get_current_user)


def template_context() -> dict[str, Any]:
    """Return what templates know; nothing is looked up before they touch it."""
    return {"current_user": LocalProxy(_user_or_none)}
