"""The base class of the views that take credentials: login and step-up."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from flask import current_app, request
from flask.typing import ResponseReturnValue

from ..exceptions import (
    ForeignSubjectError,
    LoginFailedError,
    NotAnIdError,
    PolicyDefinitionError,
    PolicyError,
    expect_names,
)
from ..schemas import is_user
from ..sessions.results import TokenPair
from ..sessions.users import User, called
from ..views import ProtectedView
from .answering import logging_refusals
from .request_fields import credentials_of

logger = logging.getLogger("jwtpolicy")

Result = TypeVar("Result")

#: The credentials in a request, by the name of the field.
Credentials = Mapping[str, str]


class CredentialsView(ProtectedView, ABC, Generic[User]):
    """``POST`` with credentials, as a form or as a JSON object, returns tokens.

    The type parameter is the type of the users that `authenticate` returns; without a type
    parameter it is Any.

    If `authenticate`, `limit`, `failed` or `begin` raises an exception, the answer is 503
    ``temporarily_unavailable``, and the exception is logged. If it is an ``HTTPException``, that is
    the answer.

    Attributes:
        fields: The names of the fields. If a field is missing or is not one text, the answer is
            400 ``invalid_request``.
    """

    fields: ClassVar[Sequence[str]] = ("username", "password")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        names = f"{cls.__name__}.fields takes a list of names: ['username', 'password']"
        expect_names(cls.fields, names, PolicyDefinitionError)

    @abstractmethod
    def authenticate(self, credentials: Credentials) -> User | Awaitable[User | None] | None:
        """Return the user that the *credentials* authenticate, or None; it may be async.

        It should take as long for an unknown name as for a wrong password; `check_password` does.
        """

    def limit(self, credentials: Credentials) -> None:
        """Refuse callers who try too often, before a password is compared; it may be async.

        By default nobody is refused. Raise the answer: `RateLimitedError`, or the exception of a
        rate limiter.
        """

    def failed(self, credentials: Credentials) -> ResponseReturnValue:
        """Return, or raise, the answer to wrong credentials.

        Raises:
            LoginFailedError: By default; the answer does not say what was wrong.
        """
        raise LoginFailedError

    @abstractmethod
    def begin(self, user: User, credentials: Credentials) -> TokenPair | None:
        """Return tokens for *user*, or None if the current session belongs to another user."""

    @abstractmethod
    def answer(self, pair: TokenPair) -> ResponseReturnValue:
        """Return the answer with the tokens."""

    @logging_refusals
    def post(self) -> ResponseReturnValue:
        """Check the credentials, and answer with tokens or with a refusal."""
        self._check()
        credentials = credentials_of(request, self.fields)
        self._called("limit", current_app.ensure_sync(self.limit), credentials)
        user = self._user(credentials)
        pair = None if user is None else self._begun(user, credentials)
        if pair is None:
            return self._called("failed", self.failed, credentials)
        return self.answer(pair)

    def _called(self, name: str, hook: Callable[..., Result], *args: Any) -> Result:
        """Call a hook of the application and return its answer; raises what `called` raises."""
        return called(f"{type(self).__name__}.{name}", hook, *args)

    def _check(self) -> None:
        """Refuse the request before its credentials are read; by default nothing is refused."""

    def _begun(self, user: User, credentials: Credentials) -> TokenPair | None:
        """Return the pair of `begin`, or None for a user who cannot be logged in or confirmed.

        Such as one whose sessions were just ended, or who would be taken for another: whoever may
        choose a name may choose ``machine:1``, and that is no mistake of the application.
        """
        try:
            return self._called("begin", self.begin, user, credentials)
        except (ForeignSubjectError, LoginFailedError, NotAnIdError) as error:
            logger.warning("%s: %s", type(self).__name__, error)
            return None

    def _user(self, credentials: Credentials) -> Any:
        authenticate = current_app.ensure_sync(self.authenticate)
        user = self._called("authenticate", authenticate, credentials)
        if user is not None and not is_user(user):
            name = type(user).__name__
            msg = f"{type(self).__name__}.authenticate returned {name}: neither a user nor None"
            raise PolicyError(msg)
        return user
