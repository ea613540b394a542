"""SQLite connections: one for each thread, to the current file, never shared with a fork."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Final
from weakref import WeakSet, finalize

from ..clock import elapsed
from ..connections.forks import POISONED, PerProcess, close_when_dropped
from ..exceptions import StoreUnavailableError

Opener = Callable[[], sqlite3.Connection]

#: Returns a value that differs for another file that was put in the place of the first.
Identity = Callable[[], object]

#: Seconds for which a connection is used without a look at whether its file is still the one of
#: that name: whoever only reads goes on so long with one that was replaced or deleted. A look costs
#: a third of a look-up.
RECENT: Final = 1.0
#: The attempts at opening a file that is replaced meanwhile.
_TRIES: Final = 4

_getpid = os.getpid


def _no_identity() -> object:
    return None


class Lease:
    """The connection of one thread, opened at the first ``with`` and closed with the thread.

    A ``with`` that ends in an exception closes the connection, which rolls its transaction back
    and lets the next one start afresh, on a new file if need be. Errors of SQLite and of the file
    system leave it as `StoreUnavailableError`.

    A connection to a file that somebody has replaced or deleted is closed, and another one opened:
    no later than `RECENT` seconds after that, and where a writer asks `is_current`.

    Args:
        opener: Opens a connection, and makes the file where it is missing.
        identity: Returns a value that differs for another file of the same name.
    """

    __slots__ = (
        "__weakref__",
        "_closing",
        "_connection",
        "_file",
        "_identity",
        "_lock",
        "_look_at",
        "_open",
        "_pid",
    )

    def __init__(self, opener: Opener, identity: Identity = _no_identity) -> None:
        self._open = opener
        self._identity = identity
        self._file: object = None  # while there is a connection: the file that it is to
        self._look_at = 0.0
        self._connection: sqlite3.Connection | None = None
        self._closing: finalize[..., object] | None = None  # while there is a connection
        self._pid = _getpid()
        # Only a fork or `close` ever waits for it. Reentrant: a signal handler of the very thread
        # that holds it may fork.
        self._lock = threading.RLock()

    def __enter__(self) -> sqlite3.Connection:
        if _HELD:
            # Somebody forks: let it have the lock. One that comes and goes would starve it.
            with _registering():
                pass
        self._lock.acquire()
        connection = self._connection
        if connection is not None and (elapsed() < self._look_at or self.is_current()):
            return connection
        try:
            self.close()
            return self._open_current()
        except (sqlite3.Error, OSError) as error:
            self._lock.release()
            raise _unavailable(error) from error
        except BaseException:
            self._lock.release()
            raise

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
        """Whether the connection and its lock were inherited from another process by a fork."""
        return self._pid != _getpid()

    @property
    def is_poison(self) -> bool:
        """Whether the connection was open when a server forked in C, without Python's hooks."""
        return self._connection is not None and self.is_inherited

    def is_current(self) -> bool:
        """Whether the connection is to the file that has the name now."""
        self._look_at = elapsed() + RECENT
        return self._identity() == self._file

    def _open_current(self) -> sqlite3.Connection:
        for _ in range(_TRIES):
            before = self._identity()
            connection = self._open()
            # If it was the same file all the time, it was that one that was opened.
            self._connection, self._file = connection, before
            self._closing = close_when_dropped(self, connection, partial(_close_idle, self._lock))
            if self.is_current():
                return connection
            self.close()
        msg = "the file is replaced again and again"
        raise OSError(msg)

    def acquire(self) -> None:
        """Wait until the connection is not in use, and keep it so."""
        self._lock.acquire()

    def release(self) -> None:
        """Let the connection be used again."""
        self._lock.release()

    def close(self) -> None:
        """Close the connection; the next ``with`` opens another one."""
        connection, self._connection = self._connection, None
        if self._closing is not None:
            self._closing.detach()
        if connection is not None:
            connection.close()


def _close_idle(lock: threading.RLock, connection: sqlite3.Connection) -> None:
    """Close a connection; at the end of the process a thread may be using it still."""
    if lock.acquire(blocking=False):
        try:
            connection.close()
        finally:
            lock.release()


class _Leases:
    """The leases of one process."""

    def __init__(self, is_poisoned: bool) -> None:
        self.is_poisoned = is_poisoned
        self.local = threading.local()
        self.all: WeakSet[Lease] = WeakSet()


class Connections:
    """The leases of one store, of each process its own; the arguments are those of `Lease`."""

    def __init__(self, opener: Opener, identity: Identity = _no_identity) -> None:
        self._opener = opener
        self._identity = identity
        self._leases = PerProcess(self._begin)
        self._ancestors: list[WeakSet[Lease]] = []

    def lease(self) -> Lease:
        """Return this thread's lease.

        Raises:
            StoreUnavailableError: A connection was open when a server forked in C.
        """
        own = self._leases()
        try:
            lease: Lease = own.local.lease
        except AttributeError:
            lease = self._added(own)
        return lease

    def close(self) -> None:
        """Close the connections of all threads, each as soon as it is not in use."""
        with _registering():
            leases = list(self._leases().all)
        for lease in leases:
            lease.acquire()
            try:
                lease.close()
            finally:
                lease.release()

    def _begin(self) -> _Leases:
        # Another thread that is first as well may be adding its lease to the same sets.
        with _registering():
            own = _Leases(any(lease.is_poison for leases in self._ancestors for lease in leases))
            self._ancestors.append(own.all)
        return own

    def _added(self, own: _Leases) -> Lease:
        if own.is_poisoned:
            raise StoreUnavailableError(POISONED)
        with _registering():
            lease = own.local.lease = Lease(self._opener, self._identity)
            own.all.add(lease)
            _LEASES.add(lease)
        return lease


def _unavailable(error: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(f"the SQLite token store failed: {error}")


# A child that inherits an open connection is in danger even if it never touches it: SQLite keeps
# its POSIX locks in a table of the process, the child takes its parent's for its own, and a log
# that another process then removes takes the child's revocations with it. So there must be none
# open while Python forks. A fork in C is seen too late: in such a child the file stays shut.
# The inherited connection may not even be closed: https://www.sqlite.org/howtocorrupt.html, 2.6.
# Locks are taken in one order: _registering(), then the leases'.
_LEASES: WeakSet[Lease] = WeakSet()
_registering: PerProcess[threading.RLock] = PerProcess(threading.RLock)
_HELD: list[Lease] = []  # while a fork is under way: by whoever forks


def _before_fork() -> None:
    _registering().acquire()
    # Those from before a fork in C may be held by threads that are not here.
    _HELD.extend(lease for lease in _LEASES if not lease.is_inherited)
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
