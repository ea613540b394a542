"""Render the tables of the SQL stores, from the statements that make them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql
from tables import table_lines

from jwtpolicy.stores import sqlite_schema
from jwtpolicy.stores.sqlalchemy import ddl, metadata

if TYPE_CHECKING:
    from sphinx.application import Sphinx

TABLE = Path(__file__).parents[1] / "reference/data/schema.toml"


@cache
def the_table() -> dict[str, dict[str, str]]:
    """Return what ``schema.toml`` says, by table and column."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def columns() -> dict[str, dict[str, str]]:
    """Return the type of each column in PostgreSQL, by table."""
    dialect = postgresql.dialect()
    return {
        table.name: {
            column.name: f"{column.type.compile(dialect)}{'' if column.nullable else ' NOT NULL'}"
            for column in table.columns
        }
        for table in metadata.sorted_tables
    }


def schema_lines() -> Iterator[str]:
    """Yield a section for each table of an SQL database as reStructuredText."""
    types = columns()
    for table, row in the_table().items():
        yield from (table, "-" * len(table), "", row["says"], "")
        found = [(f"``{name}``", f"``{types[table][name]}``", row[name]) for name in types[table]]
        yield from table_lines([("column", "type", "holds"), *found], "24 28 48")


def statement_lines() -> Iterator[str]:
    """Yield the statements for PostgreSQL, and those of an SQLite file."""
    file = [*sqlite_schema._TOKENS, *sqlite_schema._SESSIONS, *sqlite_schema._SUBJECTS]
    yield from _sql("PostgreSQL", ddl("postgresql"))
    statements = [*file, sqlite_schema._FILE, sqlite_schema._MEMORY]
    yield from _sql("The SQLite file", ";\n".join(statements) + ";")


def _sql(title: str, text: str) -> Iterator[str]:
    yield from (title, "-" * len(title), "", ".. code-block:: sql", "")
    yield from (f"   {line}" if line else "" for line in text.splitlines())
    yield ""


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives of the tables and of their statements."""
    from tables import Table

    class Schema(Table):
        """Insert the tables."""

        lines = staticmethod(schema_lines)

    class Statements(Table):
        """Insert the statements that make the tables."""

        lines = staticmethod(statement_lines)

    app.add_directive("schema-tables", Schema)
    app.add_directive("schema-statements", Statements)
    return {"parallel_read_safe": True}
