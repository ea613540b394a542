"""The tables as plain SQL, for those who create them by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Dialect, Table, insert
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from .tables import SCHEMA_VERSION, metadata, schema_version

#: The dialects that `ddl` knows.
DIALECTS: Final[dict[str, type[Dialect]]] = {
    "postgresql": postgresql.dialect,
    "mysql": mysql.dialect,
    "mariadb": mysql.dialect,
    "sqlite": sqlite.dialect,
}


def ddl(dialect: str, tables: Sequence[Table] = tuple(metadata.sorted_tables)) -> str:
    """Return the statements that make the tables, their indexes and the version.

    Args:
        dialect: One of `DIALECTS`.
        tables: The tables to create.
    """
    known = DIALECTS[dialect]()
    return "".join(f"{statement.strip()};\n" for statement in _statements(known, tables))


def _statements(dialect: Dialect, tables: Sequence[Table]) -> Iterator[str]:
    for table in tables:
        yield _tidy(str(CreateTable(table).compile(dialect=dialect)))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield str(CreateIndex(index).compile(dialect=dialect))
    if schema_version in tables:
        version = insert(schema_version).values(version=SCHEMA_VERSION)
        yield str(version.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _tidy(statement: str) -> str:
    return "\n".join(line.rstrip().replace("\t", "    ") for line in statement.strip().split("\n"))
