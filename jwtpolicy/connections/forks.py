"""Values of which each process has its own, also after a fork that Python did not see."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, Generic, TypeVar
from weakref import finalize

T = TypeVar("T")

_getpid = os.getpid

#: Why an SQLite file stays shut in a child of a fork in C; sqlite_connections.py says more.
POISONED: Final = (
    "the SQLite token store was used before the server forked its workers, in C, so that a worker "
    "that used it would lose revocations; with uWSGI set lazy-apps = true, or do not use the "
    "store while the application is loaded"
)


class PerProcess(Generic[T]):
    """A value with connections or locks, made by each process that asks for it.

    After a fork a connection would be in two hands, and a lock may be held by a thread that was
    not forked along. `os.register_at_fork` does not see every fork: a server that forks in C, as
    uWSGI does, calls none of its hooks. So the process's id is compared with each use, which takes
    a tenth of a microsecond.

    All threads of a process get the same value. What came through a fork is kept and never touched:
    closing it would take its locks, and say goodbye to the server in the parent's name.

    Args:
        make: Makes the value. Two threads that are first may both call it, and one of the
            values is used: it has to connect when it is used, and not before.
        close: Called with this process's value when nobody can ask for it any more, because a
            store was dropped, or the process ends. The value must not lead back here.
    """

    __slots__ = ("__weakref__", "_close", "_made", "_make")

    def __init__(self, make: Callable[[], T], close: Callable[[T], object] | None = None) -> None:
        self._make = make
        self._close = close
        self._made: dict[int, T] = {}

    def __call__(self) -> T:
        """Return this process's value."""
        try:
            return self._made[_getpid()]
        except KeyError:
            return self._first()

    def _first(self) -> T:
        pid = _getpid()
        value = self._make()
        made = self._made.setdefault(pid, value)
        if made is value and self._close is not None:
            close_when_dropped(self, made, self._close)
        for other in self._made.keys() - {pid}:
            # Ids come round again: a later process must not find what is not its own.
            abandon(self._made.pop(other, None))
        return made


def close_when_dropped(
    owner: object, value: T, close: Callable[[T], object]
) -> finalize[..., object]:
    """Close *value* when *owner* is dropped, or at the end; in another process, leave it alone.

    Not by ``__del__``: an application and its store refer to each other, and of such a ring the
    garbage collector may end a connection before its owner can close it, which is a
    `ResourceWarning` of Python's.
    """
    return finalize(owner, _close_own, _getpid(), value, close)


def _close_own(pid: int, value: T, close: Callable[[T], object]) -> None:
    if pid == _getpid():
        close(value)
    else:
        abandon(value)


def abandon(inherited: object) -> None:
    """Keep an object that was inherited by a fork until the process ends, and never touch it."""
    _ABANDONED.append(inherited)


_ABANDONED: Final[list[object]] = []
