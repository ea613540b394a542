"""Put a token into a request where the application reads it, and what a browser's script adds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import parse_qs, urlencode

from flask import Flask, Request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from ..app.bound_app import BoundApp
from ..app.components import Parts
from ..exceptions import InvalidTokenError, SetupError
from ..guards.csrf import SAFE_METHODS, CSRFNames
from ..guards.plan import Plan
from ..settings.readers import PLACES
from ..tokens.jose import unverified_claims
from ..transports import (
    HeaderTransport,
    JSONTransport,
    QueryTransport,
    Transport,
)
from .personas import Put, Tokens

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: The transports that can be filled beside cookies, those first that disturb a request least.
_FILLABLE: Final = (HeaderTransport, QueryTransport, JSONTransport)


def plan_of(app: Flask, bound: BoundApp, environ: WSGIEnvironment) -> Plan | None:
    """Return the plan of the endpoint that a request goes to; None where nothing is asked there.

    That is so without a rule or a guard, and where the application is set up wrongly: its answer
    will say so.
    """
    try:
        # None only outside of a request.
        adapter = cast(MapAdapter, app.create_url_adapter(app.request_class(environ)))
        endpoint, _ = adapter.match()
        plan = bound.plan(endpoint, environ["REQUEST_METHOD"])
    except (HTTPException, SetupError):
        return None
    return None if plan is None or plan.is_public else plan


def check_place(place: object) -> None:
    """Refuse what names no place for a token.

    Raises:
        ValueError: *place* is text, and none of the names.
        TypeError: *place* is neither text nor a function.
    """
    if isinstance(place, str) and place not in PLACES:
        msg = f"place is one of {', '.join(PLACES)}, or a function, not {place!r:.40}"
        raise ValueError(msg)
    if place is not None and not isinstance(place, str) and not callable(place):
        msg = f"place is a name or a function of the environ and the token, not {place!r:.40}"
        raise TypeError(msg)


class Presenter:
    """The way of a token into the requests of one application.

    Args:
        parts: The transports and the settings of the application.
        place: The place that the test wants; None for the one that the endpoint reads.
    """

    def __init__(self, parts: Parts, place: str | Put | None) -> None:
        self._parts = parts
        self._place = place

    @property
    def uses_cookies(self) -> bool:
        """Whether tokens are kept in the cookie jar."""
        return self._parts.takes_cookies if self._place is None else self._place == "cookies"

    @property
    def has_other_places(self) -> bool:
        """Whether tokens may travel elsewhere than in cookies."""
        return self._place is None and len(self._usual) > 1

    @property
    def _usual(self) -> tuple[Transport, ...]:
        return self._parts.places().transports

    def present(self, environ: WSGIEnvironment, tokens: Tokens, plan: Plan | None) -> None:
        """Put the current token into *environ*; what the test has put there itself wins.

        Raises:
            SetupError: Only a transport of the application's own is read, or the request has a
                body that cannot hold a token.
        """
        if callable(self._place):
            self._place(environ, tokens.current)
        elif (place := self._chosen(tokens, plan)) is not None:
            _fill(place, environ, tokens)

    def _chosen(self, tokens: Tokens, plan: Plan | None) -> Transport | None:
        """Return the transport to fill, or None where cookies speak or nobody asks.

        An endpoint that asks for no token gets a header all the same, as from clients that send
        it with every request, but no changed URL or body.
        """
        if isinstance(self._place, str):
            return self._parts.places([self._place]).transports[0]
        read = self._usual if plan is None else plan.places.transports
        if tokens.in_cookies and self._parts.cookies in read:
            return None
        found = [place for kind in _FILLABLE for place in read if isinstance(place, kind)]
        if plan is None:
            return next((place for place in found if isinstance(place, HeaderTransport)), None)
        if not found and self._parts.cookies not in read:
            raise SetupError(_own_complaint(plan, read))
        return found[0] if found else None

    def add_csrf(self, environ: WSGIEnvironment, plan: Plan | None) -> None:
        """Add the CSRF values of the token cookies in *environ*, as the script of a page does.

        Args:
            environ: The environ of a request, with its cookies.
            plan: The plan of its endpoint.
        """
        cookies = self._parts.cookies
        is_read = self._parts.takes_cookies and (plan is None or cookies in plan.places.transports)
        if not is_read or environ["REQUEST_METHOD"] in SAFE_METHODS:
            return
        kinds: Sequence[str] = list(cookies.names) if plan is None else plan.kinds
        for one in cookies.each(Request(environ), kinds):
            if (value := _csrf_in(one.encoded)) is not None:
                environ.setdefault(self._csrf_key(str(one.kind)), value)

    def _csrf_key(self, kind: str) -> str:
        """Return the key of the header in an environ that carries the CSRF value of *kind*."""
        settings = self._parts.settings
        is_refresh = kind == "refresh"
        name = settings.refresh_csrf_header_name if is_refresh else settings.access_csrf_header_name
        return CSRFNames(name, None).key


def _csrf_in(encoded: str) -> str | None:
    """Return the CSRF value in a token; None where the cookie is what a test has made up."""
    try:
        value = unverified_claims(encoded).get("csrf")
    except InvalidTokenError:
        return None
    return value if isinstance(value, str) else None


def _own_complaint(plan: Plan, read: Iterable[Transport]) -> str:
    return (
        f"{plan.label} reads its token from {', '.join(map(repr, read))} alone, which the test kit "
        "cannot fill; pass place= a function of the WSGI environ and the encoded token, such as "
        "lambda environ, token: environ.update(HTTP_X_TOKEN=token)"
    )


def _fill(place: Transport, environ: WSGIEnvironment, tokens: Tokens) -> None:
    if isinstance(place, HeaderTransport):
        value = f"{place.scheme} {tokens.current}" if place.scheme else tokens.current
        environ.setdefault(place.key, value)
    elif isinstance(place, QueryTransport):
        _fill_query(place, environ, tokens.current)
    elif isinstance(place, JSONTransport):
        _fill_body(place.key(tokens.presented), environ, tokens.current)


def _fill_query(place: QueryTransport, environ: WSGIEnvironment, encoded: str) -> None:
    query = environ.get("QUERY_STRING", "")
    if place.parameter not in parse_qs(query, keep_blank_values=True):
        added = urlencode({place.parameter: place.prefix + encoded})
        environ["QUERY_STRING"] = f"{query}&{added}" if query else added


def _fill_body(key: str, environ: WSGIEnvironment, encoded: str) -> None:
    """Put a token into the JSON object that is the body.

    Raises:
        SetupError: The body is no JSON object.
    """
    length = int(environ.get("CONTENT_LENGTH") or 0)
    sent = environ["wsgi.input"].read(length) if length else b""
    body = _object_in(sent, environ) if sent else {}
    if body is None:
        msg = f"the token goes into the JSON body, as {key!r}, and the request has another body"
        raise SetupError(f"{msg}; pass json={{…}}")
    if key not in body:
        sent = json.dumps({**body, key: encoded}).encode()
        environ["CONTENT_TYPE"] = environ.get("CONTENT_TYPE") or "application/json"
    environ["CONTENT_LENGTH"] = str(len(sent))
    environ["wsgi.input"] = BytesIO(sent)


def _object_in(sent: bytes, environ: WSGIEnvironment) -> dict[str, object] | None:
    """Return the JSON object in a body, or None where it is none."""
    if not Request(environ).is_json:
        return None
    try:
        body = json.loads(sent)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
