"""The refresh view: it rotates a refresh token and answers with the next pair."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from ..extension import manager_here
from ..policy.credentials import Refresh
from ..proxies import current_token
from ..sessions.results import TokenPair
from ..views import ProtectedView
from .answering import as_it_came, logging_refusals


class RefreshView(ProtectedView):
    """``POST`` with a refresh token returns a new token pair; the token that was sent is used up.

    If a used token is sent again within ``JWT_REFRESH_GRACE``, the answer is the newest pair of the
    session. If it is sent later, it counts as stolen and the session ends, as at every guard that
    accepts refresh tokens.
    """

    policies = Refresh()

    def answer(self, pair: TokenPair) -> ResponseReturnValue:
        """Return the pair in the same way as the token came: in cookies, or in the body as JSON."""
        return as_it_came(pair)

    @logging_refusals
    def post(self) -> ResponseReturnValue:
        """Use up the token, and answer with the next pair."""
        manager = manager_here()
        return self.answer(manager.refresh(current_token._get_current_object()))  # type: ignore[attr-defined] # of the proxy
