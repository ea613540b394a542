"""A near cache of values read from Redis, invalidated by the server's announcements."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, cast

from redis.connection import ConnectionPool
from redis.exceptions import TimeoutError as RedisTimeoutError

from ...clock import elapsed
from ...connections.forks import PerProcess
from .clients import Links
from .failures import FAILURES, unavailable
from .line import Line
from .server import Key

#: Keys that are remembered at most; then all are forgotten.
_LIMIT: Final = 100_000

#: Seconds until another line is tried after one that broke.
_PAUSE: Final = 1.0


class NearCache:
    """The values of keys that were read, each good until the server announces a change.

    Every look takes first what was announced: a change that some machine made is seen as soon as
    the network has brought the news, and one of this process at once. A line that breaks takes
    everything with it. One that is silently cut off looks like a server where nothing happens, so
    nothing is believed for longer than *trust* after the server's last answer: then it is asked.
    What another server said than the one that is to be asked now is not believed at all.

    Whoever finds another thread at the line does not wait, but asks on a connection of its own.
    Each process has a line and a memory of its own.

    Args:
        links: Returns this process's source of links to the server.
        trust: Seconds for which silence is trusted.
        timer: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        links: Callable[[], Links],
        trust: float,
        timer: Callable[[], float] = elapsed,
    ) -> None:
        self._memory = PerProcess(lambda: _Memory(links(), trust, timer), _Memory.close)

    def find(self, keys: Sequence[Key]) -> list[bytes | None] | None:
        """Return the values of *keys*, or None where the server has to be asked without the cache.

        Raises:
            StoreUnavailableError: The server did not answer in time, so that asking again would
                take twice as long; or no primary is known.
        """
        return self._memory().find(keys)

    def forget(self, keys: Sequence[Key] | None) -> None:
        """Discard the values of *keys*, or all with None, because they have changed.

        An answer that is under way may be from before, and is not remembered.
        """
        self._memory().forget(keys)

    def close(self) -> None:
        """Close the connection, and discard everything."""
        self._memory().close()


class _Memory:
    """The near cache of one process."""

    def __init__(self, links: Links, trust: float, timer: Callable[[], float]) -> None:
        self._links = links
        self._trust = trust
        self._timer = timer
        self._line: Line | None = None
        self._pool: ConnectionPool | None = None  # whose server the line leads to
        self._at_line = threading.Lock()
        self._changing = threading.Lock()
        self._values: dict[Key, bytes | None] = {}
        self._changes = 0
        self._heard_at = 0.0
        self._next_try_at = 0.0

    def find(self, keys: Sequence[Key]) -> list[bytes | None] | None:
        if not self._at_line.acquire(blocking=False):
            return None
        try:
            return self._find(keys)
        except (*FAILURES, ValueError) as error:
            self._hang_up()
            if isinstance(error, TimeoutError | RedisTimeoutError):
                raise unavailable(error) from error
            return None
        finally:
            self._at_line.release()

    def forget(self, keys: Sequence[Key] | None) -> None:
        with self._changing:
            self._changes += 1
            if keys is None:
                self._values.clear()
                return
            for key in keys:
                self._values.pop(key, None)

    def close(self) -> None:
        with self._at_line:
            self._hang_up()
            self._next_try_at = 0.0

    def _find(self, keys: Sequence[Key]) -> list[bytes | None] | None:
        pool = self._links().pool
        if pool is not self._pool:
            self._move_to(pool)
        line = self._line or self._called()
        if line is None:
            return None
        line.listen()
        if self._timer() - self._heard_at <= self._trust:
            try:
                return [self._values[key] for key in keys]
            except KeyError:
                pass
        return self._asked(line, keys)

    def _asked(self, line: Line, keys: Sequence[Key]) -> list[bytes | None]:
        changes, asked_at = self._changes, self._timer()
        found: list[bytes | None] = line.ask(b"MGET", *keys)
        self._heard_at = asked_at
        with self._changing:
            if len(self._values) >= _LIMIT:
                self._values.clear()
            if changes == self._changes:
                self._values.update(zip(keys, found, strict=True))
        return found

    def _called(self) -> Line | None:
        if self._timer() < self._next_try_at:
            return None
        # Before anything can go wrong: a server that hangs is not called again at once.
        self._next_try_at = self._timer() + _PAUSE
        self._line = Line(cast("ConnectionPool", self._pool), self.forget)
        return self._line

    def _move_to(self, pool: ConnectionPool | None) -> None:
        """Switch to another server: discard all values, and connect at once."""
        if self._line is not None:
            self._hang_up()
        self._pool, self._next_try_at = pool, 0.0

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        self.forget(None)
        self._next_try_at = self._timer() + _PAUSE
        if line is not None:
            line.close()
