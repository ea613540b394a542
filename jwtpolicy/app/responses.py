"""Finish answers: caches, sliding sessions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

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


def _instruct_caches(
    response: Response, request: Request, plans: Sequence[Plan], admitted: Mapping[Plan, LiveAccess]
) -> None:
    """Tell caches what the application has not told them itself.

    The names of the headers are looked up here, and few functions called, because every answer
    passes: where a header is absent, each of werkzeug's ways to ask makes and catches an exception.
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
    """Say that what came without a cookie is not the answer to whoever has one."""
    if is_new:
        response.headers.add("Vary", "Cookie")
    elif "*" not in (vary := response.vary):
        vary.add("Cookie")


def _presenting(plan: Plan, admitted: LiveAccess | None, request: Request) -> Sequence[Transport]:
    """Return the places from which *plan* was presented a token; those that need care, at least."""
    if admitted is not None and admitted.place is not None:
        return (admitted.place,)
    return [place for place in plan.places.careful if _is_filled(place, plan, request)]


def _is_filled(place: Transport, plan: Plan, request: Request) -> bool:
    """Whether something stands in *place*: a token, or what nobody could read."""
    try:
        return bool(place.presented(request, plan.kinds))
    except Exception:  # noqa: BLE001 # it was answered when the guard asked; here nobody could
        return True
