"""The step-up view: it makes the current session fresh after another authentication."""

from __future__ import annotations

from typing import Any, ClassVar

from flask.typing import ResponseReturnValue

from ..exceptions import OtherUserError
from ..extension import manager_here
from ..policy.credentials import Access
from ..policy.functions import policy
from ..policy.request import AccessRequest
from ..sessions.results import TokenPair
from ..sessions.users import User
from .answering import as_it_came
from .credential_view import Credentials, CredentialsView


@policy
def in_session(access: AccessRequest) -> Any:
    """Allow a token that belongs to a session, which can be made fresh."""
    is_inside = access.token is not None and access.token.session_id is not None
    return is_inside or access.deny("the token belongs to no session")


class StepUpView(CredentialsView[User]):
    """``POST`` with credentials and an access token returns a fresh pair for the same session.

    Credentials of another user are refused like a wrong password. Define `authenticate`. To ask for
    the password alone, set ``fields = ("password",)`` and compare it with that of `current_user`.

    Attributes:
        acr: The authentication context class of the new tokens (:rfc:`9470`), or None.
    """

    _needs_store: ClassVar[bool] = True
    policies = Access() & in_session
    acr: ClassVar[str | None] = None

    def begin(self, user: User, credentials: Credentials) -> TokenPair | None:
        """Make the session fresh, if *user* is the current user."""
        try:
            return manager_here().step_up(user, acr=self.acr)
        except OtherUserError:
            return None

    def answer(self, pair: TokenPair) -> ResponseReturnValue:
        """Return the pair by the transport of the token: in cookies, or in the body as JSON."""
        return as_it_came(pair)
