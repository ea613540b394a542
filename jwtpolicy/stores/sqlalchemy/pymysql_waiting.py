"""PyMySQL connections with a bound on all round trips of a question to MariaDB or MySQL."""

from __future__ import annotations

from pymysql.connections import Connection  # type: ignore[import-untyped, unused-ignore]

from ...connections.deadlines import patience


class BoundedConnection(Connection):  # type: ignore[misc, unused-ignore] # PyMySQL has no types
    """A connection whose waits end with the deadline, if that comes before their own end."""

    @property
    def _read_timeout(self) -> float:
        return patience(self._read_within)

    @_read_timeout.setter
    def _read_timeout(self, seconds: float) -> None:
        self._read_within = seconds

    @property
    def _write_timeout(self) -> float:
        return patience(self._write_within)

    @_write_timeout.setter
    def _write_timeout(self, seconds: float) -> None:
        self._write_within = seconds
