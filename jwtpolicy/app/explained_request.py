"""Write the request that presents a token, as a client would, for a dry run of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from string import ascii_letters, digits
from typing import Any, Final

from flask import Flask
from flask.testing import EnvironBuilder
from werkzeug.test import EnvironBuilder as WerkzeugsBuilder

from ..guards.csrf import SAFE_METHODS
from ..parsing.signatures import signature_of
from ..transports import CookieTransport, Transport
from .bound_app import BoundApp
from .sent_tokens import add_csrf_value, claims_in, fill, is_filled, plan_met_by, usual_place
from .subjects import issuer_claimed

#: The parts of a request that both classes take by keyword; Flask's hands on what it does not know.
_PARTS: Final = tuple(
    name
    for builder in (EnvironBuilder, WerkzeugsBuilder)
    for name in signature_of(builder.__init__).parameters
    if name not in ("self", "app", "args", "kwargs")
)
_NO_LINE: Final = "a token is one line of printable ASCII characters, and this is not"
_WORDY: Final = "expected only the token: leave out the word before it in the header"

#: The characters of a method (:rfc:`9110#section-5.6.2`).
_METHOD: Final = frozenset(f"!#$%&'*+-.^_`|~{digits}{ascii_letters}")


def strange_to_requests(names: Iterable[str]) -> list[str]:
    """Return those of *names* that `flask.testing.EnvironBuilder` does not take."""
    return [name for name in names if name not in _PARTS]


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

    Raises:
        TypeError: A keyword of *request* names no part of a request.
        ValueError: No client can send such a method or path, so that another request would be
            explained in its place.
    """

    def __init__(
        self, app: Flask, bound: BoundApp, method: str, path: str, request: dict[str, Any]
    ) -> None:
        if strange := strange_to_requests(request):
            msg = (
                f"explain(method, path) takes token=, place=, csrf= and the parts of a request "
                f"(headers=, json=, query_string= …), not {', '.join(strange)}; a user is named by "
                "a token: token=jwt.issue(user)"
            )
            raise TypeError(msg)
        _check(method, path)
        self._app = app
        self._bound = bound
        with closing(EnvironBuilder(app, path, method=method, **request)) as builder:
            self.environ = builder.get_environ()

    def add(self, encoded: str, place: str | None = None, *, csrf: bool = True) -> None:
        """Put a token into the request.

        Args:
            encoded: The token, whatever it is: the guards say what they think of it.
            place: The name of the transport; None: the `usual_place` of the token there.
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
        claims = claims_in(encoded)
        if issuer_claimed(claims, self._bound.components.services.guard_verifier) is not None:
            # Its claims name neither a kind of ours nor a cookie.
            claims = {}
        transport, kind = self._transport(place, claims), _kind(claims)
        self._check_unfilled(self._read if place is None else [transport], kind)
        fill(transport, self.environ, encoded, kind)
        is_unsafe = self.environ["REQUEST_METHOD"] not in SAFE_METHODS
        if csrf and is_unsafe and isinstance(transport, CookieTransport):
            add_csrf_value(self.environ, encoded, kind, self._bound.settings)

    @property
    def _read(self) -> Sequence[Transport]:
        """The places that the endpoint reads."""
        plan = plan_met_by(self.environ, self._app, self._bound)
        return (self._bound.parts.places() if plan is None else plan.places).transports

    def _check_unfilled(self, places: Iterable[Transport], kind: str) -> None:
        """Refuse a token beside another one, of which nobody could say which is explained.

        Raises:
            ValueError: The request has something in one of *places*.
        """
        for one in places:
            if is_filled(one, self.environ, kind):
                msg = f"the request has a value in {one.name}, and token= too: leave out one"
                raise ValueError(msg)

    def _transport(self, name: str | None, claims: dict[str, Any]) -> Transport:
        found = self._read
        if name is None:
            # No login puts a token without a CSRF value into a cookie.
            has_cookie = "csrf" in claims and _kind(claims) in self._bound.parts.cookies.names
            return usual_place(found, has_cookie=has_cookie) or found[0]
        for one in found:
            if one.name == name:
                return one
        msg = f"tokens are not read from {name} here, but from {', '.join(o.name for o in found)}"
        raise ValueError(msg)


def _check(method: str, path: str) -> None:
    """Refuse what `EnvironBuilder` would read as another request.

    Raises:
        ValueError: *method* is no method, or *path* neither a path nor a whole URL.
    """
    if not (method and _METHOD.issuperset(method)):
        msg = f"a method is one word, such as GET or PROPFIND, not {method!r:.40}"
        raise ValueError(msg)
    if not path.isprintable():
        msg = f"a path holds no control characters; escape them, as %0A: {path!r:.60}"
        raise ValueError(msg)
    if path.startswith("//") or not path.startswith(("/", "http://", "https://")):
        # Two slashes begin a host.
        msg = f"the path of a request begins with one slash: '/accounts/2', not {path!r:.60}"
        raise ValueError(msg)


def _kind(claims: dict[str, Any]) -> str:
    kind = claims.get("type")
    return kind if isinstance(kind, str) else "access"
