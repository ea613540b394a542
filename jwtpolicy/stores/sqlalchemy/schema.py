"""Creation of the tables at the first use, and the check of their version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, insert, inspect, select

from ...exceptions import StoreUnavailableError
from ..columns import NO_CUT_OFF
from .ddl import ddl
from .statements import AGE, CLOCKS, OLDEST_KNOWN
from .tables import SCHEMA_VERSION, memory, metadata, schema_version
from .upgrades import FROM_VERSION_1

#: What keeps others from making the tables meanwhile, and lets them go on. PostgreSQL and SQLite
#: have tables within transactions; MySQL and MariaDB have not, so there it is a lock by name.
_LOCKS: Final = {
    "postgresql": (("BEGIN", "SELECT pg_advisory_xact_lock(7595268330841434)"), ("COMMIT",)),
    # A transaction that is under way sees the tables as they were before the lock was waited for.
    "mysql": (
        ("COMMIT", "SELECT GET_LOCK('jwtpolicy_schema', 5)"),
        ("COMMIT", "SELECT RELEASE_LOCK('jwtpolicy_schema')"),
    ),
    "sqlite": (("BEGIN IMMEDIATE",), ("COMMIT",)),
}


def prepare(
    connection: Connection, dialect: str, *, may_create: bool, now: int, remembers: bool
) -> None:
    """Create missing tables, and check that the version of the tables is this one.

    Args:
        connection: A connection to the database.
        dialect: The name of the database's dialect.
        may_create: Whether missing tables are created.
        now: The second in which the memory of a new database begins.
        remembers: Whether the beginning of its memory has to be recorded.

    Raises:
        StoreUnavailableError: Tables are missing and may not be created, or another version
            of the library created them.
    """
    is_there = inspect(connection).has_table(schema_version.name)
    if not (is_there or may_create):
        msg = (
            "the token store's tables are missing, and it may not make them: run what "
            "`flask jwtpolicy ddl` prints"
        )
        raise StoreUnavailableError(msg)
    if not is_there or not _versions(connection):
        with _alone(connection, dialect):
            _complete(connection, may_create)
            if may_create:
                _remember(connection, now)
    _check_version(connection)
    if remembers and not _is_remembered(connection):
        with _alone(connection, dialect):
            if may_create:
                memory.create(connection, checkfirst=True)
            _remember(connection, now)


def _complete(connection: Connection, may_create: bool) -> None:
    if may_create:
        _create(connection)
    if not _versions(connection):
        # The tables are new; or Alembic made them, which makes no rows.
        connection.execute(insert(schema_version).values(version=SCHEMA_VERSION))


def _is_remembered(connection: Connection) -> bool:
    return inspect(connection).has_table(memory.name) and bool(connection.execute(AGE).all())


def _remember(connection: Connection, now: int) -> None:
    """Record the beginning of memory: now, or the time of the oldest entry.

    Raises:
        StoreUnavailableError: The table ``jwtpolicy_memory`` is missing.
    """
    if not inspect(connection).has_table(memory.name):
        msg = (
            "the token store's table jwtpolicy_memory is missing, and it may not make it: run the "
            "SQL that `flask jwtpolicy store upgrade` prints"
        )
        raise StoreUnavailableError(msg)
    if not connection.execute(AGE).all():
        known = (connection.execute(question).scalar() for question in OLDEST_KNOWN)
        seconds = (int(second) for second in known if second is not None)
        began = min([earlier_on(connection, now), *seconds])
        row = {"id": 1, "began": began, "mark": 0, "restored": NO_CUT_OFF}
        connection.execute(insert(memory).values(row))


def earlier_on(connection: Connection, now: int) -> int:
    """Return the earlier of the caller's clock and the server's.

    No memory begins later: nobody could log in until all clocks had caught up with one that is
    ahead.
    """
    return min(now, int(connection.execute(CLOCKS[connection.dialect.name]).scalar_one()))


def _create(connection: Connection) -> None:
    # The table with the version is the last, because its presence is taken for that of all.
    others = [table for table in metadata.sorted_tables if table is not schema_version]
    for table in (*others, schema_version):
        table.create(connection, checkfirst=True)
        for index in table.indexes:
            # Somebody may have been killed between the table and its index.
            index.create(connection, checkfirst=True)


def _versions(connection: Connection) -> list[int]:
    return list(connection.execute(select(schema_version.c.version)).scalars())


def upgrade(connection: Connection, dialect: str, *, may_create: bool) -> str:
    """Return the SQL that brings the tables up to date; a comment where there is nothing to do.

    Args:
        connection: A connection to the database.
        dialect: The name of the database's dialect.
        may_create: Whether the store makes missing tables itself, at its first use.

    Raises:
        StoreUnavailableError: A newer version of the library made them.
    """
    look = inspect(connection)
    missing = [table for table in metadata.sorted_tables if not look.has_table(table.name)]
    found = [] if schema_version in missing else _versions(connection)
    if found == [1]:
        return FROM_VERSION_1[dialect]
    if found:
        _check_version(connection)
    if not missing:
        return "-- nothing to upgrade\n"
    if may_create and schema_version in missing:
        return "-- the tables are missing; the store makes them at its first use\n"
    return f"-- missing: {', '.join(table.name for table in missing)}\n{ddl(dialect, missing)}"


def _check_version(connection: Connection) -> None:
    found = _versions(connection)
    if found == [SCHEMA_VERSION]:
        return
    remedy = (
        "stop the application and run the SQL that `flask jwtpolicy store upgrade` prints"
        if found == [1]
        else "use the version of the library that made them"
    )
    shown = ", ".join(map(str, found)) or "none"
    msg = f"the token store's tables are of version {shown}, and not {SCHEMA_VERSION}: {remedy}"
    raise StoreUnavailableError(msg)


@contextmanager
def _alone(connection: Connection, dialect: str) -> Iterator[None]:
    begin, end = _LOCKS[dialect]
    try:
        for statement in begin:
            connection.exec_driver_sql(statement)
        yield
        for statement in end:
            connection.exec_driver_sql(statement)
    except BaseException:
        connection.invalidate()  # which undoes it, and lets the lock go
        raise
