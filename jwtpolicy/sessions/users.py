"""Load the application's users, and say what it means when that, or the like of it, fails."""

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

# The type of users, for type checkers: Any where nobody says one. Those bring typing_extensions
# along; at run time nobody asks for the default (PEP 696), and Python 3.11 knows none.
if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultingTypeVar

    User = DefaultingTypeVar("User", default=Any)
else:
    User = TypeVar("User")

#: Returns the user of a token, or None where there is none any more; may be async.
UserLoader = Callable[[Token], Any]

Result = TypeVar("Result")

_WHO: Final = "the user loader"


class Users:
    """What the application's ``user_loader`` knows, or else what the token itself says.

    Args:
        loader: The application's loader, or None: the user is then the schema's object.
        ensure_sync: What makes an async function callable.

    Attributes:
        is_async: Whether the loader has to be awaited.
    """

    def __init__(
        self, loader: UserLoader | None, ensure_sync: Callable[[Any], Callable[..., Any]]
    ) -> None:
        self._loader = loader
        self.is_async = inspect.iscoroutinefunction(loader)
        self._ensure_sync = ensure_sync

    def load(self, token: Token) -> Any:
        """Return the user.

        Raises:
            UnknownUserError: The loader returned None.
            PolicyError: It returned what is no user either.
            UserUnavailableError: It raised.
            HTTPException: It raised one, which passes through.
            UserPending: It is async, and would have to be awaited.
        """
        if self._loader is None:
            return token.principal
        if self.is_async and is_loop_running():
            raise UserPending(unawaited("current_user"))
        # An async one is wrapped anew each time: the wrapper belongs to the thread's loop.
        loader = self._ensure_sync(self._loader) if self.is_async else self._loader
        return _known(called(_WHO, loader, token))

    def load_in_verb(self, token: Token) -> Any:
        """Return the user for a verb, which an async view calls as others do; raises as `load`.

        Nobody can await an async loader there, and the loop that is running cannot run it: another
        thread does, in the same context.
        """
        if not (self.is_async and is_loop_running()):
            return self.load(token)
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(copy_context().run, self.load, token).result()

    async def load_async(self, token: Token) -> Any:
        """Return the user, awaiting an async loader; raises what `load` raises."""
        if self._loader is None:
            return token.principal
        try:
            user = self._loader(token)
            user = await user if inspect.isawaitable(user) else user
        except (HTTPException, SetupError):
            raise
        except Exception as error:
            raise _unavailable(_WHO, error) from error
        return _known(user)


def called(who: str, hook: Callable[..., Result], *args: Any) -> Result:
    """Return what a hook of the application answers that may have to ask somebody itself.

    Args:
        who: What the log calls the hook.
        hook: The hook.
        args: What it is called with.

    Raises:
        UserUnavailableError: It raised.
        HTTPException: It raised one, which passes through.
        SetupError: The same.
    """
    try:
        return hook(*args)
    except (HTTPException, SetupError):
        raise
    except Exception as error:
        raise _unavailable(who, error) from error


def unawaited(what: str) -> str:
    """Return what to do where the async loader of *what* would block the loop that is running."""
    return (
        f"{what} has an async loader and a loop is running, where nobody can wait for it: put "
        "@protect on the async view, which loads it before, or read it before the loop begins"
    )


def _known(user: Any) -> Any:
    """Return *user*, whom the loader knows; whatever is no answer admits nobody (HTTP-11)."""
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
    """Whether one does: whoever has to wait for a coroutine then has to await it."""
    # Whoever runs one has imported it. It takes as long to import as all of this library, and
    # most applications never need it.
    if "asyncio" not in sys.modules:
        return False
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
