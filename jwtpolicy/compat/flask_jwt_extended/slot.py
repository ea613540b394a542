"""Keep what a guard found out about one request, in a place of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import ReferenceType, ref

from flask import Request, current_app, has_request_context, request

from .tokens import Decoded


@dataclass(frozen=True, slots=True)
class User:
    """A user that was loaded; the object may be anything but None."""

    loaded: Any


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that a guard let in.

    Attributes:
        token: Its token, or None where it came without.
        location: Where the token stood, or None.
        user: What ``user_lookup_loader`` returned, or None where nobody was asked.
    """

    token: Decoded | None = None
    location: str | None = None
    user: User | None = None


def _current() -> Request:
    found: Request = request._get_current_object()  # type: ignore[attr-defined] # a proxy
    return found


def _key() -> str:
    """Return a name that neither another application nor the native guards use (S7)."""
    app = current_app._get_current_object()  # type: ignore[attr-defined] # a proxy
    return f"jwtpolicy.compat.{id(app)}"


def keep(admitted: Admitted) -> None:
    """Remember the current request's token; of two guards the one that found a token counts."""
    if admitted.token is not None or find() is None:
        # A nested request may be made of the environ of the one around it.
        request.environ[_key()] = (ref(_current()), admitted)


def find() -> Admitted | None:
    """Return what a guard found out about the current request; None where none has run."""
    if not has_request_context():
        return None
    kept: tuple[ReferenceType[Request], Admitted] | None = request.environ.get(_key())
    return kept[1] if kept is not None and kept[0]() is _current() else None
