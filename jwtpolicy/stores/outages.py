"""A proxy that turns the errors of an application's own store into `StoreUnavailableError`."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from types import NoneType
from typing import Any, Final, TypeVar, cast

from werkzeug.exceptions import HTTPException

from ..exceptions import SetupError, StoreUnavailableError
from ..tokens.status import TokenStatus
from .base import Opening, Rotation, Session, TokenStore

logger = logging.getLogger("jwtpolicy")

Store = TypeVar("Store", bound=type[TokenStore])

#: What methods may answer that only change something; but nothing that would have to be awaited,
#: because then nothing was changed.
_ANYTHING: Final = (object,)

#: The types that each method of a store may return.
_ANSWERS: Final[dict[str, tuple[type, ...]]] = {
    "check": _ANYTHING,
    "standing": (TokenStatus,),
    "new_session_id": (str,),
    "adopted_session_id": (str,),
    "open_session": (Opening,),
    "adopt": (Session, NoneType),
    "rotate": (Rotation,),
    "present": (Rotation,),
    "replace": (bool,),
    "touch": (Session, NoneType),
    "revoke_token": _ANYTHING,
    "revoke_session": _ANYTHING,
    "revoke_subject": _ANYTHING,
    "end_others": (int,),
    "consume": (bool,),
    "sessions": (list,),
    "session": (Session, NoneType),
    "prune": (int,),
    "prune_batch": (int,),
    "prunable": (int, NoneType),
    "server_time": (float, int, NoneType),
    "upgrade": (str,),
    "close": _ANYTHING,
}

_TELLING: Final[set[type]] = set()


def tells_outages(store: Store) -> Store:
    """Mark a store class of this library, which raises `StoreUnavailableError` by itself.

    Its subclasses are not marked with it.
    """
    _TELLING.add(store)
    return store


def checked(store: TokenStore) -> TokenStore:
    """Return *store*, or a proxy of it that fails as a store has to.

    Whatever it raises is a `StoreUnavailableError` then, and logged with its traceback, but for
    answers of HTTP and mistakes in the set-up. So is an answer of a type that means nothing, such
    as the coroutine of an async method, which would count as a yes (HTTP-11).
    """
    return store if type(store) in _TELLING else cast(TokenStore, _Checked(store))


class _Checked:
    """A proxy of a store, which `isinstance` takes for one of the store's class.

    Attributes:
        store: The store.
    """

    def __init__(self, store: TokenStore) -> None:
        self.store = store

    @property  # type: ignore[misc] # as proxies do
    def __class__(self) -> type:
        return type(self.store)

    def __repr__(self) -> str:
        return repr(self.store)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def _answering(name: str, kinds: tuple[type, ...]) -> Callable[..., Any]:
    """Return a method of the proxy, whose errors are those that a store may raise."""

    def answer(self: _Checked, *arguments: Any, **named: Any) -> Any:
        try:
            found = getattr(self.store, name)(*arguments, **named)
        except (HTTPException, SetupError):
            raise
        except Exception as error:
            reason = f"the token store raised {type(error).__name__} in {name}"
            logger.exception("%s", reason)
            raise StoreUnavailableError(reason) from error
        return _answered(found, name, kinds)

    return answer


def _answered(found: object, name: str, kinds: tuple[type, ...]) -> Any:
    """Return the answer of a store, if it is of an expected type.

    Raises:
        StoreUnavailableError: The answer is of another type, such as a coroutine.
    """
    if isinstance(found, kinds) and not (kinds is _ANYTHING and inspect.isawaitable(found)):
        return found
    if inspect.iscoroutine(found):
        found.close()
    reason = f"the token store returned {type(found).__name__} from {name}"
    logger.error("%s", reason)
    raise StoreUnavailableError(reason)


for _name, _kinds in _ANSWERS.items():
    setattr(_Checked, _name, _answering(_name, _kinds))
