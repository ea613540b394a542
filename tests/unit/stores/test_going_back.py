"""An SQLite file that is replaced by an older copy of it is noticed."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from jwtpolicy.stores import SQLiteStore
from jwtpolicy.stores.sqlite_connections import RECENT
from jwtpolicy.testing.token_store import NOW, SESSION, adoptable, standing
from jwtpolicy.tokens.status import TokenStatus
from tests.support.clocks import StandingClock
from tests.support.stores.going_back import LATER, Copies, GoingBack, forget_to_wait

Make = Callable[[], SQLiteStore]


class Files:
    """Copies of a file, which are moved to its name under a process that goes on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.copy = path.with_name("copy")

    def save(self) -> None:
        with (
            closing(sqlite3.connect(self.path)) as source,
            closing(sqlite3.connect(self.copy)) as c,
        ):
            source.backup(c)

    def restore(self) -> None:
        for suffix in ("-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        shutil.copy(self.copy, self.path.with_name("new"))
        self.path.with_name("new").rename(self.path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.sqlite3"


@pytest.fixture
def make(path: Path, clock: StandingClock) -> Iterator[Make]:
    with ExitStack() as stack:

        def make() -> SQLiteStore:
            store = SQLiteStore(path, lost="deny", clock=clock)
            stack.callback(store.close)
            return store

        yield make


class FilesAtOnce(Files):
    """The same, without the second in which a process goes on with the old one."""

    def __init__(self, path: Path, stores: list[SQLiteStore]) -> None:
        super().__init__(path)
        self._stores = stores

    def restore(self) -> None:
        for store in self._stores:
            store.close()
        super().restore()


class TestSQLite(GoingBack):
    # All who use a file are on one machine, and the application's clock alone says when its memory
    # begins.
    test_a_clock_that_is_ahead_locks_nobody_out = None  # type: ignore[assignment]

    @pytest.fixture
    def copies(self, path: Path, store: SQLiteStore) -> Copies:
        return FilesAtOnce(path, [store])

    def test_nothing_old_is_adopted(self, store: SQLiteStore, copies: Copies) -> None:
        """It asks in the transaction that opens the session."""
        token, session = adoptable(store)
        copies.save()
        forget_to_wait(store)
        store.consume(token, expires_at=None, now=NOW)
        copies.restore()

        assert store.adopt(token, session, token_expires_at=None) is None
        late = token._replace(issued_at=LATER + 1)
        assert store.adopt(late, session, token_expires_at=None) == session


def test_a_file_of_before_learns_to_say_it(path: Path, make: Make, clock: StandingClock) -> None:
    """Version 2 began without the table; nothing is refused by its coming."""
    clock.now = NOW - 10
    with closing(make()) as before:
        before.open_session(SESSION)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("DROP TABLE jwtpolicy_memory")

    assert standing(make()) is TokenStatus.GOOD


def test_by_default_an_older_copy_is_believed(path: Path) -> None:
    store, copies = SQLiteStore(path), Files(path)
    store.open_session(SESSION)
    copies.save()
    store.revoke_session("", "s1", now=NOW)
    store.close()
    copies.restore()

    assert standing(store) is TokenStatus.GOOD
    store.close()


def test_a_file_that_is_moved_away_is_as_one_that_was_deleted(path: Path, make: Make) -> None:
    """By ``mv`` under running workers; and without its log it lacks what was said last."""
    one, other = make(), make()
    one.revoke_session("", "s1", now=NOW)
    assert standing(other) is TokenStatus.REVOKED
    path.rename(path.with_name("moved"))
    one.revoke_session("", "s2", now=NOW)
    time.sleep(RECENT)
    assert {standing(one, session_id="s2"), standing(other, session_id="s2")} == {
        TokenStatus.REVOKED
    }

    with closing(sqlite3.connect(path.with_name("moved"))) as raw:
        assert raw.execute("SELECT count(*) FROM jwtpolicy_sessions").fetchone() == (0,)
