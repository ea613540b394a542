"""Wait for PostgreSQL no longer than is allowed, though it may never answer."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

import psycopg

from ...clock import elapsed

T = TypeVar("T")


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that gives up, and closes, where an answer does not come in time.

    ``statement_timeout`` is watched by the server, so it is no help when the server hangs or its
    machine is gone; libpq has nothing else for that.

    Attributes:
        answer_within: Seconds, for each round trip.
    """

    answer_within: float = 60.0

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **kwargs: Any) -> T:
        return super().wait(self._bounded(gen), *args, **kwargs)

    def _bounded(self, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        # psycopg comes back here, with nothing, every 100 ms in which the socket was silent; its C
        # part does from 3.2.11 on.
        deadline = elapsed() + self.answer_within
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and elapsed() > deadline:
                    self.close()
                    msg = f"no answer within {self.answer_within} seconds"
                    raise psycopg.OperationalError(msg)
                wanted = gen.send(ready)
        except StopIteration as done:
            value: T = done.value
            return value
