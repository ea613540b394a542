"""Run statements on an engine: find dead connections out, try again what was undone, never hang."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from weakref import WeakSet

from sqlalchemy import Connection, Engine, Executable
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from ...exceptions import StoreUnavailableError
from .engines import is_in_memory
from .failures import cause, is_conflict, unavailable
from .schema import prepare, upgrade
from .shortcut import Shortcut
from .statements import KNOWN, STANDING

T = TypeVar("T")

Rows = Sequence[Sequence[Any]]

#: What is done within a transaction; it may be done again from the start.
Job = Callable[[Connection], T]

#: How often a change is tried that the database undoes because of others.
_ATTEMPTS: Final = 8
_PAUSE: Final = 0.005  # seconds, doubled each time, so that those who met part ways


class Database:
    """An engine, and what is known of it.

    Every statement that changes something is atomic, and is committed before the method returns.

    Attributes:
        engine: The engine, as it was handed over.
        dialect: ``postgresql``, ``mysql`` (MariaDB too) or ``sqlite``.
    """

    def __init__(self, engine: Engine, *, is_own: bool, may_create: bool, timeout: float) -> None:
        self.engine = engine
        name = engine.dialect.name
        self.dialect = "mysql" if name == "mariadb" else name
        self.is_own = is_own
        self._may_create = may_create
        self._timeout = timeout
        self._is_ready = False
        self._shortcuts: tuple[Shortcut, Shortcut]  # once it is ready
        self._connected = engine
        if not is_own and self.dialect != "mysql":
            # A look-up needs no transaction. On MySQL it costs more to say so than to have one.
            self._connected = engine.execution_options(isolation_level="AUTOCOMMIT")
        _DATABASES.add(self)

    def ask(self, statement: Executable, values: Mapping[str, Any]) -> Rows:
        """Return the rows that a question finds, in one round trip.

        Raises:
            StoreUnavailableError: The database cannot be asked.
        """

        def look() -> Rows:
            with self._open() as connection:
                return connection.execute(statement, values).all()

        try:
            return self._retrying(look)
        except SQLAlchemyError as error:
            raise self._failed(error) from cause(error)

    def look_up(self, values: Mapping[str, Any], *, with_record: bool) -> Sequence[Any]:
        """Return the one row of `STANDING`, or of `KNOWN`.

        Raises:
            StoreUnavailableError: The database cannot be asked.
        """

        def look() -> Sequence[Any]:
            with self._open() as connection:
                return self._shortcuts[with_record].ask_on(connection, values)

        started = time.monotonic()
        try:
            if self.is_own and self._is_ready:
                shortcut = self._shortcuts[with_record]
                try:
                    return shortcut.ask(values)
                except shortcut.errors as error:
                    if self._is_late(started):
                        raise self._failed(error) from error
            return self._retrying(look)
        except SQLAlchemyError as error:
            raise self._failed(error) from cause(error)

    def look_up_on(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """Return the one row of `KNOWN`, within a transaction."""
        return self._shortcuts[True].ask_on(connection, values)

    def change(self, statement: Executable, values: Mapping[str, Any]) -> int:
        """Make a change of one statement, and return how many rows it changed.

        Raises:
            StoreUnavailableError: The database cannot be asked. Where the connection broke, it may
                have been done nevertheless.
            IntegrityError: There is a row with that key already.
        """

        def job(connection: Connection) -> int:
            return connection.execute(statement, values).rowcount

        return self._attempting(lambda: self._once(job))

    def transact(self, job: Job[T]) -> T:
        """Do all of *job* or nothing, and return what it returns.

        Raises:
            StoreUnavailableError: As for `change`.
            IntegrityError: As for `change`.
        """

        def whole(connection: Connection) -> T:
            try:
                connection.exec_driver_sql("BEGIN")
                return job(connection)
            except BaseException:
                # Nobody else rolls back: connections that commit by themselves are given back as
                # they are.
                connection.invalidate()
                raise

        return self._attempting(lambda: self._once(whole))

    def _attempting(self, change: Callable[[], T]) -> T:
        for attempt in range(_ATTEMPTS):
            try:
                return change()
            except IntegrityError:
                raise
            except SQLAlchemyError as error:
                if attempt == _ATTEMPTS - 1 or not is_conflict(error):
                    raise self._failed(error) from cause(error)
            time.sleep(random.random() * _PAUSE * 2**attempt)  # noqa: S311 # not a secret
        raise AssertionError  # pragma: no cover

    def upgrade(self) -> str:
        """Return the SQL that brings the tables up to date; a comment where there is nothing to do.

        Raises:
            StoreUnavailableError: The database cannot be asked; or the tables are newer.
        """

        def look() -> str:
            with self._connected.connect() as connection:
                return upgrade(connection, self.dialect)

        try:
            return self._retrying(look)
        except SQLAlchemyError as error:
            raise self._failed(error) from cause(error)

    def close(self) -> None:
        """Close the connections, if they are the store's own."""
        if self.is_own:
            self.engine.dispose()

    def forget(self) -> None:
        """Leave the connections to the process that this one was forked from."""
        if not is_in_memory(self.engine.url):
            self.engine.dispose(close=False)

    def _once(self, job: Job[T]) -> T:
        with self._retrying(self._open_alive) as connection:
            found = job(connection)
            connection.commit()
        return found

    def _open(self) -> Connection:
        connection = self._connected.connect()
        if not self._is_ready:
            with _closing_on_error(connection):
                prepare(connection, self.dialect, may_create=self._may_create)
                connection.commit()
            self._shortcuts = Shortcut(self.engine, STANDING), Shortcut(self.engine, KNOWN)
            self._is_ready = True
        return connection

    def _open_alive(self) -> Connection:
        """Return a connection that answers, so that it breaks in the middle of a change rarely.

        A question can be asked again; of a change nobody knows whether it was made.
        """
        connection = self._open()
        if self.dialect != "sqlite":
            with _closing_on_error(connection):
                connection.exec_driver_sql("SELECT 1")
        return connection

    def _retrying(self, job: Callable[[], T]) -> T:
        """Do what changes nothing; once more where a kept connection turns out to be dead."""
        started = time.monotonic()
        try:
            return job()
        except DBAPIError as error:
            if self._is_late(started) or not error.connection_invalidated:
                raise
        return job()

    def _is_late(self, started: float) -> bool:
        """Whether there is no time for another try."""
        return time.monotonic() - started > self._timeout / 2

    def _failed(self, error: Exception) -> StoreUnavailableError:
        # Look at the tables again, next time: they may be gone.
        self._is_ready = False
        return unavailable(error)


@contextmanager
def _closing_on_error(connection: Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


# Two processes that write to one socket are the end of both their sessions. SQLite's connections
# may not even be there while Python forks; sqlite_connections.py says why.
_DATABASES: WeakSet[Database] = WeakSet()


def _before_fork() -> None:
    for database in list(_DATABASES):
        if database.dialect == "sqlite":
            database.close()


def _in_child() -> None:
    for database in list(_DATABASES):
        database.forget()


if sys.platform != "win32":  # pragma: no branch
    os.register_at_fork(before=_before_fork, after_in_child=_in_child)
