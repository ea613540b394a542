"""Exchange a refresh token for the next pair."""

from __future__ import annotations

from typing import ClassVar

from flask.typing import ResponseReturnValue

from ..globals import application, current_token
from ..policy.credentials import Refresh
from ..views import ProtectedView


class RefreshView(ProtectedView):
    """``POST`` with a refresh token gives a new pair; the token that was sent is used up.

    A token that was used before passes the guard here, and here alone: only ``refresh`` can tell
    that it is in two hands, and ends its session. So this view, or a subclass, is what an
    application should have as its refresh endpoint.
    """

    policies = Refresh()
    passes_consumed: ClassVar[bool] = True

    def post(self) -> ResponseReturnValue:
        """Return the next pair in the way the token came: in cookies, or in the body as JSON."""
        manager = application().manager
        pair = manager.refresh(current_token._get_current_object())  # type: ignore[attr-defined] # of the proxy
        return pair.as_response(cookies=manager.current_transport == "cookies")
