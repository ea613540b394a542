"""The logout view: it ends the session of the presented tokens."""

from __future__ import annotations

from typing import ClassVar

from flask import request
from flask.typing import ResponseReturnValue

from ..app.bound_app import application
from ..extension import manager_here
from ..policy.credentials import OptionalToken, Refresh
from ..sessions.results import Logout
from ..views import ProtectedView
from .answering import logging_refusals


class LogoutView(ProtectedView):
    """``POST`` with an access or a refresh token ends its session, and unsets cookies.

    A token also ends its session if its signature verifies and it has expired, is not valid yet by
    the clock of this machine, or was revoked, used or replaced. If the request has two tokens in
    cookies, both end their sessions. Without a token the answer only unsets the cookies, so
    logging out twice is no error. If a token was sent and ends nothing, a warning is logged.

    Another host of the domain may set a second cookie of the same name. Then each value ends its
    session if it is a token whose CSRF value the request has, so this cannot prevent a logout.
    """

    _judges_each_cookie: ClassVar[bool] = True
    _needs_store: ClassVar[bool] = True

    # The guard overlooks what `JWTManager.logout` ends all the same.
    policies = OptionalToken(ignore_invalid=True) | Refresh()

    def answer(self, logout: Logout) -> ResponseReturnValue:
        """Return the answer to a logout; `Logout.as_response` unsets the cookies."""
        return logout.as_response()

    @logging_refusals
    def post(self) -> ResponseReturnValue:
        """End the session.

        Raises:
            CSRFError: A token came in a cookie, and its CSRF value is missing, so the page of
                another site may have sent the request. Nothing is ended.
        """
        found = application()
        if found.parts.takes_cookies:
            found.parts.csrf.check_site(request)
        return self.answer(manager_here().logout())
