"""Reckon from what was measured to what nobody measured, in arithmetic that the page shows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from jwtpolicy.settings import Settings
from jwtpolicy.stores import caching
from jwtpolicy.stores.redis import near_cache

from .results import Figures

DAY: Final = 86_400
GB: Final = 10**9

#: What the page assumes, in its order; change it here, and run ``python -m benchmarks.load.pages``.
USERS_SESSIONS: Final = (10**6, 10**7, 10**8)
ACTIVE_SHARE: Final = 0.1  # of the sessions, in the busiest hour
BETWEEN_REQUESTS: Final = 10  # seconds, of an active session
BUSY_SHARE: Final = 0.5  # of a core that is not to be exceeded
NODE_GB: Final = 64  # of memory in one machine of a Redis Cluster
USABLE_SHARE: Final = 0.5  # of it; the rest is for copies while the server writes its file
PROCESSES: Final = (1, 10, 100)  # of the application, among which requests are spread evenly
CACHE_SECONDS: Final = 5  # of the cache by time
DEAD_SHARE: Final = 0.2  # of rows: PostgreSQL's autovacuum_vacuum_scale_factor
PARTITIONS: Final = 64
DATABASE_CORES: Final = 64

#: The library's own defaults.
_DEFAULTS: Final = Settings.from_mapping({})
ACCESS: Final = _DEFAULTS.access_token_expires or 0
ABSOLUTE: Final = _DEFAULTS.session_absolute or 0
GRACE: Final = _DEFAULTS.refresh_grace

#: How many answers a process remembers, and how many values of which an answer needs three.
ANSWERS: Final = caching._LIMIT
VALUES: Final = near_cache._LIMIT
VALUES_OF_ANSWER: Final = 3

#: The stores that it is reckoned for.
REDIS: Final = "redis"
PLAIN: Final = "postgresql"
POSTGRES: Final = "postgresql-partitioned"


@dataclass(frozen=True)
class Load:
    """What so many sessions ask of a store in each second.

    Attributes:
        sessions: In the store.
    """

    sessions: int

    @property
    def active(self) -> float:
        """Sessions that are in use."""
        return self.sessions * ACTIVE_SHARE

    @property
    def checks(self) -> float:
        """Look-ups in a second."""
        return self.active / BETWEEN_REQUESTS

    @property
    def refreshes(self) -> float:
        """Rotations in a second: an active session refreshes when its access token ends."""
        return self.active / ACCESS

    @property
    def most_refreshes(self) -> float:
        """Rotations in a second, were all sessions in use."""
        return self.sessions / ACCESS

    @property
    def log_ins(self) -> float:
        """Sessions that begin in a second, and as many that may be pruned."""
        return self.sessions / ABSOLUTE


@dataclass(frozen=True)
class Need:
    """What a store takes for a load.

    Attributes:
        load: The load.
        figures: What was measured.
        store: The store.
    """

    load: Load
    figures: Figures
    store: str

    @property
    def cores(self) -> float:
        """Cores of servers, none busier than `BUSY_SHARE`."""
        busy = (self.load.checks * self.check_us + self.load.refreshes * self.rotate_us) / 10**6
        return busy / BUSY_SHARE

    @property
    def asking_cores(self) -> float:
        """Cores of the application that do nothing but ask, as busy as those of servers."""
        return self.load.checks * self.of("check_1_client_us") / 10**6 / BUSY_SHARE

    @property
    def check_us(self) -> float:
        """Microseconds of its processor that a check takes, several clients being served."""
        return self.of(f"check_{self.figures.clients}_server_us")

    @property
    def rotate_us(self) -> float:
        """Microseconds of its processor that a rotation takes, in the same way."""
        return self.of(f"rotate_{self.figures.clients}_server_us")

    @property
    def gigabytes(self) -> float:
        """What sessions take, and pairs that are kept for the grace."""
        kept = self.load.refreshes * GRACE * self.figures.last("pair", "kept_bytes")
        return (self.load.sessions * self.of("session_bytes") + kept) / GB

    @property
    def on_disk(self) -> float:
        """Gigabytes, with the rows that were replaced and not yet cleared away."""
        return self.gigabytes * (1 + DEAD_SHARE)

    @property
    def nodes_for_memory(self) -> int:
        """Redis servers that hold it."""
        return math.ceil(self.gigabytes / (NODE_GB * USABLE_SHARE))

    @property
    def nodes(self) -> int:
        """Redis servers that hold it and do it; each has one core that does the work."""
        return max(self.nodes_for_memory, math.ceil(self.cores))

    def of(self, what: str) -> float:
        """Return a figure of the largest size."""
        return self.figures.last(self.store, what)


def saved_by_time(processes: int) -> float:
    """Return the share of look-ups that answers kept for `CACHE_SECONDS` spare.

    Requests of one token come to one of *processes* at random, *rate* in a second. After each
    look-up those of the next seconds are free, and then it takes 1/*rate* seconds until the next.
    """
    rate = 1 / BETWEEN_REQUESTS / processes
    return rate * CACHE_SECONDS / (1 + rate * CACHE_SECONDS)


def saved_by_near_cache(processes: int) -> float:
    """Return the share that is spared where each process asks once for a token in its life."""
    requests = ACCESS / BETWEEN_REQUESTS
    asked = processes * (1 - math.exp(-requests / processes))
    return 1 - asked / requests


def a_second(cores: int, microseconds: float) -> float:
    """Return how often *cores* do in a second what takes so long, not busier than `BUSY_SHARE`."""
    return cores * BUSY_SHARE / microseconds * 10**6
