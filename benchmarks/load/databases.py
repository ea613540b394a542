"""Fill and weigh the databases that `SQLAlchemyStore` keeps its tables in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Table, create_engine, event, insert, text

from jwtpolicy.stores.base import SessionRecord
from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore
from jwtpolicy.stores.sqlalchemy.rows import key_of, record_values, session_values
from jwtpolicy.stores.sqlalchemy.tables import sessions, tokens
from tests import services

from . import sample
from .clients import TIMEOUT
from .places import Place, batches, quicken
from .servers import DurableMariaDB, DurablePostgres, family, processor_seconds

#: Where the statements are that make partitioned tables; the page "Sizing" shows the same file.
PARTITIONS = Path(__file__).parents[2] / "docs" / "explanation" / "partitions.sql"


class DatabasePlace(Place):
    """`SQLAlchemyStore` on a database, filled by an engine of the benchmark's own."""

    def open(self, url: str, *, create_tables: bool = True) -> None:
        """Use the database at *url*."""
        self.url = url
        self.store = SQLAlchemyStore(url, timeout=TIMEOUT, create_tables=create_tables)
        self.engine = create_engine(url)
        self.store.sessions("", "", now=sample.NOW)  # makes the tables

    def revoke(self, numbers: range) -> None:
        self.insert(tokens, map(_token_row, numbers))

    def log_in(self, numbers: range) -> None:
        self.insert(sessions, map(self._session_row, numbers))

    def insert(self, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        """Insert *rows*, each of all columns of *table*."""
        for batch in batches(rows):
            with self.engine.begin() as connection:
                connection.execute(insert(table), batch)

    def ask(self, question: str) -> Any:
        """Return the one value that an SQL statement finds."""
        with self.engine.connect() as connection:
            return connection.scalar(text(question))

    def do(self, *statements: str) -> None:
        """Run statements that do not want to be in a transaction."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def remove(self) -> None:
        self.engine.dispose()
        super().remove()

    def _session_row(self, number: int) -> dict[str, Any]:
        session = sample.session(self.store, number)
        swapped = record_values(SessionRecord(session))
        changed = {name.removeprefix("new_"): value for name, value in swapped.items()}
        return {**session_values(session), **changed}


def _token_row(number: int) -> dict[str, Any]:
    key = key_of("", sample.token_id("revoked", number))
    return {"token_key": key, "is_revoked": 1, "expires_at": sample.NOW + sample.DAY}


class SQLitePlace(DatabasePlace):
    """`SQLAlchemyStore` on SQLite."""

    name = "sqlalchemy-sqlite"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / "tables.sqlite3"
        self.open(f"sqlite+pysqlite:///{self.path}")
        event.listen(self.engine, "connect", lambda raw, _record: quicken(raw))

    def weight(self) -> int:
        return self.path.stat().st_size

    def version(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}, with its defaults"


class ServerPlace(DatabasePlace):
    """A database server of one's own."""

    service: ClassVar[str]
    kind: ClassVar[type[DurablePostgres | DurableMariaDB]]

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.server = self.kind(Path(binaries(self.service)))
        try:
            self.server.initialise()
            self.server.start()
            self.open(self.server.url)
        except BaseException:
            self.server.remove()
            raise

    def server_seconds(self) -> float | None:
        process = self.server._process
        return None if process is None else processor_seconds(family(process.pid))

    def version(self) -> str:
        number = str(self.ask("SELECT version()")).removeprefix("PostgreSQL ")
        name = "PostgreSQL" if self.service == "postgres" else "MariaDB"
        return f"{name} {number.split()[0].partition('-')[0]}, {self.kind.settings}"

    def remove(self) -> None:
        super().remove()
        self.server.remove()


class PostgresPlace(ServerPlace):
    """`SQLAlchemyStore` on PostgreSQL, filled by COPY."""

    name, service, kind = "postgresql", "postgres", DurablePostgres

    def insert(self, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        names = [column.name for column in table.columns]
        sql = f"COPY {table.name} ({', '.join(names)}) FROM STDIN"
        raw: Any = self.engine.raw_connection()
        with raw.cursor() as cursor, cursor.copy(sql) as copy:
            for row in rows:
                copy.write_row([row[name] for name in names])
        raw.commit()
        raw.close()

    def settle(self) -> None:
        self.do("VACUUM ANALYZE", "CHECKPOINT")

    def weight(self) -> int:
        return int(self.ask("SELECT pg_database_size(current_database())"))


class PartitionedPostgresPlace(PostgresPlace):
    """The same, in tables that are made as the page "Sizing" says."""

    name = "postgresql-partitioned"

    def open(self, url: str, *, create_tables: bool = True) -> None:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql(PARTITIONS.read_text("utf-8"))
        engine.dispose()
        super().open(url, create_tables=False)


class MariaDBPlace(ServerPlace):
    """`SQLAlchemyStore` on MariaDB."""

    name, service, kind = "mariadb", "mysql", DurableMariaDB

    def settle(self) -> None:
        self.do(f"ANALYZE TABLE {tokens.name}, {sessions.name}")

    def weight(self) -> int:
        files = "information_schema.INNODB_SYS_TABLESPACES"
        return int(self.ask(f"SELECT SUM(FILE_SIZE) FROM {files} WHERE NAME LIKE 'jwtpolicy/%'"))


def binaries(service: str) -> str:
    """Return where a server's programs are.

    Raises:
        LookupError: They are nowhere, or the environment names a server that is not ours to fill.
    """
    found = services.FINDERS[service]()
    if found is None or "://" in found:
        msg = f"{service}: no program to start ({found or 'not found'})"
        raise LookupError(msg)
    return found
