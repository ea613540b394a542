"""psycopg connections with a bound on every wait for PostgreSQL."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

import psycopg

from ...clock import elapsed
from ...connections.deadlines import left

T = TypeVar("T")


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that gives up, and closes, where an answer does not come in time.

    ``statement_timeout`` is watched by the server, so it is no help when the server hangs or its
    machine is gone; libpq has nothing else for that.

    Attributes:
        answer_within: Seconds, for each round trip, unless the deadline comes first.
        connect_within: Seconds, for each host. psycopg itself gives each two at the least.
    """

    answer_within: float = 60.0
    connect_within: float = 60.0

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **kwargs: Any) -> T:
        return super().wait(_bounded(gen, left(self.answer_within), self.close), *args, **kwargs)

    @classmethod
    def _connect_gen(cls, *args: Any, **kwargs: Any) -> Any:
        # Called once for each host.
        connecting = super()._connect_gen(*args, **kwargs)
        return _bounded(connecting, left(cls.connect_within), connecting.close)


def bounded_by(timeout: float, hosts: int) -> type[BoundedConnection]:
    """Return the class of connections that are given up after *timeout* seconds.

    Each of so many *hosts* is waited for as long as the others, so that the last has its turn.
    """

    class Bounded(BoundedConnection):
        answer_within = timeout
        connect_within = timeout / hosts

    return Bounded


def is_pooled(connection: psycopg.Connection[Any]) -> bool:
    """Whether there is a pooler in between, which may ask another server process each time.

    What one of them has prepared the next one does not know. A pooler names a process that it has
    made up, so that nobody cancels what has become somebody else's.
    """
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return row is None or row[0] != connection.info.backend_pid


def _bounded(gen: Generator[Any, Any, T], seconds: float, close: Any) -> Generator[Any, Any, T]:
    # psycopg comes back here, with nothing, every 100 ms in which the socket was silent; its C
    # part does from 3.2.11 on.
    deadline = elapsed() + seconds
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and elapsed() > deadline:
                close()
                msg = f"no answer within {seconds:.3g} seconds"
                raise psycopg.OperationalError(msg)
            wanted = gen.send(ready)
    except StopIteration as done:
        value: T = done.value
        return value
