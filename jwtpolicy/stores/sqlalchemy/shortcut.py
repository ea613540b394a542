"""The look-up of every request, sent to the driver without SQLAlchemy's compiling of SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Select


class Shortcut:
    """A statement that is compiled once and handed to the driver as it is.

    Args:
        engine: The engine, connected at least once: before, the dialect does not know its server.
        statement: A question that has one row for an answer.
    """

    def __init__(self, engine: Engine, statement: Select[Any]) -> None:
        compiled = statement.compile(dialect=engine.dialect)
        self._engine = engine
        self._sql = str(compiled)
        self._order = compiled.positiontup
        #: The root of the driver's errors.
        self.errors: type[Exception] = engine.dialect.loaded_dbapi.Error

    def ask(self, values: Mapping[str, Any]) -> Sequence[Any]:
        """Return the row, in less than half of the time that `ask_on` takes.

        It knows nothing of errors. Whoever uses it asks again on a connection of SQLAlchemy's,
        which finds out what is wrong and what to do then. For an engine whose connections commit
        by themselves only.
        """
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(self._sql, self._parameters(values))
            row: Any = cursor.fetchone()
            cursor.close()
        except BaseException:
            connection.invalidate()
            raise
        connection.close()
        return row  # type: ignore[no-any-return] # the driver's

    def ask_on(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """Return the row, by a connection of SQLAlchemy's."""
        return connection.exec_driver_sql(self._sql, self._parameters(values)).one()

    def _parameters(self, values: Mapping[str, Any]) -> Any:
        order = self._order
        return values if order is None else tuple([values[name] for name in order])
