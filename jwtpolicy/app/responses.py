"""`ResponseHook`: caching headers and sliding cookies on the way out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from flask import Request, Response
from werkzeug.exceptions import HTTPException

from ..exceptions import SetupError
from ..guards.live_access import LiveAccess
from ..guards.plan import Plan
from ..guards.request_state import RequestState
from ..tokens.token import Token
from ..transports import CookieTransport, Transport
from .components import Parts

logger = logging.getLogger("jwtpolicy")


class ResponseHook:
    """The after_request hook: ``Cache-Control``, ``Vary``, ``Referrer-Policy``, sliding cookies.

    Args:
        parts: The clock and the settings of the application.
        renew: Returns a new access token for the session of an access token.
    """

    def __init__(self, parts: Parts, renew: Callable[[Token], str]) -> None:
        self._clock = parts.clock
        self._renew_within = parts.settings.cookie_renew_within
        self._renew = renew

    def finish(
        self, response: Response, request: Request, state: RequestState | None, plan: Plan | None
    ) -> None:
        """Set the caching headers of *response*, and renew the access cookie that ends soon.

        The headers depend on the plans that have read tokens, not on their decisions: a refusal,
        or the application's page for it, is as much an answer to a cookie as the view's.

        Args:
            response: The response of a view, an error handler or Flask.
            request: The request.
            state: The state of the request; None where no guard has run.
            plan: The plan of the endpoint; None where it is public or has no guard.
        """
        # Copied, because a thread that the view has started may still call guarded functions.
        plans = [] if state is None else state.asked.copy()
        if plan is not None and plan not in plans:
            plans.insert(0, plan)
        careful = [met for met in plans if met.places.careful]
        if careful:
            admitted = {} if state is None else state.admitted
            _instruct_caches(response, request, careful, admitted)
        if self._renew_within is not None and state is not None and state.own is not None:
            self._slide(response, state, state.own)

    def _slide(self, response: Response, state: RequestState, own: LiveAccess) -> None:
        """Set a new access cookie where the old one ends soon (a sliding session).

        Args:
            response: The response.
            state: The state of the request.
            own: The access of the endpoint's own guard: its session is the one that is renewed.
        """
        if not self.slides(own):
            return
        token, cookies = cast(Token, own.token), cast(CookieTransport, own.place)
        # After a logout, or a login that has set other cookies, the old session must not return.
        if state.is_logged_out or cookies.is_written(response, "access"):
            return
        try:
            cookies.write(response, self._renew(token))
        except (HTTPException, SetupError) as error:
            # The request itself was allowed; its client will be asked to log in later.
            logger.warning("a sliding session was not renewed: %s (jti=%r)", error, token.token_id)
        else:
            # Even over a header of the view: a cache would hand the session to others (HTTP-9).
            response.headers["Cache-Control"] = "no-store"

    def slides(self, own: LiveAccess) -> bool:
        """Whether a request with *own* access gets a new access cookie, if its view sets none."""
        token, is_cookie = own.token, isinstance(own.place, CookieTransport)
        return is_cookie and token is not None and token.kind == "access" and self._is_due(token)

    def _is_due(self, token: Token) -> bool:
        expires = token._claims.get("exp")
        within = self._renew_within
        return within is not None and expires is not None and expires - self._clock() <= within


def _instruct_caches(
    response: Response, request: Request, plans: Sequence[Plan], admitted: Mapping[Plan, LiveAccess]
) -> None:
    """Set ``Vary``, ``Cache-Control`` and ``Referrer-Policy`` where the application has not.

    The names of the headers are collected once, because every response passes here: where a header
    is absent, each of werkzeug's ways to ask makes and catches an exception.
    """
    names = {name.lower() for name, _ in response.headers}
    for met in plans:
        if met.places.has_ambient:
            _vary_by_cookie(response, is_new="vary" not in names)
            break
    for met in plans:
        for place in _presenting(met, admitted.get(met), request):
            if place in met.places.careful and "cache-control" not in names:
                # RFC 6750 section 2.3: "success (2XX status) responses … Cache-Control: private".
                response.headers.add("Cache-Control", "no-store")
                names.add("cache-control")
            if place in met.places.in_urls and "referrer-policy" not in names:
                response.headers.add("Referrer-Policy", "no-referrer")
                names.add("referrer-policy")


def _vary_by_cookie(response: Response, *, is_new: bool) -> None:
    """Add ``Vary: Cookie``, so that no cache answers one session with the page of another."""
    if is_new:
        response.headers.add("Vary", "Cookie")
    elif "*" not in (vary := response.vary):
        vary.add("Cookie")


def _presenting(plan: Plan, admitted: LiveAccess | None, request: Request) -> Sequence[Transport]:
    """Return the transports that have presented a token to *plan*.

    Where *plan* has not admitted the request, only those that need caching headers are read.
    """
    if admitted is not None and admitted.place is not None:
        return (admitted.place,)
    return [place for place in plan.places.careful if _is_filled(place, plan, request)]


def _is_filled(place: Transport, plan: Plan, request: Request) -> bool:
    """Whether *place* presents a token, or a value that it cannot read."""
    try:
        return bool(place.presented(request, plan.kinds))
    except Exception:  # noqa: BLE001 # the guard has answered it; a hook cannot
        return True
