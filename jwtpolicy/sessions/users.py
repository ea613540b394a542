"""Users of tokens: calls to the ``user_loader``, and the errors for its failures."""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final, TypeVar

from werkzeug.exceptions import HTTPException

from ..exceptions import PolicyError, SetupError, UnknownUserError, UserUnavailableError
from ..policy.request import UserPending
from ..schemas import is_user
from ..tokens.token import Token

logger = logging.getLogger("jwtpolicy")

# The type of users, for type checkers; its default is Any (PEP 696). Type checkers bring
# typing_extensions; at run time the default is not needed, and Python 3.11 has none.
if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultingTypeVar

    User = DefaultingTypeVar("User", default=Any)
else:
    User = TypeVar("User")

#: Returns the user of a token, or None if the user was deleted; may be async.
UserLoader = Callable[[Token], Any]

Result = TypeVar("Result")

_WHO: Final = "the user loader"


class Users:
    """Loader of users: that of the token's issuer, or else the token's principal.

    The ``user_loader`` of the manager loads the users of own tokens alone. Those of another issuer
    have the ``user_loader`` of their `Issuer`.

    Args:
        loader: The application's loader, or None: the user is then the object of the claim schema.
        ensure_sync: Wraps an async function in a sync one: Flask's ``app.ensure_sync``.
    """

    def __init__(
        self, loader: UserLoader | None, ensure_sync: Callable[[Any], Callable[..., Any]]
    ) -> None:
        self._loader = loader
        self._ensure_sync = ensure_sync

    @property
    def is_async(self) -> bool:
        """Whether the loader of own users is a coroutine function."""
        return inspect.iscoroutinefunction(self._loader)

    def has_async_loader(self, token: Token) -> bool:
        """Whether the user of *token* has to be awaited."""
        return inspect.iscoroutinefunction(self._loader_for(token))

    def load(self, token: Token) -> Any:
        """Return the user of *token*.

        Raises:
            UnknownUserError: The loader returned None, so that the user is unknown.
            PolicyError: The loader returned an object that is no user.
            UserUnavailableError: The loader raised an exception.
            HTTPException: The loader raised one, which is the answer to the request.
            SetupError: The loader raised one, which is an error of the application's setup.
            UserPending: The loader is async, and an event loop is running in this thread.
        """
        if (loader := self._loader_for(token)) is None:
            return token.principal
        if inspect.iscoroutinefunction(loader):
            if is_loop_running():
                raise UserPending(unawaited("current_user"))
            # Wrapped for each call, because the wrapper is bound to the event loop of a thread.
            loader = self._ensure_sync(loader)
        return _known(called(_WHO, loader, token))

    def _loader_for(self, token: Token) -> UserLoader | None:
        """Return the loader of the token's users: those of another issuer are not the own ones."""
        return self._loader if token._origin is None else token._origin.user_loader

    def load_in_verb(self, token: Token) -> Any:
        """Return the user for a sync method such as `refresh`, also in an async view.

        There the method cannot await an async loader, and the running event loop cannot run it: so
        another thread does, with a copy of the context. It raises as `load` does.
        """
        if not (self.has_async_loader(token) and is_loop_running()):
            return self.load(token)
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(copy_context().run, self.load, token).result()

    async def load_async(self, token: Token) -> Any:
        """Return the user, awaiting an async loader; raises as `load` does."""
        if (loader := self._loader_for(token)) is None:
            return token.principal
        try:
            user = loader(token)
            user = await user if inspect.isawaitable(user) else user
        except (HTTPException, SetupError):
            raise
        except Exception as error:
            raise _unavailable(_WHO, error) from error
        return _known(user)


def called(who: str, hook: Callable[..., Result], *args: Any) -> Result:
    """Call a hook of the application that may use a database, and return its result.

    Args:
        who: The name of the hook in the log.
        hook: The hook.
        args: Its arguments.

    Raises:
        UserUnavailableError: The hook raised another exception than the following.
        HTTPException: The hook raised one, which is the answer to the request.
        SetupError: The hook raised one, which is an error of the application's setup.
    """
    try:
        return hook(*args)
    except (HTTPException, SetupError):
        raise
    except Exception as error:
        raise _unavailable(who, error) from error


def unawaited(what: str) -> str:
    """Return the error message for a sync read of *what*, whose async loader would block."""
    return (
        f"{what} has an async loader and a loop is running, where nobody can wait for it: put "
        "@protect on the async view, which loads it before, or read it before the loop begins"
    )


def _known(user: Any) -> Any:
    """Return *user* if it is one; any other result of the loader refuses (HTTP-11).

    Raises:
        UnknownUserError: The loader returned None, so that the user is unknown.
        PolicyError: The loader returned an object that is no user.
    """
    if user is None:
        msg = "the user loader does not know the subject"
        raise UnknownUserError(msg)
    if not is_user(user):
        msg = f"the user loader returned {type(user).__name__}: neither a user nor None"
        logger.error("%s", msg)
        raise PolicyError(msg)
    return user


def _unavailable(who: str, error: Exception) -> UserUnavailableError:
    reason = f"{who} raised {type(error).__name__}"
    logger.error("%s", reason, exc_info=error)
    return UserUnavailableError(reason)


def is_loop_running() -> bool:
    """Whether an event loop is running in this thread: a coroutine can then only be awaited."""
    # A running loop implies that asyncio is imported. It is not imported here, because that takes
    # as long as this library, and most applications never need it.
    if "asyncio" not in sys.modules:
        return False
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
