"""Keep what can be measured: a store, how it is filled in bulk, and what it weighs."""

from __future__ import annotations

import gc
import itertools
import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from jwtpolicy.stores import CachedStore, MemoryStore, TokenStore
from jwtpolicy.stores.base import SessionRecord, microseconds
from jwtpolicy.stores.caching import MAX_SECONDS
from tests import services

from . import sample
from .clients import opened

T = TypeVar("T")


class Place(ABC):
    """A store that is filled, measured and thrown away.

    Attributes:
        name: What it is called on the command line.
        title: How readers know it.
        url: What other processes open it by; empty where they cannot.
        store: The store.
        near: A store that answers from its memory what it asked this one before, and its title.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    url: str = ""
    store: TokenStore
    _server: Any = None
    near: tuple[str, TokenStore] | None = None

    @abstractmethod
    def revoke(self, numbers: range) -> None:
        """Revoke tokens, in bulk."""

    @abstractmethod
    def log_in(self, numbers: range) -> None:
        """Open sessions, in bulk."""

    @abstractmethod
    def weight(self) -> int:
        """Return the bytes of memory or disk that it takes now."""

    def settle(self) -> None:  # noqa: B027 # most have nothing to do
        """Do what a server does by itself some time after so much was written."""

    def server(self) -> int | None:
        """Return the process id of its server, or None without one."""
        return self._server._process.pid if self._server else None

    def version(self) -> str:
        """Return the name and version of its server, or nothing without one."""
        return ""

    def remove(self) -> None:
        """End it, and remove its files."""
        for store in (self.store, *(self.near or ())[1:]):
            store.close()
        if self._server:
            self._server.remove()


class MemoryPlace(Place):
    """`MemoryStore`, weighed by what the process grows."""

    name, title = "memory", "``MemoryStore``"

    def __init__(self, _folder: Path) -> None:
        self.store = self._memory = MemoryStore()
        self.near = "any, :data:`JWT_STORE_CACHE_SECONDS`", CachedStore(self.store, MAX_SECONDS)

    def revoke(self, numbers: range) -> None:
        until = sample.NOW + sample.DAY
        for number in numbers:
            self._memory._tokens["", sample.revoked_id(number)] = (True, until)

    def log_in(self, numbers: range) -> None:
        for number in numbers:
            self._memory._put(SessionRecord(sample.session(self.store, number)))

    def weight(self) -> int:
        gc.collect()
        pages = Path("/proc/self/statm")
        if not pages.exists():
            return 0
        return int(pages.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


class SQLitePlace(Place):
    """`SQLiteStore`."""

    name, title = "sqlite", "``SQLiteStore``"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "store.sqlite3"
        self.url = f"sqlite:///{self._path}"
        self.store = opened(self.url)
        self.store.sessions("", "", now=sample.NOW)  # makes the tables
        self._raw = sqlite3.connect(self._path)
        quicken(self._raw)

    def revoke(self, numbers: range) -> None:
        until = sample.NOW + sample.DAY
        rows = (("", sample.revoked_id(number), 1, until) for number in numbers)
        self._insert("jwtpolicy_tokens VALUES (?, ?, ?, ?)", rows)

    def log_in(self, numbers: range) -> None:
        columns = (
            "issuer session_id subject refresh_id last_used_at expires_at idle_expires_at label"
        )
        names = ["created_us", *columns.split()]
        rows = (asdict(sample.session(self.store, number)) for number in numbers)
        timed = ({**row, "created_us": microseconds(row["created_at"])} for row in rows)
        self._insert(
            f"jwtpolicy_sessions ({', '.join(names)}) VALUES (:{', :'.join(names)})", timed
        )

    def weight(self) -> int:
        self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return self._path.stat().st_size

    def remove(self) -> None:
        self._raw.close()
        super().remove()

    def _insert(self, into: str, rows: Iterable[Any]) -> None:
        for batch in batches(rows):
            with self._raw:
                self._raw.executemany(f"INSERT INTO {into}", batch)


def quicken(connection: sqlite3.Connection) -> None:
    """Let a connection that only fills not wait for the disk, and have room."""
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -1000000")  # kB


def batches(rows: Iterable[T]) -> Iterator[list[T]]:
    """Return *rows* in lists that fit well into one transaction."""
    rest = iter(rows)
    while batch := list(itertools.islice(rest, 5_000)):
        yield batch


def binaries(service: str) -> str:
    """Return where a server's programs are.

    Raises:
        LookupError: They are nowhere, or the environment names a server that is not ours to fill.
    """
    found = services.FINDERS[service]()
    if found is None or "://" in found:
        msg = f"{service}: no program to start ({found or 'not found'})"
        raise LookupError(msg)
    return found
