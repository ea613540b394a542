"""Give each thread its own SQLite connection, and carry none of them through a fork."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from weakref import WeakSet

from ..exceptions import StoreUnavailableError
from .forks import PerProcess, abandon

Opener = Callable[[], sqlite3.Connection]

_getpid = os.getpid


class Lease:
    """One thread's connection, opened at the first ``with`` and closed with the thread.

    A ``with`` that ends in an exception closes the connection, which rolls its transaction back
    and lets the next one start afresh, on a new file if need be. Errors of SQLite and of the file
    system leave it as `StoreUnavailableError`.
    """

    __slots__ = ("__weakref__", "_connection", "_lock", "_open", "_pid")

    def __init__(self, opener: Opener) -> None:
        self._open = opener
        self._connection: sqlite3.Connection | None = None
        self._pid = _getpid()
        # Only a fork or `close` ever waits for it. Reentrant: a signal handler of the very thread
        # that holds it may fork.
        self._lock = threading.RLock()

    def __enter__(self) -> sqlite3.Connection:
        if self._pid != _getpid():
            self._abandon()
        if _HELD:
            # Somebody forks: let it have the lock. One that comes and goes would starve it.
            with _registering():
                pass
        self._lock.acquire()
        if self._connection is not None:
            return self._connection
        try:
            self._connection = self._open()
        except (sqlite3.Error, OSError) as error:
            self._lock.release()
            raise _unavailable(error) from error
        except BaseException:
            self._lock.release()
            raise
        return self._connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is not None:
                self.close()
        finally:
            self._lock.release()
        if isinstance(error, sqlite3.Error):
            raise _unavailable(error) from error

    @property
    def is_inherited(self) -> bool:
        """Whether the connection, and whoever may hold the lock, are another process's."""
        return self._pid != _getpid()

    def __del__(self) -> None:
        if not self.is_inherited:
            self.close()
        else:
            self._abandon()

    def acquire(self) -> None:
        """Wait until the connection is not in use, and keep it so."""
        self._lock.acquire()

    def release(self) -> None:
        """Let the connection be used again."""
        self._lock.release()

    def close(self) -> None:
        """Close the connection; the next ``with`` opens another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _abandon(self) -> None:
        # https://www.sqlite.org/howtocorrupt.html section 2.6: a connection that came through a
        # fork may not even be closed. Only a server that forks in C behind Python's back gets here.
        if self._connection is not None:
            abandon(self._connection)
        self._connection = None
        self._lock = threading.RLock()
        self._pid = _getpid()


class Connections:
    """The leases of one store."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._local = threading.local()
        self._leases: WeakSet[Lease] = WeakSet()

    def lease(self) -> Lease:
        """Return this thread's lease."""
        try:
            lease: Lease = self._local.lease
        except AttributeError:
            with _registering():
                lease = self._local.lease = Lease(self._opener)
                self._leases.add(lease)
                _LEASES.add(lease)
        return lease

    def close(self) -> None:
        """Close the connections of all threads, each as soon as it is not in use."""
        for lease in _own(self._leases):
            lease.acquire()
            try:
                lease.close()
            finally:
                lease.release()


def _unavailable(error: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(f"the SQLite token store failed: {error}")


# A child that inherits an open connection is in danger even if it never touches it: SQLite keeps
# its POSIX locks in a table of the process, the child takes its parent's for its own, and a log
# that another process then removes takes the child's revocations with it. So there must be none
# open while Python forks. Locks are taken in one order: _registering(), then the leases'.
_LEASES: WeakSet[Lease] = WeakSet()
_registering: PerProcess[threading.RLock] = PerProcess(threading.RLock)
_HELD: list[Lease] = []  # while a fork is under way: by whoever forks


def _own(leases: WeakSet[Lease]) -> list[Lease]:
    """Return those that are not from before a fork in C."""
    with _registering():
        return [lease for lease in leases if not lease.is_inherited]


def _before_fork() -> None:
    _registering().acquire()
    _HELD.extend(_own(_LEASES))
    for lease in _HELD:
        lease.acquire()
        lease.close()


def _in_parent() -> None:
    _in_child()
    _registering().release()


def _in_child() -> None:
    # The lock of registering is the parent's; the child has another.
    while _HELD:
        _HELD.pop().release()


if sys.platform != "win32":  # pragma: no branch
    os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
