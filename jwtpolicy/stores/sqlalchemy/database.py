"""Run statements on an engine: find dead connections out, try again what was undone, never hang."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypedDict, TypeVar, Unpack
from weakref import WeakSet

from sqlalchemy import Connection, Engine, Executable, QueuePool
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from ...exceptions import StoreUnavailableError
from ..forks import POISONED, PerProcess, abandon
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
_ENGINES: Final = 16  # that are remembered
_PAUSE: Final = 0.005  # seconds, doubled each time, so that those who met part ways


class Options(TypedDict):
    """What is said of every database of a store."""

    is_own: bool
    may_create: bool
    timeout: float


class Database:
    """An engine, and what is known of it.

    Every statement that changes something is atomic, and is committed before the method returns.

    Attributes:
        engine: The engine, as it was handed over.
        dialect: ``postgresql``, ``mysql`` (MariaDB too) or ``sqlite``.
    """

    def __init__(self, engine: Engine, **options: Unpack[Options]) -> None:
        self.engine = engine
        name = engine.dialect.name
        self.dialect = "mysql" if name == "mariadb" else name
        self.is_own = options["is_own"]
        self._may_create = options["may_create"]
        self._timeout = options["timeout"]
        self._is_ready = False
        self._shortcuts: tuple[Shortcut, Shortcut]  # once it is ready
        self._connected = engine
        if not self.is_own and self.dialect != "mysql":
            # A look-up needs no transaction. On MySQL it costs more to say so than to have one.
            self._connected = engine.execution_options(isolation_level="AUTOCOMMIT")
        with _registering():
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

    @property
    def is_open_sqlite(self) -> bool:
        """Whether there is a connection to a file of SQLite's."""
        pool = self.engine.pool
        if self.dialect != "sqlite" or not isinstance(pool, QueuePool):
            return False
        return pool.checkedin() + pool.checkedout() > 0

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


class _Known(dict[Engine, Database]):
    """The databases of one process.

    Attributes:
        is_poisoned: Whether a file of SQLite's was open when a server forked in C.
    """

    def __init__(self, is_poisoned: bool) -> None:
        super().__init__()
        self.is_poisoned = is_poisoned


def _close_all(known: _Known) -> None:
    for database in list(known.values()):
        database.close()


class Databases:
    """The databases of one store, by their engines; each process has its own.

    SQLAlchemy's pools do not notice a fork: two processes that use one socket read each other's
    answers. An engine of the store's own is made by each process. The pool of one that was handed
    over is replaced in a process that is not the one in which it was handed over.

    Args:
        engine: What returns the engine; one store may serve several applications, whose engines
            differ.
        options: Those of `Database`.
    """

    def __init__(self, engine: Callable[[], Engine], **options: Unpack[Options]) -> None:
        self._engine = engine
        self._options = options
        self._process = os.getpid()
        self._known = PerProcess(self._begin, _close_all)
        self._left: PerProcess[WeakSet[Engine]] = PerProcess(WeakSet)
        self._ancestors: list[_Known] = []

    def current(self) -> Database:
        """Return the database of the engine that is in use now.

        Raises:
            StoreUnavailableError: It is SQLite, and was open when a server forked in C.
        """
        engine, known = self._engine(), self._known()
        if known.is_poisoned:
            raise StoreUnavailableError(POISONED)
        try:
            return known[engine]
        except KeyError:
            return self._opened(engine, known)

    def close(self) -> None:
        """Close the connections that are the store's own."""
        _close_all(self._known())

    def _begin(self) -> _Known:
        # Lists, since another thread that is first as well may be adding to the same ones.
        ancestors = list(self._ancestors)
        inherited = [database for known in ancestors for database in list(known.values())]
        own = _Known(any(database.is_open_sqlite for database in inherited))
        self._ancestors.append(own)
        return own

    def _opened(self, engine: Engine, known: _Known) -> Database:
        if self._process != os.getpid() and not self._options["is_own"]:
            self._leave(engine)
        if len(known) >= _ENGINES:
            known.clear()
        return known.setdefault(engine, Database(engine, **self._options))

    def _leave(self, engine: Engine) -> None:
        """Leave the pool's connections to the process that this one was forked from, once."""
        left = self._left()
        if engine not in left and not is_in_memory(engine.url):
            abandon(engine.pool)
            engine.dispose(close=False)
            left.add(engine)


# SQLite's connections may not even be there while Python forks; sqlite_connections.py says why.
_DATABASES: WeakSet[Database] = WeakSet()
_registering: PerProcess[threading.RLock] = PerProcess(threading.RLock)


def _before_fork() -> None:
    with _registering():
        databases = list(_DATABASES)
    for database in databases:
        if database.is_open_sqlite:
            database.engine.dispose()


if sys.platform != "win32":  # pragma: no branch
    os.register_at_fork(before=_before_fork)
