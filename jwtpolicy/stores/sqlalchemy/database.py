"""Statements on an engine: dead connections are detected, conflicts retried, waits bounded."""

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

from ...clock import Clock, elapsed
from ...connections.deadlines import left
from ...connections.forks import POISONED, PerProcess
from ...exceptions import StoreUnavailableError
from ..lineage import Lineage
from .engines import engine_beside, transaction_limits
from .failures import cause, is_conflict, unavailable
from .schema import prepare, upgrade
from .shortcut import Shortcut
from .statements import KNOWN, KNOWN_AND_AGE, STANDING, STANDING_AND_AGE

T = TypeVar("T")

Rows = Sequence[Sequence[Any]]

#: A function that runs within a transaction; it may run again from the start.
Job = Callable[[Connection], T]

#: The attempts at a change that the database undoes because of others.
_ATTEMPTS: Final = 8
_ENGINES: Final = 16  # that are remembered
_PAUSE: Final = 0.005  # seconds, doubled each time, so that those who met part ways


class Options(TypedDict):
    """The options that all databases of a store share.

    ``is_own`` is whether its engine was made from a URL, so that its connections commit by
    themselves.
    """

    is_own: bool
    may_create: bool
    timeout: float
    denies: bool
    clock: Clock


class Database:
    """A database: an engine, its dialect, and its prepared statements.

    Every statement that changes something is atomic, and is committed before the method returns.

    Attributes:
        engine: An engine whose pool nobody else uses.
        dialect: ``postgresql``, ``mysql`` (MariaDB too) or ``sqlite``.
        lineage: The ages that were seen of it, where *lost* is ``"deny"``; else None.
    """

    def __init__(self, engine: Engine, **options: Unpack[Options]) -> None:
        self.engine = engine
        name = engine.dialect.name
        self.dialect = "mysql" if name == "mariadb" else name
        self.is_own = options["is_own"]
        self._may_create = options["may_create"]
        self._clock = options["clock"]
        self.lineage = Lineage() if options["denies"] else None
        self._timeout = options["timeout"]
        self._is_ready = False
        self._shortcuts: tuple[Shortcut, Shortcut]  # once it is ready
        self._ping = None if self.dialect == "sqlite" else "SELECT 1"
        is_postgres = self.dialect == "postgresql"
        self._limits = transaction_limits(options["timeout"]) if is_postgres else None
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
        """Return the one row of `STANDING`, or of `KNOWN`; with the age, where there is a lineage.

        Raises:
            StoreUnavailableError: The database cannot be asked.
        """

        def look() -> Sequence[Any]:
            with self._open() as connection:
                return self._shortcuts[with_record].ask_on(connection, values)

        started = elapsed()
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
            IntegrityError: A row with that key exists already.
        """

        def job(connection: Connection) -> int:
            return connection.execute(statement, values).rowcount

        return self._attempting(lambda: self._once(job, self._ping))

    def transact(self, job: Job[T]) -> T:
        """Run *job* in one transaction, and return its result.

        Raises:
            StoreUnavailableError: The database cannot be asked. Where the connection broke, it may
                have been done nevertheless.
            IntegrityError: A row that *job* inserts exists already.
        """

        def whole(connection: Connection) -> T:
            try:
                if self._limits is not None:
                    connection.exec_driver_sql(self._limits)
                return job(connection)
            except BaseException:
                # Nobody else rolls back: connections that commit by themselves are given back as
                # they are.
                connection.invalidate()
                raise

        return self._attempting(lambda: self._once(whole, "BEGIN"))

    def _attempting(self, change: Callable[[], T]) -> T:
        for attempt in range(_ATTEMPTS):
            try:
                return change()
            except IntegrityError:
                raise
            except SQLAlchemyError as error:
                if attempt == _ATTEMPTS - 1 or not is_conflict(error) or not left(1):
                    raise self._failed(error) from cause(error)
            time.sleep(min(left(1), random.random() * _PAUSE * 2**attempt))  # noqa: S311 # no secret
        raise AssertionError  # pragma: no cover

    def upgrade(self) -> str:
        """Return the SQL that brings the tables up to date; a comment where there is nothing to do.

        Raises:
            StoreUnavailableError: The database cannot be asked; or the tables are newer.
        """

        def look() -> str:
            with self._connected.connect() as connection:
                return upgrade(connection, self.dialect, may_create=self._may_create)

        try:
            return self._retrying(look)
        except SQLAlchemyError as error:
            raise self._failed(error) from cause(error)

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    @property
    def is_open_sqlite(self) -> bool:
        """Whether there is a connection to a file of SQLite's."""
        pool = self.engine.pool
        if self.dialect != "sqlite" or not isinstance(pool, QueuePool):
            return False
        return pool.checkedin() + pool.checkedout() > 0

    def _once(self, job: Job[T], first: str | None) -> T:
        with self._retrying(lambda: self._open_alive(first)) as connection:
            found = job(connection)
            connection.commit()
        return found

    def _open(self) -> Connection:
        connection = self._connected.connect()
        if not self._is_ready:
            with _closing_on_error(connection):
                prepare(
                    connection,
                    self.dialect,
                    may_create=self._may_create,
                    now=int(self._clock()),
                    remembers=self.lineage is not None,
                )
                connection.commit()
            questions = (STANDING, KNOWN)
            if self.lineage is not None:
                questions = (STANDING_AND_AGE, KNOWN_AND_AGE)
            standing, known = (Shortcut(self.engine, question) for question in questions)
            self._shortcuts = standing, known
            self._is_ready = True
        return connection

    def _open_alive(self, first: str | None) -> Connection:
        """Return a connection that has just answered, so that it rarely breaks within a change.

        A question can be asked again; of a change nobody knows whether it was made.

        Args:
            first: A statement that changes nothing, to try the connection; None: none.
        """
        connection = self._open()
        if first is not None:
            try:
                connection.exec_driver_sql(first)
            except BaseException:
                connection.invalidate()  # it may have begun a transaction that nobody ends
                connection.close()
                raise
        return connection

    def _retrying(self, job: Callable[[], T]) -> T:
        """Run a job that changes nothing; once more where a pooled connection turns out dead."""
        started = elapsed()
        try:
            return job()
        except DBAPIError as error:
            if self._is_late(started) or not error.connection_invalidated:
                raise
        return job()

    def _is_late(self, started: float) -> bool:
        """Whether too little time is left for a retry."""
        return elapsed() - started > self._timeout / 2 or not left(1)

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
    """The databases of one store, by the engines that it was handed; each process has its own.

    SQLAlchemy's pools do not notice a fork: two processes that use one socket read each other's
    answers. So each process makes an engine of its own, from the URL or beside the application's.

    Args:
        engine: Returns the engine; one store may serve several applications, whose engines
            differ.
        options: Those of `Database`.
    """

    def __init__(self, engine: Callable[[], Engine], **options: Unpack[Options]) -> None:
        self._engine = engine
        self._options = options
        self._known = PerProcess(self._begin, _close_all)
        self._ancestors: list[_Known] = []

    def current(self) -> Database:
        """Return the database of the engine that is in use now.

        Raises:
            StoreUnavailableError: The database is SQLite, and was open when a server forked in C.
            ConfigurationError: The application's engine is of no use to a store (`check_engine`).
        """
        engine, known = self._engine(), self._known()
        if known.is_poisoned:
            raise StoreUnavailableError(POISONED)
        try:
            return known[engine]
        except KeyError:
            return self._opened(engine, known)

    def close(self) -> None:
        """Close the connections."""
        _close_all(self._known())

    def _begin(self) -> _Known:
        # Lists, since another thread that is first as well may be adding to the same ones.
        ancestors = list(self._ancestors)
        inherited = [database for known in ancestors for database in list(known.values())]
        own = _Known(any(database.is_open_sqlite for database in inherited))
        self._ancestors.append(own)
        return own

    def _opened(self, engine: Engine, known: _Known) -> Database:
        own = engine if self._options["is_own"] else engine_beside(engine, self._options["timeout"])
        if len(known) >= _ENGINES:
            self.close()
            known.clear()
        return known.setdefault(engine, Database(own, **self._options))


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
