"""The current request's token, claims and user, as a guard has left them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final, NamedTuple

from flask import current_app, has_request_context, request
from werkzeug.local import LocalProxy

from .callbacks import current_loaders
from .config import config
from .exceptions import Members
from .tokens import Decoded


class Admitted(NamedTuple):
    """A request that a guard let in.

    Attributes:
        token: Its token, empty where it came without.
        location: The token location, or None.
        user: The user that ``user_lookup_loader`` returned.
        encoded: The token as it was sent, or None.
    """

    token: Decoded = Decoded({}, {})
    location: str | None = None
    user: Any = None
    encoded: str | None = None


#: Where a request has what its guard found out (S7): on the request and not in its environ, of
#: which a nested one may be made, and under no name that could be written as an attribute.
_KEPT: Final = "jwtpolicy.compat"


def keep(admitted: Admitted) -> None:
    """Remember the current request's token; of two guards the one that found a token counts."""
    if admitted.location or find() is None:
        setattr(request, _KEPT, admitted)


def find() -> Admitted | None:
    """Return the token and user of the current request; None where no guard has run."""
    return getattr(request, _KEPT, None) if has_request_context() else None


def _admitted() -> Admitted:
    admitted = find()
    if admitted is None:
        msg = "no guard has let this request in; write @jwt_required() below the route"
        raise RuntimeError(msg)
    return admitted


def get_jwt() -> Members:
    """Return a copy of the claims; empty if an optional endpoint got no token.

    Raises:
        RuntimeError: No guard has admitted this request.
    """
    return deepcopy(_admitted().token.claims)


def get_jwt_header() -> Members:
    """Return a copy of the JOSE header, as `get_jwt` does of the claims."""
    return deepcopy(_admitted().token.header)


def get_jwt_identity() -> Any:
    """Return the identity, or None if an optional endpoint got no token.

    Raises:
        RuntimeError: No guard has admitted this request.
    """
    return get_jwt().get(config.identity_claim_key)


def get_jwt_request_location() -> str | None:
    """Return where the token was sent: ``headers``, ``cookies``, ``query_string`` or ``json``."""
    return getattr(find(), "location", None)


def get_current_user() -> Any:
    """Return the user, or None if an optional endpoint got no token.

    Raises:
        RuntimeError: No guard has admitted this request, or there is no ``user_lookup_loader``.
    """
    admitted = _admitted()
    if admitted.location and not current_loaders().has("user_lookup"):
        raise RuntimeError("register a @jwt.user_lookup_loader to have a current user")
    return admitted.user


def template_context() -> dict[str, Any]:
    """Return the template variable ``current_user``: None without a user, never an error (C9)."""
    return {"current_user": LocalProxy(lambda: getattr(find(), "user", None))}


def _user() -> Any:
    """Return the user for a proxy, which takes a `RuntimeError` for "there is nobody"."""
    native: Any = current_app.extensions.get("jwtpolicy")
    theirs = None if find() or native is None else native.manager._native_user()
    return get_current_user() if theirs is None else theirs


#: The user of the current token.
current_user: Any = LocalProxy(_user)
