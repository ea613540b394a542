"""The file of an SQLite store: creation, permissions, identity and schema version."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from ..clock import Clock, system_clock
from ..connections.deadlines import in_time, left, within
from . import sqlite_schema as schema

Values = tuple[Any, ...] | dict[str, Any]

#: Seconds between two looks at a locked file.
_POLL: Final = 0.002

#: The file itself first: the others take their mode from it.
_SUFFIXES: Final = ("", "-wal", "-shm")

_LOG: Final = logging.getLogger("jwtpolicy")


def keep_private(path: Path) -> None:
    """Let nobody but its owner read a file of SQLite's, nor its log; make it where it is missing.

    Never through a descriptor of the file: closing any of them drops the locks that this process
    has on it (https://www.sqlite.org/howtocorrupt.html section 2.2).
    """
    real = os.path.realpath(path)  # SQLite has the log next to what a link leads to
    if not os.path.exists(real):
        _make(real)
    for suffix in _SUFFIXES:
        _close_to_others(real + suffix)


def _make(path: str) -> None:
    """Make an empty file that was never open to others, not even for a moment."""
    # Where that does not work, SQLite makes it, or says why it cannot.
    with suppress(OSError):
        descriptor, name = tempfile.mkstemp(prefix=".jwtpolicy-", dir=os.path.dirname(path))
        os.close(descriptor)
        try:
            os.link(name, path)
        finally:
            os.unlink(name)


def _close_to_others(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISREG(mode) and mode & 0o077:
            os.chmod(path, 0o600)
    except PermissionError:
        _LOG.warning("others may read %s of the token store, which is not ours to close", path)
    except OSError:
        pass  # it is not there; or SQLite says in a moment what is wrong with it


def earlier(now: int) -> int:
    """Return the earlier of the caller's clock and the machine's: nothing is deleted before both.

    When memory begins goes by the caller's alone, as every cut-off: all who use a file are on one
    machine.
    """
    return min(now, int(system_clock()))


class SQLiteFile:
    """The file of an SQLite store, which makes connections with the right pragmas and tables.

    Args:
        path: The file.
        timeout: Seconds to wait for another process's write.
        clock: Returns the time at which the memory of a new file begins.
    """

    def __init__(self, path: Path, timeout: float, clock: Clock) -> None:
        self._path = path
        self._timeout = timeout
        self._clock = clock

    def identity(self) -> object:
        """Return a value that differs for another file of this name; None where there is none."""
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @in_time
    def open(self) -> sqlite3.Connection:
        """Return a connection that commits by itself, to tables that are there.

        Raises:
            StoreUnavailableError: Another version of the library made the tables.
        """
        connection = self.connect()
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def connect(self) -> sqlite3.Connection:
        """Return a connection that commits by itself, whatever is in the file."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        keep_private(self._path)
        # Each thread has its own; but the one that closes it may be the garbage collector's.
        connection = sqlite3.connect(
            self._path, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            keep_private(self._path)  # if SQLite had to make it, then before there is a log
            self.wait(connection, "PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    def upgrade(self, connection: sqlite3.Connection) -> int:
        """Bring the tables up to date in one transaction, and return which version they had.

        Raises:
            StoreUnavailableError: A newer version of the library made the tables.
        """
        with self._alone(connection) as found:
            if found == 1:
                schema.convert(connection, int(self._clock()))
        if found > schema.VERSION:
            schema.check(found)
        return found

    def wait(self, connection: sqlite3.Connection, sql: str, values: Values = ()) -> sqlite3.Cursor:
        """Execute the first statement of a transaction, as soon as the file is not locked.

        SQLite's own waiting sleeps for up to 100 ms between two looks, so that under many writers
        one may go hungry for seconds; and it does not wait at all where a new file is put into WAL
        mode.
        """
        try:
            return connection.execute(sql, values)
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
        with within(self._timeout):
            while True:
                try:
                    return connection.execute(sql, values)
                except sqlite3.OperationalError as error:
                    if not _is_busy(error) or not left(self._timeout):
                        raise
                    time.sleep(_POLL)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        found = schema.version_of(partial(self.wait, connection))
        if not found:
            with self._alone(connection) as found:
                if not found:
                    schema.create(connection, int(self._clock()))
        schema.check(found or schema.VERSION)
        if not schema.has_memory(partial(self.wait, connection)):
            with self._alone(connection):
                schema.remember(connection)

    @contextmanager
    def _alone(self, connection: sqlite3.Connection) -> Iterator[int]:
        """Hold the file's write lock, and yield the version of the tables."""
        self.wait(connection, "BEGIN IMMEDIATE")
        yield schema.version_of(connection.execute)
        connection.execute("COMMIT")


def _is_busy(error: sqlite3.OperationalError) -> bool:
    # The low byte: what it waits for (recovery, a snapshot) makes no difference.
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
