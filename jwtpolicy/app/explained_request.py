"""Write the request that presents a token, as a client would, for a dry run of it."""

from __future__ import annotations

from string import ascii_letters, digits
from typing import Any, Final, cast
from urllib.parse import urlencode

from flask import Flask
from flask.testing import EnvironBuilder
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from ..exceptions import InvalidTokenError
from ..guards.csrf import SAFE_METHODS
from ..tokens.jose import unverified_claims
from ..transports import CookieTransport, HeaderTransport, JSONTransport, QueryTransport, Transport
from .bound_app import BoundApp

_NO_LINE: Final = "a token is one line of printable ASCII characters, and this is not"

#: The characters of a method (:rfc:`9110#section-5.6.2`).
_METHOD: Final = frozenset(f"!#$%&'*+-.^_`|~{digits}{ascii_letters}")

#: What of a description says which URL is meant.
_OF_URL: Final = ("base_url", "subdomain", "url_scheme")


class ExplainedRequest:
    """A request to an application, with the token where the endpoint reads it.

    Args:
        app: The application.
        bound: Its settings and plans.
        method: The method of the request.
        path: The path, which may have a query string.
        request: What else the request has, as `flask.testing.EnvironBuilder` takes it.

    Raises:
        ValueError: No client can send such a method or path, so that another request would be
            explained in its place.
    """

    def __init__(
        self, app: Flask, bound: BoundApp, method: str, path: str, request: dict[str, Any]
    ) -> None:
        _check(method, path)
        self._app = app
        self._bound = bound
        self._method = method
        self._path = path
        self._headers = Headers(request.get("headers"))
        self._request = {**request, "headers": self._headers}

    def environ(self) -> dict[str, Any]:
        """Return the request as a WSGI environ (:pep:`3333`)."""
        builder = EnvironBuilder(self._app, self._path, method=self._method, **self._request)
        try:
            return builder.get_environ()
        finally:
            builder.close()

    def add(self, encoded: str, place: str | None = None, *, csrf: bool = True) -> None:
        """Put a token into the request.

        Args:
            encoded: The token, whatever it is: the guards say what they think of it.
            place: The name of the transport; None: one that the endpoint reads.
            csrf: Whether an unsafe request with a cookie brings the CSRF value of its token.

        Raises:
            ValueError: No such transport is read there, or it is one of the application's own, or
                *encoded* is no line of ASCII, or the JSON that is there has no members.
        """
        if not (encoded.isascii() and encoded.isprintable()):
            raise ValueError(_NO_LINE)
        transport = self._transport(place)
        claims = _claims(encoded)
        if isinstance(transport, HeaderTransport):
            self._headers[transport.header] = f"{transport.scheme} {encoded}".strip()
        elif isinstance(transport, CookieTransport):
            self._add_cookie(transport, encoded, claims, csrf)
        elif isinstance(transport, QueryTransport):
            named = urlencode({transport.parameter: transport.prefix + encoded})
            self._path += ("&" if "?" in self._path else "?") + named
        elif isinstance(transport, JSONTransport):
            body = self._request.get("json", {})
            if not isinstance(body, dict):
                msg = "json= has to be an object, for a token to stand in it"
                raise ValueError(msg)
            self._request["json"] = {**body, transport.key(_kind(claims)): encoded}
        else:
            msg = f"{transport.name} is a transport of your own: put the token there yourself"
            raise ValueError(msg)

    def _transport(self, name: str | None) -> Transport:
        found = self._transports()
        if name is None:
            return min(found, key=lambda one: one.is_ambient)
        for one in found:
            if one.name == name:
                return one
        msg = f"tokens are not read from {name} there, but from {', '.join(o.name for o in found)}"
        raise ValueError(msg)

    def _transports(self) -> tuple[Transport, ...]:
        """Return the transports of the endpoint; those of the application where it has no guard."""
        # Without the body, whose files can be read once.
        named = {name: self._request[name] for name in _OF_URL if name in self._request}
        builder = EnvironBuilder(self._app, self._path, method=self._method, **named)
        request, endpoint = self._app.request_class(builder.get_environ()), None
        try:
            adapter = self._app.create_url_adapter(request)
            endpoint = cast(MapAdapter, adapter).match()[0]
        except HTTPException:  # no rule, another method, a redirect, another host
            pass
        plan = self._bound.plan(endpoint, self._method)
        if plan is None or plan.is_public:
            return self._bound.parts.places().transports
        return plan.places.transports

    def _add_cookie(
        self, transport: CookieTransport, encoded: str, claims: dict[str, Any], csrf: bool
    ) -> None:
        kind, settings = _kind(claims), self._bound.settings
        cookie = f"{transport.names.get(kind, transport.names['access'])}={encoded}"
        others = self._headers.get("Cookie")
        self._headers["Cookie"] = cookie if others is None else f"{others}; {cookie}"
        if csrf and self._method not in SAFE_METHODS and "csrf" in claims:
            header = settings.access_csrf_header_name
            if kind == "refresh":
                header = settings.refresh_csrf_header_name
            self._headers.setdefault(header, str(claims["csrf"]))


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


def _claims(encoded: str) -> dict[str, Any]:
    """Return the claims of *encoded*, which nobody has verified; none where it is no token."""
    try:
        return unverified_claims(encoded)
    except InvalidTokenError:
        return {}


def _kind(claims: dict[str, Any]) -> str:
    kind = claims.get("type")
    return kind if isinstance(kind, str) else "access"
