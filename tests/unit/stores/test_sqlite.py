from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest

from jwtpolicy.exceptions import ConfigurationError, StoreUnavailableError
from jwtpolicy.stores import Rotation, RotationState, SQLiteStore, TokenStore
from jwtpolicy.testing.token_store import (
    DAY,
    LEEWAY,
    NOW,
    SESSION,
    TokenStoreContract,
    adoptable,
    present,
    ref,
    refresh_standing,
    replace_by,
    rotate,
    standing,
)
from jwtpolicy.tokens.status import TokenStatus
from tests.support.stores.traffic import ENOUGH, TRAFFIC, prune_beside_traffic

PROCESSES = 4
LOOK_UPS = [SQLiteStore("x.db", lost=lost) for lost in ("accept", "deny")]
#: Its processes come from one that has imported this module, and nothing else of the tests' own.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload([__name__])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "instance" / "tokens.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteStore]:
    store = SQLiteStore(path, timeout=30)
    yield store
    store.close()


@pytest.fixture
def raw(path: Path, store: SQLiteStore) -> Iterator[sqlite3.Connection]:
    """A connection of somebody else's to the store's file."""
    store.prune(now=NOW)
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


class TestSQLiteStore(TokenStoreContract):
    @pytest.fixture
    def store(self, path: Path) -> Iterator[SQLiteStore]:
        store = SQLiteStore(path, timeout=30)
        yield store
        store.close()


def race(path: Path, function: Callable[[TokenStore, str], Any]) -> list[Any]:
    """Call *function* at the same time in several new processes."""
    barrier, results = SERVER.Barrier(PROCESSES, timeout=60), SERVER.SimpleQueue()
    processes = [
        SERVER.Process(target=run_racer, args=(path, function, f"p{n}", barrier, results))
        for n in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(90)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    return [results.get() for _ in processes]


def run_racer(
    path: Path, function: Callable[..., Any], name: str, barrier: Barrier, results: Any
) -> None:
    store = SQLiteStore(path, timeout=30)
    barrier.wait()
    results.put(function(store, name))
    store.close()


def consume_twenty(store: TokenStore, name: str) -> list[bool]:
    return [store.consume(ref(f"a{n}"), expires_at=None, now=NOW) for n in range(20)]


def rotate_once(store: TokenStore, name: str) -> str:
    return rotate(store, "r1", f"r2-{name}", grace=10, kept=b"pair").state.value


def test_of_many_processes_one_consumes(path: Path) -> None:
    """They race for making the file, too."""
    consumed = race(path, consume_twenty)

    assert [sum(column) for column in zip(*consumed, strict=True)] == [1] * 20


def test_of_many_processes_one_rotates(path: Path, store: SQLiteStore) -> None:
    """REF-1."""
    store.open_session(SESSION)
    states = race(path, rotate_once)

    assert sorted(states) == ["repeated"] * (PROCESSES - 1) + ["rotated"]
    assert standing(store) is TokenStatus.GOOD


def test_what_one_store_revokes_another_knows_at_once(path: Path, store: SQLiteStore) -> None:
    """REV-1."""
    other = SQLiteStore(path)
    assert standing(other) is TokenStatus.GOOD
    store.revoke_token(ref(), expires_at=None, now=NOW)

    assert standing(other) is TokenStatus.REVOKED
    assert store.is_shared
    other.close()


START = f"""
import sys
from jwtpolicy.stores import SQLiteStore, TokenRef
store = SQLiteStore(sys.argv[1])
revoke = lambda jti: store.revoke_token(TokenRef("", "alice", jti), expires_at=None, now={NOW})
"""
WRITE_WITHOUT_END = """
for n in range(10**9):
    revoke(f"a{n}")
    print(f"a{n}", flush=True)
"""
STOP_WITHIN_A_WRITE = f"""
revoke("a0")
def change(connection):
    connection.execute("INSERT INTO jwtpolicy_tokens VALUES ('', 'a1', 1, {NOW + DAY})")
    connection.execute("UPDATE jwtpolicy_sessions SET is_ended = 1")
    print("written", flush=True)
    sys.stdin.read()
store._change({NOW}, change)
"""


def kill_after(lines: int, script: str, path: Path) -> list[str]:
    """Run *script*, ``kill -9`` it after it printed that many lines, and return them."""
    command = [sys.executable, "-c", START + script, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        printed = [process.stdout.readline().strip() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    return printed


def test_what_was_answered_outlives_a_kill(path: Path, store: SQLiteStore) -> None:
    """REV-1."""
    revoked = kill_after(30, WRITE_WITHOUT_END, path)

    assert revoked[-1] == "a29"
    assert {standing(store, token_id=jti) for jti in revoked} == {TokenStatus.REVOKED}
    assert standing(store, token_id="never") is TokenStatus.GOOD


def test_half_a_write_is_none(path: Path, store: SQLiteStore) -> None:
    """REF-7."""
    store.open_session(SESSION)
    assert kill_after(1, STOP_WITHIN_A_WRITE, path) == ["written"]

    assert standing(store, token_id="a0") is TokenStatus.REVOKED
    assert standing(store, token_id="a1") is TokenStatus.GOOD
    assert rotate(store, "r1", "r2").state is RotationState.ROTATED


def ask_everything(store: TokenStore) -> Iterator[Callable[[], Any]]:
    yield lambda: standing(store)
    yield lambda: refresh_standing(store, "r1")
    yield lambda: present(store, "r1")
    yield lambda: store.prunable(now=NOW)
    yield lambda: store.session("", "s1", now=NOW)
    yield lambda: store.sessions("", "alice", now=NOW)


def write_everything(store: TokenStore) -> Iterator[Callable[[], Any]]:
    yield lambda: store.open_session(SESSION)
    yield lambda: rotate(store, "r1", "r2")
    yield lambda: store.revoke_token(ref(), expires_at=None, now=NOW)
    yield lambda: store.adopt(adoptable(store)[0], adoptable(store)[1], token_expires_at=None)
    yield lambda: replace_by(store, "r1", "r2")
    yield lambda: store.touch("", "s1", now=NOW, idle_expires_at=None)
    yield lambda: store.revoke_session("", "s1", now=NOW)
    yield lambda: store.revoke_subject("", "alice", now=NOW, until=NOW)
    yield lambda: store.end_others("", "alice", None, now=NOW)
    yield lambda: store.consume(ref(), expires_at=None, now=NOW)
    yield lambda: store.prune(now=NOW)


def assert_unavailable(*calls: Callable[[], Any]) -> None:
    for call in calls:
        with pytest.raises(StoreUnavailableError) as caught:
            call()
        assert caught.value.retry_after is not None
        assert isinstance(caught.value.__cause__, sqlite3.Error | OSError)


def test_a_locked_file_can_be_read_and_not_written(path: Path, raw: sqlite3.Connection) -> None:
    impatient = SQLiteStore(path, timeout=0)
    raw.execute("BEGIN IMMEDIATE")

    assert_unavailable(*write_everything(impatient))
    assert standing(impatient) is TokenStatus.GOOD

    raw.execute("ROLLBACK")
    assert impatient.consume(ref(), expires_at=None, now=NOW)
    impatient.close()


def test_a_new_file_that_somebody_locked_is_unavailable(path: Path) -> None:
    path.parent.mkdir()
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("BEGIN EXCLUSIVE")
    impatient = SQLiteStore(path, timeout=0.02)

    assert_unavailable(lambda: standing(impatient))

    raw.close()
    assert standing(impatient) is TokenStatus.GOOD
    impatient.close()


def test_a_corrupt_file_is_unavailable(path: Path, store: SQLiteStore) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is not a database " * 100)

    assert_unavailable(*ask_everything(store), *write_everything(store))

    path.unlink()
    assert standing(store) is TokenStatus.GOOD


def test_a_file_that_is_damaged_later_is_unavailable(path: Path, store: SQLiteStore) -> None:
    store.revoke_token(ref(), expires_at=None, now=NOW)
    store.close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))

    assert_unavailable(lambda: standing(store))

    path.write_bytes(content)
    assert standing(store) is TokenStatus.REVOKED


def test_a_table_that_is_missing_is_unavailable(
    store: SQLiteStore, raw: sqlite3.Connection
) -> None:
    raw.execute("DROP TABLE jwtpolicy_tokens")

    assert_unavailable(
        lambda: standing(store), lambda: store.consume(ref(), expires_at=None, now=NOW)
    )
    assert store.sessions("", "alice", now=NOW) == []


def test_a_failed_write_leaves_nothing(store: SQLiteStore, raw: sqlite3.Connection) -> None:
    """REF-7."""
    store.open_session(SESSION)
    raw.execute(
        "CREATE TRIGGER broken AFTER UPDATE ON jwtpolicy_sessions"
        " BEGIN SELECT raise(FAIL, 'disk on fire'); END"
    )
    assert_unavailable(
        lambda: rotate(store, "r1", "r2"),
        lambda: store.revoke_subject("", "alice", now=NOW, until=NOW + DAY),
    )

    raw.execute("DROP TRIGGER broken")
    assert standing(store, session_id=None) is TokenStatus.GOOD
    assert rotate(store, "r1", "r2").state is RotationState.ROTATED


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("file/tokens.sqlite3", id="folder is a file"),
        pytest.param("folder", id="file is a folder"),
        pytest.param("long" * 100, id="name too long"),
    ],
)
def test_a_path_that_cannot_be_opened_is_unavailable(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    store = SQLiteStore(tmp_path / name)

    assert_unavailable(*ask_everything(store), *write_everything(store))


def test_a_foreign_error_inside_a_write_passes_and_undoes_it(store: SQLiteStore) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO jwtpolicy_tokens VALUES ('', 'a1', 1, 2)")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store._change(NOW, fail)
    assert standing(store) is TokenStatus.GOOD
    assert store.consume(ref(), expires_at=None, now=NOW)


def test_only_its_owner_may_read_the_file(path: Path, store: SQLiteStore) -> None:
    store.revoke_token(ref(), expires_at=None, now=NOW)
    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}

    assert modes == {0o600}
    assert len(list(path.parent.iterdir())) == 3  # the log and its index are there too


def test_writes_are_on_the_disk_before_they_are_answered(store: SQLiteStore) -> None:
    with store._connections.lease() as connection:
        journal = connection.execute("PRAGMA journal_mode").fetchone()
        synchronous = connection.execute("PRAGMA synchronous").fetchone()

    assert (journal, synchronous) == (("wal",), (2,))


@pytest.mark.parametrize(
    "sql", [sql for one in LOOK_UPS for sql in (one._standing, one._known_sql)]
)
def test_a_look_up_uses_keys_only(raw: sqlite3.Connection, sql: str) -> None:
    values = ("", "a1", "", "s1", "", "alice")
    plan = raw.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
    steps = [row[3] for row in plan if "PRIMARY KEY" in row[3]]

    assert len(steps) == 3
    assert all("SEARCH" in step for step in steps)


def test_the_tables_live_beside_the_applications_own(path: Path, store: SQLiteStore) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as application:
        application.execute("CREATE TABLE sessions (id)")
        application.execute("INSERT INTO sessions VALUES (7)")
    store.open_session(SESSION)

    assert application.execute("SELECT id FROM sessions").fetchall() == [(7,)]
    assert standing(store) is TokenStatus.GOOD
    application.close()


def test_a_kept_pair_is_erased_by_the_first_write_after_its_grace(
    store: SQLiteStore, raw: sqlite3.Connection
) -> None:
    """REF-4: it is kept for the grace only."""
    kept = "SELECT kept FROM jwtpolicy_sessions"
    store.open_session(SESSION)
    rotate(store, "r1", "r2", grace=10, kept=b"pair")
    store.consume(ref("x1"), expires_at=None, now=NOW + 9)
    assert raw.execute(kept).fetchone() == (b"pair",)

    store.consume(ref("x2"), expires_at=None, now=NOW + 10)
    assert raw.execute(kept).fetchone() == (None,)


def test_pruning_takes_more_than_one_step(store: SQLiteStore, raw: sqlite3.Connection) -> None:
    rows = [("", f"a{n}", NOW) for n in range(2500)]
    raw.execute("BEGIN")
    raw.executemany("INSERT INTO jwtpolicy_tokens VALUES (?, ?, 1, ?)", rows)
    raw.execute("COMMIT")

    assert store.prune(now=NOW + LEEWAY) == 2500
    assert raw.execute("SELECT count(*) FROM jwtpolicy_tokens").fetchone() == (0,)


def test_nothing_is_left_of_what_was_pruned(store: SQLiteStore, raw: sqlite3.Connection) -> None:
    store.open_session(replace(SESSION, idle_expires_at=None))
    store.revoke_subject("", "alice", now=NOW, until=NOW + DAY)
    store.revoke_token(ref(), expires_at=NOW + DAY, now=NOW)

    assert store.prune(now=SESSION.expires_at + LEEWAY) == 3
    for table in ("tokens", "sessions", "subjects"):
        count = f"SELECT count(*) FROM jwtpolicy_{table}"
        assert raw.execute(count).fetchone() == (0,)


def test_pruning_beside_live_traffic_loses_nothing_that_is_live(
    store: SQLiteStore, raw: sqlite3.Connection
) -> None:
    """REV-1: and leaves nothing that is over."""
    store.revoke_token(ref("forever"), expires_at=None, now=NOW)
    checked, removed = prune_beside_traffic(store)

    assert checked >= TRAFFIC
    assert removed >= ENOUGH
    assert standing(store, token_id="forever") is TokenStatus.REVOKED
    left = "SELECT token_id FROM jwtpolicy_tokens UNION ALL SELECT session_id"
    assert raw.execute(f"{left} FROM jwtpolicy_sessions").fetchall() == [("forever",)]


def modes(path: Path) -> dict[str, int]:
    return {
        file.name.removeprefix(path.name): stat.S_IMODE(file.stat().st_mode)
        for file in path.parent.iterdir()
    }


PRIVATE = {"": 0o600, "-wal": 0o600, "-shm": 0o600}


@pytest.mark.parametrize("suffixes", [("",), ("", "-wal", "-shm")])
def test_a_file_that_somebody_else_made_is_closed_to_others(
    path: Path, store: SQLiteStore, suffixes: tuple[str, ...]
) -> None:
    path.parent.mkdir()
    for suffix in suffixes:
        (file := path.with_name(path.name + suffix)).touch()
        file.chmod(0o644)
    store.revoke_token(ref(), expires_at=None, now=NOW)

    assert modes(path) == PRIVATE


def test_a_file_in_use_is_closed_to_others_and_keeps_its_locks(
    path: Path, store: SQLiteStore
) -> None:
    """As an older version of the library left it; its workers have the log open."""
    other = SQLiteStore(path)
    store.revoke_token(ref(), expires_at=None, now=NOW)
    for file in path.parent.iterdir():
        file.chmod(0o644)
    with store._connections.lease() as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert standing(other) is TokenStatus.REVOKED
        assert modes(path) == PRIVATE
        assert kill_after(1, IS_LOCKED, path) == ["locked"]
        connection.execute("ROLLBACK")
    other.close()


IS_LOCKED = """
import sqlite3
try:
    sqlite3.connect(sys.argv[1], timeout=0).execute("BEGIN IMMEDIATE")
    print("free", flush=True)
except sqlite3.OperationalError:
    print("locked", flush=True)
sys.stdin.read()
"""


def test_the_file_behind_a_link_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real" / "x.db")
    (tmp_path / "real").mkdir()
    store = SQLiteStore(tmp_path / "link")
    store.revoke_token(ref(), expires_at=None, now=NOW)

    assert modes(tmp_path / "real" / "x.db") == PRIVATE
    store.close()


def test_a_file_is_made_where_there_are_no_links(
    monkeypatch: pytest.MonkeyPatch, path: Path, store: SQLiteStore
) -> None:
    def fail(*names: str) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", fail)
    store.revoke_token(ref(), expires_at=None, now=NOW)

    assert modes(path) == PRIVATE


def test_a_file_of_somebody_elses_is_used_and_told_of(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    path: Path,
    store: SQLiteStore,
) -> None:
    def fail(*names: str) -> None:
        raise PermissionError(1, "not yours")

    path.parent.mkdir()
    path.touch(0o640)
    monkeypatch.setattr(os, "chmod", fail)

    assert standing(store) is TokenStatus.GOOD
    assert f"others may read {path}" in caplog.messages[0]


def replace_file(path: Path) -> None:
    """Put a new file in the place of that of a store, as whoever plays a backup back does."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    other = SQLiteStore(path.with_name("backup"))
    other.open_session(SESSION)
    other.close()
    path.with_name("backup").rename(path)


def test_a_write_into_a_file_that_was_replaced_is_done_again(
    path: Path, store: SQLiteStore
) -> None:
    """REV-1, K16: what was answered is in the file that all others open."""
    store.revoke_token(ref("a9"), expires_at=None, now=NOW)
    replace_file(path)
    store.revoke_token(ref(), expires_at=None, now=NOW)
    other = SQLiteStore(path)

    assert standing(other) is TokenStatus.REVOKED
    assert standing(store, token_id="a9") is TokenStatus.GOOD
    assert rotate(store, "r1", "r2").state is RotationState.ROTATED
    assert refresh_standing(other, "r1") is TokenStatus.CONSUMED
    other.close()


def test_a_deleted_file_is_made_again_by_the_next_write(path: Path, store: SQLiteStore) -> None:
    store.open_session(SESSION)
    path.unlink()

    store.revoke_token(ref(), expires_at=None, now=NOW)
    assert path.exists()
    assert store.session("", "s1", now=NOW) is None
    assert standing(store) is TokenStatus.REVOKED


def test_a_file_without_end_of_replacements_is_unavailable(path: Path, store: SQLiteStore) -> None:
    standing(store)

    with pytest.raises(StoreUnavailableError, match="replaced again and again"):
        store._change(NOW, lambda connection: path.unlink())
    assert standing(store) is TokenStatus.GOOD


class TestLost:
    """What ``JWT_STORE_LOST`` does about a file that was deleted."""

    @pytest.fixture
    def clock(self) -> list[float]:
        return [NOW - 10.0]

    @pytest.fixture
    def store(self, path: Path, clock: list[float]) -> Iterator[SQLiteStore]:
        store = SQLiteStore(path, lost="deny", clock=lambda: clock[0])
        yield store
        store.close()

    def lose(self, path: Path, store: SQLiteStore, clock: list[float]) -> None:
        store.open_session(SESSION)
        store.close()
        path.unlink()
        clock[0] = NOW + 0.5

    def test_tokens_from_before_are_refused(
        self, path: Path, store: SQLiteStore, clock: list[float]
    ) -> None:
        """REV-1: they may have been revoked."""
        assert standing(store) is TokenStatus.GOOD
        self.lose(path, store, clock)

        assert standing(store) is TokenStatus.REVOKED
        assert standing(store, issued_at=NOW + 0.9) is TokenStatus.REVOKED
        assert standing(store, session_id=None) is TokenStatus.REVOKED
        assert standing(store, session_id=None, issued_at=NOW + 1) is TokenStatus.GOOD
        assert standing(store, session_id=None, issued_at=NOW + 1, leeway=1) is TokenStatus.REVOKED
        assert refresh_standing(store, "r1") is TokenStatus.REVOKED

    def test_a_session_that_is_known_since_lives(
        self, path: Path, store: SQLiteStore, clock: list[float]
    ) -> None:
        self.lose(path, store, clock)
        store.open_session(replace(SESSION, session_id="s2"))

        assert standing(store, session_id="s2") is TokenStatus.GOOD
        assert refresh_standing(store, "r1", session_id="s2") is TokenStatus.GOOD

    def test_a_refresh_token_from_before_opens_nothing(
        self, path: Path, store: SQLiteStore, clock: list[float]
    ) -> None:
        self.lose(path, store, clock)
        token, session = adoptable(store)

        assert store.standing(token, now=NOW) is TokenStatus.REVOKED
        assert store.adopt(token, session, token_expires_at=None) is None
        late = token._replace(issued_at=NOW + 1)
        assert store.adopt(late, session, token_expires_at=None) == session

    def test_a_later_cut_off_holds(self, store: SQLiteStore) -> None:
        """REF-6."""
        store.revoke_subject("", "alice", now=NOW, until=NOW + DAY)

        assert standing(store, session_id=None) is TokenStatus.REVOKED
        assert standing(store, session_id=None, subject="bob") is TokenStatus.GOOD

    def test_by_default_they_pass(self, path: Path, store: SQLiteStore, clock: list[float]) -> None:
        self.lose(path, store, clock)
        other = SQLiteStore(path)

        assert standing(other) is TokenStatus.GOOD
        other.close()

    def test_denying_may_begin_later(self, path: Path, clock: list[float]) -> None:
        """Memory begins with the file, and not with the setting."""
        before = SQLiteStore(path, clock=lambda: clock[0])
        before.revoke_token(ref("a9"), expires_at=None, now=NOW)
        before.close()
        clock[0] = NOW + DAY
        after = SQLiteStore(path, lost="deny", clock=lambda: clock[0])

        assert standing(after) is TokenStatus.GOOD
        assert standing(after, "a9") is TokenStatus.REVOKED
        after.close()

    def test_a_file_that_does_not_say_admits_nothing(self, path: Path, store: SQLiteStore) -> None:
        assert standing(store) is TokenStatus.GOOD
        with sqlite3.connect(path) as raw:
            raw.execute("DELETE FROM jwtpolicy_file")
        raw.close()

        assert standing(store) is TokenStatus.REVOKED

    def test_another_word_is_refused(self, path: Path) -> None:
        with pytest.raises(ConfigurationError, match="'accept' or 'deny', not 'maybe'"):
            SQLiteStore(path, lost="maybe")


def test_a_clock_that_is_ahead_erases_and_prunes_nothing_too_early(store: SQLiteStore) -> None:
    """REV-1: eight days, and the others still need what is there."""
    now = int(time.time())
    ahead = now + 8 * DAY
    login = replace(SESSION, created_at=now, last_used_at=now, idle_expires_at=None)
    store.open_session(replace(login, expires_at=now + DAY))
    rotate(store, "r1", "r2", now=now, idle_expires_at=None, grace=60, kept=b"pair")
    store.revoke_token(ref("a9"), expires_at=now + DAY, now=ahead)
    store.revoke_session("", "s2", now=ahead, until=now + DAY)

    assert store.prunable(now=ahead) == 0
    assert store.prune(now=ahead) == 0
    assert standing(store, "a9", now=now) is TokenStatus.REVOKED
    assert standing(store, session_id="s2", now=now) is TokenStatus.REVOKED
    assert present(store, "r1", now=now) == Rotation(RotationState.REPEATED, b"pair")
