"""Fill and weigh the databases that `SQLAlchemyStore` keeps its tables in.

Servers run with their own defaults, so that they write to the disk, but have room in memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Table, create_engine, event, insert, text

from jwtpolicy.stores.base import SessionRecord
from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore
from jwtpolicy.stores.sqlalchemy.rows import key_of, record_values, session_values
from jwtpolicy.stores.sqlalchemy.tables import sessions, tokens
from tests.services.mariadb import MariaDBServer
from tests.services.postgres import PostgresServer
from tests.services.processes import Server

from . import sample
from .clients import TIMEOUT
from .places import Place, batches, binaries, quicken

#: The statements that make partitioned tables; the page "Sizing" shows the same file.
PARTITIONS = Path(__file__).parents[2] / "docs" / "operate" / "partitions.sql"


class DatabasePlace(Place):
    """`SQLAlchemyStore` on a database, filled by an engine of the benchmark's own."""

    def open(self, url: str, recipe: str = "") -> None:
        """Use the database at *url*, whose tables *recipe* makes, if not the store."""
        self.url, self.engine = url, create_engine(url)
        if recipe:
            self.do(recipe)
        self.store = SQLAlchemyStore(url, timeout=TIMEOUT, create_tables=not recipe)
        self.store.sessions("", "", now=sample.NOW)  # makes the tables

    def revoke(self, numbers: range) -> None:
        until = sample.NOW + sample.DAY
        keys = (key_of("", sample.revoked_id(number)) for number in numbers)
        rows = ({"token_key": key, "is_revoked": 1, "expires_at": until} for key in keys)
        self._insert(tokens, rows)

    def log_in(self, numbers: range) -> None:
        self._insert(sessions, map(self._row, numbers))

    def do(self, *statements: str) -> None:
        """Run statements that do not want to be in a transaction."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def remove(self) -> None:
        self.engine.dispose()
        super().remove()

    def _insert(self, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        for batch in batches(rows):
            with self.engine.begin() as connection:
                connection.execute(insert(table), batch)

    def _row(self, number: int) -> dict[str, Any]:
        session = sample.session(self.store, number)
        swapped = record_values(SessionRecord(session))
        changed = {name.removeprefix("new_"): value for name, value in swapped.items()}
        return {**session_values(session), **changed}


class SQLAlchemySQLitePlace(DatabasePlace):
    """`SQLAlchemyStore` on SQLite."""

    name, title = "sqlalchemy-sqlite", "``SQLAlchemyStore``, SQLite"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "tables.sqlite3"
        self.open(f"sqlite+pysqlite:///{self._path}")
        event.listen(self.engine, "connect", lambda raw, _record: quicken(raw))

    def weight(self) -> int:
        return self._path.stat().st_size


class ServerPlace(DatabasePlace):
    """`SQLAlchemyStore` on a database server of one's own."""

    service: ClassVar[str]  # what its programs are found by
    kind: ClassVar[type[Server]]
    settled: ClassVar[tuple[str, ...]]  # what it would do some time after so much was written
    weighed: ClassVar[str]  # what asks for its bytes on the disk
    recipe: ClassVar[str] = ""  # what makes its tables, if not the store

    def __init__(self, _folder: Path) -> None:
        self._server = self.kind(Path(binaries(self.service)))
        try:
            self._server.initialise()
            self._server.start()
            self.open(self._server.url, self.recipe)
        except BaseException:
            self._server.remove()
            raise

    def settle(self) -> None:
        self.do(*self.settled)

    def weight(self) -> int:
        return int(self._ask(self.weighed))

    def version(self) -> str:
        told = str(self._ask("SELECT version()")).removeprefix("PostgreSQL ").split()[0]
        return f"{self.title.split(', ')[1]} {told.partition('-')[0]}"

    def _ask(self, question: str) -> Any:
        with self.engine.connect() as connection:
            return connection.scalar(text(question))


class _Postgres(PostgresServer):
    def command(self) -> list[str]:
        # The last of two options of one name counts.
        options = ("fsync=on", "full_page_writes=on", "shared_buffers=1GB")
        return [*super().command(), *(word for option in options for word in ("-c", option))]


class PostgresPlace(ServerPlace):
    """`SQLAlchemyStore` on PostgreSQL."""

    name, title = "postgresql", "``SQLAlchemyStore``, PostgreSQL"
    service, kind = "postgres", _Postgres
    settled = "VACUUM ANALYZE", "CHECKPOINT"
    weighed = "SELECT pg_database_size(current_database())"


class PartitionedPostgresPlace(PostgresPlace):
    """The same, in tables that are made as the page "Sizing" says."""

    name, title = "postgresql-partitioned", "``SQLAlchemyStore``, PostgreSQL, partitioned"
    recipe = PARTITIONS.read_text("utf-8")


class _MariaDB(MariaDBServer):
    def command(self) -> list[str]:
        options = "--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=1G"
        return [*super().command(), *options]


class MariaDBPlace(ServerPlace):
    """`SQLAlchemyStore` on MariaDB."""

    name, title = "mariadb", "``SQLAlchemyStore``, MariaDB"
    service, kind = "mysql", _MariaDB
    settled = (f"ANALYZE TABLE {tokens.name}, {sessions.name}",)
    weighed = (
        "SELECT SUM(FILE_SIZE) FROM information_schema.INNODB_SYS_TABLESPACES"
        " WHERE NAME LIKE 'jwtpolicy/%'"
    )
