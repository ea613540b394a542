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

    So does every token whose signature verifies, of two cookies both: one that has expired, is not
    valid yet by the clock of this machine, or was revoked, used or replaced. Whoever comes without
    a token only loses the cookies: logging out never fails because one is logged out already. Where
    a token was sent that ends nothing, the log has a warning. A cookie that was sent twice, because
    another host has tossed one in, is no way to keep somebody logged in: of its values those are
    ended that are tokens, and whose CSRF value the request brings.
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
            CSRFError: The page of another site sent the request, to throw people out, or may have:
                a cookie came without its CSRF value. Nothing is ended.
        """
        found = application()
        if found.parts.takes_cookies:
            found.parts.csrf.check_site(request)
        return self.answer(manager_here().logout())
