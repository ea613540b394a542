"""Finish answers to requests whose token came from a place that needs care."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from flask import Response
from werkzeug.exceptions import HTTPException

from .exceptions import SetupError
from .parts import Parts
from .state import LiveAccess, RequestState
from .token import Token
from .transports import CookieTransport, QueryTransport, Transport

logger = logging.getLogger("jwtpolicy")

_NO_REFERRER: Final = "no-referrer"


class Finishing:
    """What is done to an answer after the view.

    Args:
        parts: The parts of the application.
        renew: Returns another access token for the session of one.
    """

    def __init__(self, parts: Parts, renew: Callable[[Token], str]) -> None:
        self._clock = parts.clock
        self._renew_within = parts.settings.cookie_renew_within
        self._renew = renew

    def finish(self, response: Response, state: RequestState, own: LiveAccess) -> None:
        """Keep the answer out of caches, and the session's cookie alive.

        Args:
            response: The answer.
            state: What is known of the request. Whatever was let in along the way may be in the
                answer, so that it counts for caches.
            own: The request as the endpoint's own guard has let it in: the session that lives on.
        """
        # Copied, because a thread that the view has started may still call guarded functions.
        admitted = list(state.admitted.items())
        if any(plan.places.has_ambient for plan, _ in admitted):
            # What came without a cookie is not the answer to whoever has one.
            response.vary.add("Cookie")
        for _, access in admitted:
            _keep_private(response, access.place)
        if isinstance(own.place, CookieTransport) and self._renew_within is not None:
            self._slide(response, state, own.token, own.place)

    def _slide(
        self,
        response: Response,
        state: RequestState,
        token: Token | None,
        cookies: CookieTransport,
    ) -> None:
        """Set a new access cookie where the old one ends soon (a sliding session)."""
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


def _keep_private(response: Response, place: Transport | None) -> None:
    """Keep out of caches what the view has not allowed there itself."""
    is_query = isinstance(place, QueryTransport)
    if is_query or (place is not None and place.is_ambient):
        # RFC 6750 section 2.3: "success (2XX status) responses … Cache-Control: private".
        response.headers.setdefault("Cache-Control", "no-store")
    if is_query:
        response.headers.setdefault("Referrer-Policy", _NO_REFERRER)
