"""Put tokens into the environ of a request, as clients do: for tests and for dry runs."""

from __future__ import annotations

import json
from collections.abc import Collection
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qs, urlencode

from flask import Flask, Request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from ..exceptions import InvalidTokenError
from ..guards.csrf import CSRFNames
from ..guards.plan import Plan
from ..settings import Settings
from ..tokens.jose import unverified_claims
from ..transports import CookieTransport, HeaderTransport, JSONTransport, QueryTransport, Transport
from .bound_app import BoundApp

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: The transports that can be filled beside cookies, those first that disturb a request least.
_FILLABLE: Final = (HeaderTransport, QueryTransport, JSONTransport)


def usual_place(read: Collection[Transport], *, has_cookie: bool) -> Transport | None:
    """Return the place where a client puts a token, of those that its endpoint reads.

    Clients are taken for browsers: a token that has a cookie stands there, as after a login. Else
    it stands in the header, then in the query string, then in the body.

    Args:
        read: The places that the endpoint reads.
        has_cookie: Whether the token has a cookie, as those of a login do.

    Returns:
        The place; None where only transports of the application's own are left, or cookies.
    """
    order = (CookieTransport, *_FILLABLE) if has_cookie else _FILLABLE
    found = (place for kind in order for place in read if isinstance(place, kind))
    return next(found, None)


def plan_met_by(environ: WSGIEnvironment, app: Flask, bound: BoundApp) -> Plan | None:
    """Return the plan of the endpoint that a request goes to; None where no token is asked for.

    Raises:
        SetupError: The application is set up wrongly, so that it has no plans.
    """
    try:
        # None only outside of a request.
        adapter = cast(MapAdapter, app.create_url_adapter(app.request_class(environ)))
        endpoint, _ = adapter.match()
    except HTTPException:  # no rule, another method, a redirect, another host
        return None
    plan = bound.plan(endpoint, environ["REQUEST_METHOD"])
    return None if plan is None or plan.is_public else plan


def claims_in(encoded: str) -> dict[str, Any]:
    """Return the claims of *encoded*, which nobody has verified; none where it is no token."""
    try:
        return unverified_claims(encoded)
    except InvalidTokenError:
        return {}


def add_csrf_value(environ: WSGIEnvironment, encoded: str, kind: str, settings: Settings) -> None:
    """Add the CSRF value of a token in a cookie, as a script does; one that is there stays."""
    is_refresh = kind == "refresh"
    name = settings.refresh_csrf_header_name if is_refresh else settings.access_csrf_header_name
    value = claims_in(encoded).get("csrf")
    if isinstance(value, str):
        environ.setdefault(CSRFNames(name, None).key, value)


def is_filled(place: Transport, environ: WSGIEnvironment, kind: str) -> bool:
    """Whether a request has something where *place* would put a token of *kind*."""
    if isinstance(place, HeaderTransport):
        return place.key in environ
    if isinstance(place, QueryTransport):
        query = environ.get("QUERY_STRING", "")
        return place.parameter in parse_qs(query, keep_blank_values=True)
    return isinstance(place, JSONTransport) and place.key(kind) in (_object_in(environ) or {})


def fill(place: Transport, environ: WSGIEnvironment, encoded: str, kind: str) -> None:
    """Put a token into a request.

    Args:
        place: Where it goes.
        environ: The request.
        encoded: The token.
        kind: The kind that it is presented as.

    Raises:
        ValueError: *place* is a transport of the application's own, or the body of the request is
            another one than a JSON object.
    """
    if isinstance(place, HeaderTransport):
        environ[place.key] = f"{place.scheme} {encoded}".lstrip()
    elif isinstance(place, CookieTransport):
        cookie = f"{place.names.get(kind, place.names['access'])}={encoded}"
        others = environ.get("HTTP_COOKIE")
        environ["HTTP_COOKIE"] = f"{others}; {cookie}" if others else cookie
    elif isinstance(place, QueryTransport):
        query, added = environ.get("QUERY_STRING"), {place.parameter: place.prefix + encoded}
        environ["QUERY_STRING"] = f"{query}&{urlencode(added)}" if query else urlencode(added)
    elif isinstance(place, JSONTransport):
        _fill_body(place.key(kind), environ, encoded)
    else:
        msg = f"{place.name} is a transport of your own: put the token there yourself"
        raise ValueError(msg)


def _fill_body(name: str, environ: WSGIEnvironment, encoded: str) -> None:
    """Put a token into the JSON object that is the body.

    Raises:
        ValueError: The body is no JSON object.
    """
    body = _object_in(environ)
    if body is None:
        msg = f"json= has to be an object, for a token to stand in it as {name!r}"
        raise ValueError(msg)
    environ["CONTENT_TYPE"] = environ.get("CONTENT_TYPE") or "application/json"
    _set_body(environ, json.dumps({**body, name: encoded}).encode())


def _object_in(environ: WSGIEnvironment) -> dict[str, object] | None:
    """Return the JSON object that is the body, an empty one without a body; None for another."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not length:
        return {}
    if not Request(environ).is_json:
        return None
    sent = environ["wsgi.input"].read(length)
    _set_body(environ, sent)
    try:
        body = json.loads(sent)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _set_body(environ: WSGIEnvironment, body: bytes) -> None:
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = BytesIO(body)
