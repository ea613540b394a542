"""Put a token into a request where the application reads it, and what a browser's script adds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from flask import Request

from ..app.components import Parts
from ..app.sent_tokens import add_csrf_value, fill, is_filled, usual_place
from ..exceptions import SetupError
from ..guards.csrf import SAFE_METHODS
from ..guards.plan import Plan
from ..settings.readers import PLACES
from ..transports import CookieTransport, HeaderTransport, Transport
from .personas import Put, Tokens

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


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
            SetupError: Only a transport of the application's own is read there.
            ValueError: The token goes into the body, which is another one than a JSON object.
        """
        if callable(self._place):
            self._place(environ, tokens.current)
            return
        place, kind = self._chosen(tokens, plan), tokens.presented
        if place is None or isinstance(place, CookieTransport):
            return
        if not is_filled(place, environ, kind):
            fill(place, environ, tokens.current, kind)

    def _chosen(self, tokens: Tokens, plan: Plan | None) -> Transport | None:
        """Return the transport to fill, or None where cookies speak or nobody asks.

        An endpoint that asks for no token gets a header all the same, as from clients that send
        it with every request, but no changed URL or body.
        """
        if isinstance(self._place, str):
            return self._parts.places([self._place]).transports[0]
        read = self._usual if plan is None else plan.places.transports
        place = usual_place(read, has_cookie=tokens.in_cookies)
        if plan is None:
            return place if isinstance(place, HeaderTransport) else None
        if place is None and self._parts.cookies not in read:
            raise SetupError(_own_complaint(plan, read))
        return place

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
            add_csrf_value(environ, one.encoded, str(one.kind), self._parts.settings)


def _own_complaint(plan: Plan, read: Iterable[Transport]) -> str:
    return (
        f"{plan.label} reads its token from {', '.join(map(repr, read))} alone, which the test kit "
        "cannot fill; pass place= a function of the WSGI environ and the encoded token, such as "
        "lambda environ, token: environ.update(HTTP_X_TOKEN=token)"
    )
