"""Keep what can be measured: a store, how it is filled in bulk, and what it weighs."""

from __future__ import annotations

import gc
import itertools
import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from jwtpolicy.stores import MemoryStore, TokenStore
from jwtpolicy.stores.base import SessionRecord, microseconds

from . import sample
from .clients import opened

T = TypeVar("T")

_BATCH = 5_000


class Place(ABC):
    """A store that is filled, measured and thrown away.

    Attributes:
        name: What it is called in results and on the command line.
        url: What other processes open it by; empty where they cannot.
        store: The store.
    """

    name: ClassVar[str]
    url: str = ""
    store: TokenStore

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def revoke(self, numbers: range) -> None:
        """Revoke the tokens ``revoked`` of *numbers*, in bulk."""

    @abstractmethod
    def log_in(self, numbers: range) -> None:
        """Open the sessions of *numbers*, in bulk."""

    @abstractmethod
    def weight(self) -> int:
        """Return the bytes of memory or disk that it takes now."""

    def settle(self) -> None:  # noqa: B027 # most have nothing to do
        """Do what a server does by itself some time after so much was written."""

    def server_seconds(self) -> float | None:
        """Return the processor time that its server took up to now, or None without a server."""
        return None

    def near(self) -> TokenStore | None:
        """Return the store with a near cache, or None where it has none."""
        return None

    def version(self) -> str:
        """Say what answers, and how it was set up."""
        return ""

    def remove(self) -> None:
        """End it, and remove its files."""
        self.store.close()


class MemoryPlace(Place):
    """`MemoryStore`, weighed by what the process grows."""

    name = "memory"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.store = self._memory = MemoryStore()

    def revoke(self, numbers: range) -> None:
        until = sample.NOW + sample.DAY
        for number in numbers:
            self._memory._tokens["", sample.token_id("revoked", number)] = (True, until)

    def log_in(self, numbers: range) -> None:
        for number in numbers:
            session = sample.session(self.store, number)
            self._memory._put(SessionRecord(session))

    def weight(self) -> int:
        gc.collect()
        pages = Path("/proc/self/statm")
        if not pages.exists():
            return 0
        return int(pages.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def version(self) -> str:
        return "a dictionary"


class SQLitePlace(Place):
    """`SQLiteStore`."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / "store.sqlite3"
        self.url = f"sqlite:///{self.path}"
        self.store = opened(self.url)
        self.store.sessions("", "", now=sample.NOW)  # makes the tables
        self._raw = sqlite3.connect(self.path)
        quicken(self._raw)

    def revoke(self, numbers: range) -> None:
        until = sample.NOW + sample.DAY
        rows = (("", sample.token_id("revoked", n), 1, until) for n in numbers)
        self._insert("INSERT INTO jwtpolicy_tokens VALUES (?, ?, ?, ?)", rows)

    def log_in(self, numbers: range) -> None:
        columns = (
            "issuer, session_id, subject, refresh_id, created_us, last_used_at, expires_at,"
            " idle_expires_at, label"
        )
        sql = f"INSERT INTO jwtpolicy_sessions ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        self._insert(sql, map(self._row, numbers))

    def weight(self) -> int:
        self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return self.path.stat().st_size

    def version(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}, WAL, each commit on the disk"

    def remove(self) -> None:
        self._raw.close()
        super().remove()

    def _row(self, number: int) -> tuple[Any, ...]:
        session = sample.session(self.store, number)
        return (
            session.issuer,
            session.session_id,
            session.subject,
            session.refresh_id,
            microseconds(session.created_at),
            session.last_used_at,
            session.expires_at,
            session.idle_expires_at,
            session.label,
        )

    def _insert(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        for batch in batches(rows):
            with self._raw:
                self._raw.executemany(sql, batch)


def quicken(connection: sqlite3.Connection) -> None:
    """Let a connection that only fills not wait for the disk, and have room."""
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -1000000")  # kB


def batches(rows: Iterable[T]) -> Iterator[list[T]]:
    """Return *rows* in lists that fit well into one transaction."""
    rest = iter(rows)
    while batch := list(itertools.islice(rest, _BATCH)):
        yield batch
