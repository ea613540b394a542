"""Write the request that presents a token, as a client would, for a dry run of it."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Final

from flask import Flask
from flask.testing import EnvironBuilder

from ..guards.csrf import SAFE_METHODS
from ..transports import CookieTransport, Transport
from .bound_app import BoundApp
from .sent_tokens import add_csrf_value, claims_in, fill, is_filled, plan_met_by

_NO_LINE: Final = "a token is one line of printable ASCII characters, and this is not"
_WORDY: Final = "a token alone is expected: leave out what stands before it in the header"


class ExplainedRequest:
    """A request to an application, with the token where the endpoint reads it.

    Args:
        app: The application.
        bound: Its settings and plans.
        method: The method of the request.
        path: The path, which may have a query string.
        request: What else the request has, as `flask.testing.EnvironBuilder` takes it.

    Attributes:
        environ: The request as a WSGI environ (:pep:`3333`).
    """

    def __init__(
        self, app: Flask, bound: BoundApp, method: str, path: str, request: dict[str, Any]
    ) -> None:
        self._app = app
        self._bound = bound
        with closing(EnvironBuilder(app, path, method=method, **request)) as builder:
            self.environ = builder.get_environ()

    def add(self, encoded: str, place: str | None = None, *, csrf: bool = True) -> None:
        """Put a token into the request.

        Args:
            encoded: The token, whatever it is: the guards say what they think of it.
            place: The name of the transport; None: one that the endpoint reads.
            csrf: Whether an unsafe request with a cookie brings the CSRF value of its token.

        Raises:
            ValueError: No such transport is read there, or it is one of the application's own, or
                *encoded* is no line of ASCII or begins with the word of its header, or the request
                has something there already, or the JSON that is there has no members.
        """
        if not (encoded.isascii() and encoded.isprintable()):
            raise ValueError(_NO_LINE)
        if encoded.lower().startswith(("bearer ", "authorization:")):
            raise ValueError(_WORDY)
        transport, kind = self._transport(place), _kind(claims_in(encoded))
        if is_filled(transport, self.environ, kind):
            msg = f"{transport.name}: the request has something where the token goes; leave out one"
            raise ValueError(msg)
        fill(transport, self.environ, encoded, kind)
        is_unsafe = self.environ["REQUEST_METHOD"] not in SAFE_METHODS
        if csrf and is_unsafe and isinstance(transport, CookieTransport):
            add_csrf_value(self.environ, encoded, kind, self._bound.settings)

    def _transport(self, name: str | None) -> Transport:
        plan = plan_met_by(self.environ, self._app, self._bound)
        found = (self._bound.parts.places() if plan is None else plan.places).transports
        if name is None:
            return min(found, key=lambda one: one.is_ambient)
        for one in found:
            if one.name == name:
                return one
        msg = f"tokens are not read from {name} there, but from {', '.join(o.name for o in found)}"
        raise ValueError(msg)


def _kind(claims: dict[str, Any]) -> str:
    kind = claims.get("type")
    return kind if isinstance(kind, str) else "access"
