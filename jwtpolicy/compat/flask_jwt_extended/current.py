"""Keep what a guard found out about the current request, and reach it from anywhere."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from flask import Request, current_app, has_request_context, request
from werkzeug.local import LocalProxy

from .config import config
from .exceptions import Members
from .loaders import current_loaders
from .tokens import Decoded


class Admitted(NamedTuple):
    """A request that a guard let in.

    Attributes:
        token: Its token, empty where it came without.
        location: Where the token stood, or None.
        user: Whom ``user_lookup_loader`` found.
        encoded: The token as it was sent, or None.
    """

    token: Decoded = Decoded({}, {})
    location: str | None = None
    user: Any = None
    encoded: str | None = None


def _place() -> tuple[Request, str]:
    """Return the request, and a key that nobody else's application or guard uses (S7)."""
    found: Request = request._get_current_object()  # type: ignore[attr-defined] # a proxy
    return found, f"jwtpolicy.compat.{id(current_app.extensions)}"


def keep(admitted: Admitted) -> None:
    """Remember the current request's token; of two guards the one that found a token counts."""
    found, key = _place()
    if admitted.location or find() is None:
        # By request: a nested one may be made of the environ of the one around it.
        found.environ.setdefault(key, WeakKeyDictionary())[found] = admitted


def find() -> Admitted | None:
    """Return what a guard found out about the current request; None where none has run."""
    if not has_request_context():
        return None
    found, key = _place()
    kept: WeakKeyDictionary[Request, Admitted] = found.environ.get(key, WeakKeyDictionary())
    return kept.get(found)


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
    return deepcopy(_admitted().token.claims)


def get_jwt_header() -> Members:
    """Return a copy of the JOSE header, as `get_jwt` does of the claims."""
    return deepcopy(_admitted().token.header)


def get_jwt_identity() -> Any:
    """Return the identity, or None where an optional endpoint got no token.

    Raises:
        RuntimeError: No guard has let this request in.
    """
    return get_jwt().get(config.identity_claim_key)


def get_jwt_request_location() -> str | None:
    """Return where the token stood: ``headers``, ``cookies``, ``query_string`` or ``json``."""
    return getattr(find(), "location", None)


def get_current_user() -> Any:
    """Return the user, or None where an optional endpoint got no token.

    Raises:
        RuntimeError: No guard has let this request in, or there is no ``user_lookup_loader``.
    """
    admitted = _admitted()
    if admitted.location and not current_loaders().has("user_lookup"):
        raise RuntimeError("register a @jwt.user_lookup_loader to have a current user")
    return admitted.user


def template_context() -> dict[str, Any]:
    """Return what templates know; where there is no user it is None, never an error (C9)."""
    return {"current_user": LocalProxy(lambda: getattr(find(), "user", None))}


#: The user of the current token.
current_user: Any = LocalProxy(get_current_user)
