"""The login view: it opens a session for a user with valid credentials."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import request
from flask.typing import ResponseReturnValue

from ..app.bound_app import application
from ..exceptions import PolicyDefinitionError
from ..extension import manager_here
from ..policy.credentials import Public
from ..sessions.results import TokenPair
from ..sessions.users import User
from .answering import ANSWERS, answered
from .credential_view import Credentials, CredentialsView
from .labels import label_of


class LoginView(CredentialsView[User]):
    """``POST`` with credentials opens a session and answers with its tokens.

    Define `authenticate`. You may override `limit`, `failed`, `begin`, `label` and `answer`. If the
    answer may set cookies, forms that another site sends are refused with 403 ``csrf_failed``, so
    that a user cannot be logged in as somebody else without noticing.

    Attributes:
        answer_in: Where the tokens are put: ``cookies``, ``body`` or ``both``. If None, in cookies
            if these are the only token location, else in the body.
    """

    policies = Public()
    answer_in: ClassVar[str | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.answer_in not in ANSWERS:
            msg = f"{cls.__name__}.answer_in is one of {ANSWERS}, not {cls.answer_in!r:.40}"
            raise PolicyDefinitionError(msg)

    @property
    def began(self) -> float | None:
        """The time at which the login began, before the password was compared (epoch seconds).

        If all sessions of the user are ended after this time, the new session is ended too.
        """
        return application().state().login_began

    def label(self, credentials: Credentials) -> str | None:
        """Return the label of the session; by default the browser's name and system."""
        return label_of(request.user_agent.string)

    def begin(self, user: User, credentials: Credentials) -> TokenPair:
        """Open the session; override it to pass more arguments to `JWTManager.login`.

        Pass ``since=self.began`` as well.
        """
        return manager_here().login(user, label=self.label(credentials), since=self.began)

    def answer(self, pair: TokenPair) -> ResponseReturnValue:
        return answered(pair, self.answer_in)

    def _check(self) -> None:
        """Note the time of the login, and refuse forms that the page of another site sent.

        Raises:
            CSRFError: The request comes from another site, and the answer may set cookies.
        """
        parts = application().parts
        application().state().login_began = parts.clock()
        if parts.takes_cookies and self.answer_in != "body":
            parts.csrf.check_site(request)
