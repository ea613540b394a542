"""Exchange a refresh token for the next pair."""

from __future__ import annotations

from typing import ClassVar

from flask.typing import ResponseReturnValue

from ..globals import application, current_token
from ..policy.credentials import Refresh
from ..token import TokenPair
from ..views import ProtectedView
from .answering import as_it_came


class RefreshView(ProtectedView):
    """``POST`` with a refresh token gives a new pair; the token that was sent is used up.

    A token that was used before passes the guard here, and here alone: only ``refresh`` can tell
    that it is in two hands, and ends its session. So this view, or a subclass, is what an
    application should have as its refresh endpoint.
    """

    policies = Refresh()
    passes_consumed: ClassVar[bool] = True

    def answer(self, pair: TokenPair) -> ResponseReturnValue:
        """Return the pair in the way the token came: in cookies, or in the body as JSON."""
        return as_it_came(pair)

    def post(self) -> ResponseReturnValue:
        """Use the token up, and answer with the next pair."""
        manager = application().manager
        return self.answer(manager.refresh(current_token._get_current_object()))  # type: ignore[attr-defined] # of the proxy
