"""End the session of whoever asks."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from ..globals import application
from ..logout import Logout
from ..policy.credentials import OptionalToken, Refresh
from ..views import ProtectedView


class LogoutView(ProtectedView):
    """``POST`` with an access or a refresh token ends its session, and unsets cookies.

    A refresh token that was used before ends it too, as it would at the refresh endpoint. Whoever
    comes without a token, or with one that is over, only loses the cookies: logging out never
    fails because one is logged out already.
    """

    policies = OptionalToken(ignore_invalid=True) | Refresh()

    def answer(self, logout: Logout) -> ResponseReturnValue:
        """Return the answer to a logout; `Logout.as_response` unsets the cookies."""
        return logout.as_response()

    def post(self) -> ResponseReturnValue:
        """End the session.

        Raises:
            CSRFError: The page of another site sent the request, to throw people out.
        """
        found = application()
        if found.parts.takes_cookies:
            found.parts.csrf.check_site(request)
        return self.answer(found.manager.logout())
