"""Finish answers: caches, sliding sessions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Final

from flask import Request, Response
from werkzeug.exceptions import HTTPException

from ..exceptions import SetupError
from ..guards.live_access import LiveAccess
from ..guards.plan import Plan
from ..guards.request_state import RequestState
from ..tokens.token import Token
from ..transports import CookieTransport, QueryTransport, Transport
from .components import Parts

logger = logging.getLogger("jwtpolicy")

_NO_REFERRER: Final = "no-referrer"


class ResponseHook:
    """What is done to an answer after the view.

    Args:
        parts: The parts of the application.
        renew: Returns another access token for the session of one.
    """

    def __init__(self, parts: Parts, renew: Callable[[Token], str]) -> None:
        self._clock = parts.clock
        self._renew_within = parts.settings.cookie_renew_within
        self._renew = renew

    def finish(
        self, response: Response, request: Request, state: RequestState | None, plan: Plan | None
    ) -> None:
        """Keep the answer out of caches, and the session's cookie alive.

        Caches are told by what the endpoint and whatever its view called look at, and not by what
        came of it: a refusal, or the page that the application has for it, is as much an answer to
        a cookie as what was let in.

        Args:
            response: The answer, whoever made it.
            request: The request.
            state: What is known of the request; None where no guard was reached.
            plan: What the endpoint demands; None where it demands nothing.
        """
        # Copied, because a thread that the view has started may still call guarded functions.
        asked = [] if state is None else list(state.asked)
        plans = asked if plan is None or plan in asked else [plan, *asked]
        if any(met.places.has_ambient for met in plans) and "*" not in (vary := response.vary):
            # What came without a cookie is not the answer to whoever has one.
            vary.add("Cookie")
        for met in plans:
            admitted = None if state is None else state.admitted.get(met)
            _keep_private(response, _presenting(met, admitted, request))
        if state is not None and state.own is not None and self._renew_within is not None:
            self._slide(response, state, state.own)

    def _slide(self, response: Response, state: RequestState, own: LiveAccess) -> None:
        """Set a new access cookie where the old one ends soon (a sliding session).

        Args:
            response: The answer.
            state: What is known of the request.
            own: The request as the endpoint's own guard has let it in: the session that lives on.
        """
        token, cookies = own.token, own.place
        if not isinstance(cookies, CookieTransport):
            return
        # Whoever has just logged out, or been given other cookies, must not get this one back.
        if token is None or state.is_logged_out or cookies.is_written(response, "access"):
            return
        if token.kind != "access" or not self._is_due(token):
            return
        try:
            cookies.write(response, self._renew(token))
        except (HTTPException, SetupError) as error:
            # The request itself was allowed; its client will be asked to log in later.
            logger.warning("a sliding session was not renewed: %s (jti=%r)", error, token.token_id)
        else:
            # Whatever the view has said: a cache would hand the session to strangers (HTTP-9).
            response.headers["Cache-Control"] = "no-store"

    def _is_due(self, token: Token) -> bool:
        expires = token._claims.get("exp")
        within = self._renew_within or 0
        return expires is not None and expires - self._clock() <= within


def _presenting(plan: Plan, admitted: LiveAccess | None, request: Request) -> Iterable[Transport]:
    """Return the places from which *plan* was presented a token, as far as they need care."""
    if admitted is not None and admitted.place is not None:
        return [admitted.place]
    careful = (place for place in plan.places.transports if _needs_care(place))
    return [place for place in careful if _is_filled(place, plan, request)]


def _needs_care(place: Transport) -> bool:
    return place.is_ambient or isinstance(place, QueryTransport)


def _is_filled(place: Transport, plan: Plan, request: Request) -> bool:
    """Whether something stands in *place*: a token, or what nobody could read."""
    try:
        return bool(place.presented(request, plan.kinds))
    except Exception:  # noqa: BLE001 # it was answered when the guard asked; here nobody could
        return True


def _keep_private(response: Response, places: Iterable[Transport]) -> None:
    """Keep out of caches what the application has not allowed there itself."""
    for place in filter(_needs_care, places):
        # RFC 6750 section 2.3: "success (2XX status) responses … Cache-Control: private".
        response.headers.setdefault("Cache-Control", "no-store")
        if isinstance(place, QueryTransport):
            response.headers.setdefault("Referrer-Policy", _NO_REFERRER)
