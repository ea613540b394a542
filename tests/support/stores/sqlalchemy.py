"""Start database servers, and do to databases what the store does not."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, NullPool, create_engine, event

from jwtpolicy.stores.sqlalchemy import metadata
from tests import services
from tests.services.mariadb import MariaDBServer
from tests.services.postgres import PostgresServer
from tests.services.processes import Server

#: The real servers, by the names that `services.FINDERS` has for them.
KINDS: dict[str, type[Server]] = {
    "postgres": PostgresServer,
    "postgres-wheel": PostgresServer,
    "mysql": MariaDBServer,
}


def make_server(name: str) -> Server:
    """Return a server of one's own, started."""
    found = services.FINDERS[name]()
    if found is None or "://" in found:
        services.missing(name, "there is no server to start")
    server = KINDS[name](Path(found))
    server.initialise()
    server.start()
    return server


def delete_rows(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(table.delete())


def without_sync(engine: Engine) -> Engine:
    """Let SQLite not wait for the disk, so that a test of many writes is quick."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, record: raw.execute("PRAGMA synchronous = OFF"))
    return engine


def run(url: str, statements: str) -> None:
    """Run what was printed as a client of the database does: one statement after the other."""
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
