from __future__ import annotations

import gc
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from jwtpolicy.connections import forks
from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores import SQLiteStore
from jwtpolicy.stores import sqlite_connections as module
from jwtpolicy.stores.sqlite_connections import Connections, Lease
from jwtpolicy.testing.token_store import NOW, all_at_once, ref, standing
from jwtpolicy.tokens.status import TokenStatus
from tests.support.stores.forking import fork_in_c, held, leave_with, wrongs_on_both_sides

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteStore]:
    store = SQLiteStore(tmp_path / "tokens.sqlite3", timeout=30)
    yield store
    store.close()


def open_in_memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", check_same_thread=False)


def is_closed(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return True
    return False


def connection_of(lease: Lease) -> sqlite3.Connection:
    with lease as connection:
        return connection


def test_a_thread_keeps_its_connection() -> None:
    connections = Connections(open_in_memory)

    assert connection_of(connections.lease()) is connection_of(connections.lease())
    connections.close()


def test_each_thread_has_its_own() -> None:
    connections = Connections(open_in_memory)
    barrier = threading.Barrier(4, timeout=30)

    def own(_: int) -> int:
        with connections.lease() as connection:
            barrier.wait()
            return id(connection)

    assert len(set(all_at_once(4, own))) == 4


def test_threads_may_be_first_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one looks for what came through a fork, the other has its lease already."""
    connections, kept = Connections(open_in_memory), []
    other = threading.Thread(target=lambda: kept.append(connections.lease()))

    def is_poison(_: Lease) -> bool:
        if other.ident is None:
            other.start()
            other.join(0.3)  # it may have to wait
        return False

    kept.append(connections.lease())
    monkeypatch.setattr(Lease, "is_poison", property(is_poison))
    assert not connections._begin().is_poisoned
    other.join(30)
    assert len(kept) == 2


def test_a_connection_is_closed_with_its_thread() -> None:
    connections = Connections(open_in_memory)
    (connection,) = all_at_once(1, lambda _: connection_of(connections.lease()))
    gc.collect()

    assert is_closed(connection)
    assert not connections._leases().all


def test_closing_reaches_the_connections_of_all_threads() -> None:
    connections = Connections(open_in_memory)
    opened, done = threading.Event(), threading.Event()
    found: list[sqlite3.Connection] = []

    def run() -> None:
        found.append(connection_of(connections.lease()))
        opened.set()
        done.wait(30)

    thread = threading.Thread(target=run)
    thread.start()
    opened.wait(30)
    connections.close()
    assert is_closed(found[0])

    done.set()
    thread.join(30)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(sqlite3.OperationalError("full"), StoreUnavailableError, id="SQLite's"),
        pytest.param(PermissionError("no"), StoreUnavailableError, id="file system's"),
        pytest.param(KeyboardInterrupt(), KeyboardInterrupt, id="other"),
    ],
)
def test_a_lease_that_cannot_open_is_free_again(
    error: BaseException, expected: type[BaseException]
) -> None:
    def fail() -> sqlite3.Connection:
        raise error

    lease = Lease(fail)
    with pytest.raises(expected), lease:
        pass

    assert all_at_once(1, lambda _: lease._lock.acquire(blocking=False)) == [True]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(sqlite3.DatabaseError("bad"), StoreUnavailableError, id="SQLite's"),
        pytest.param(ZeroDivisionError(), ZeroDivisionError, id="other"),
    ],
)
def test_an_error_closes_the_connection_and_the_next_use_opens_another(
    error: Exception, expected: type[Exception]
) -> None:
    lease = Lease(open_in_memory)
    before = connection_of(lease)
    with pytest.raises(expected), lease:
        raise error

    assert is_closed(before)
    assert not is_closed(connection_of(lease))


def in_child(function: Callable[[], object]) -> str:
    """Fork, call *function* in the child, and return the ``repr`` of what it returns."""
    reader, writer = os.pipe()
    if (pid := os.fork()) == 0:
        try:
            os.write(writer, repr(function()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = pipe.read()
    os.waitpid(pid, 0)
    return answer


@needs_fork
def test_no_connection_is_open_while_python_forks(store: SQLiteStore) -> None:
    store.revoke_token(ref(), expires_at=None, now=NOW)
    lease = store._connections.lease()

    assert lease._connection is not None
    assert in_child(lambda: lease._connection) == "None"
    assert standing(store) is TokenStatus.REVOKED


@needs_fork
def test_parent_and_child_see_each_others_writes(store: SQLiteStore) -> None:
    store.revoke_token(ref(), expires_at=None, now=NOW)

    def child() -> object:
        store.revoke_token(ref("a2"), expires_at=None, now=NOW)
        return standing(store).name

    assert in_child(child) == "'REVOKED'"
    assert standing(store, token_id="a2") is TokenStatus.REVOKED


LAST_ONE_OUT = f"""
import os, sys
from jwtpolicy.connections import forks
from jwtpolicy.stores import SQLiteStore, TokenRef

def ask(jti):
    return store.standing(TokenRef("", "alice", jti), now={NOW}).name

store = SQLiteStore(sys.argv[1])
store.revoke_token(TokenRef("", "alice", "a1"), expires_at=None, now={NOW})
(to_child, from_parent), (to_parent, from_child) = os.pipe(), os.pipe()
if os.fork() == 0:
    ask("a1")                        # the child's own connection is open
    os.write(from_child, b".")
    os.read(to_child, 1)
    store.revoke_token(TokenRef("", "alice", "a2"), expires_at=None, now={NOW})
    os._exit(0)
os.read(to_parent, 1)
ask("a1")
store.close()                        # SQLite removes the log, unless the child's locks are real
os.write(from_parent, b".")
os.wait()
print(ask("a1"), ask("a2"), ask("a3"))
"""

FORK_UNDER_FIRE = f"""
import os, sys, threading
from jwtpolicy.connections import forks
from jwtpolicy.stores import SQLiteStore, TokenRef

def write(done, name):
    n = 0
    while not done.is_set():
        store.revoke_token(TokenRef("", "alice", f"{{name}}{{n}}"), expires_at=None, now={NOW})
        n += 1

def child(name):
    store.revoke_token(TokenRef("", "alice", name), expires_at=None, now={NOW})
    os._exit(0)

def fork_under_fire(name):
    done = threading.Event()
    threads = [threading.Thread(target=write, args=[done, f"{{name}}-{{n}}-"]) for n in range(2)]
    for thread in threads:
        thread.start()
    if (pid := os.fork()) == 0:
        child(name)
    done.set()
    for thread in threads:
        thread.join()
    return os.waitpid(pid, 0)[1]

def ask(name):
    return store.standing(TokenRef("", "alice", name), now={NOW}).name

store = SQLiteStore(sys.argv[1], timeout=30)
names = [f"child{{n}}" for n in range(20)]
print({{fork_under_fire(name) for name in names}}, {{ask(name) for name in names}})
"""


def run(script: str, path: Path) -> str:
    # Python 3.12 and later warn of forks under threads; that is what is tried here.
    command = [sys.executable, "-W", "ignore", "-c", script, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    return done.stdout.strip()


@needs_fork
def test_a_child_loses_no_write_when_its_parent_leaves(tmp_path: Path) -> None:
    assert run(LAST_ONE_OUT, tmp_path / "tokens.sqlite3") == "REVOKED REVOKED GOOD"


@needs_fork
def test_forking_while_threads_write_breaks_nothing(tmp_path: Path) -> None:
    assert run(FORK_UNDER_FIRE, tmp_path / "tokens.sqlite3") == "{0} {'REVOKED'}"


def test_a_lease_lets_whoever_forks_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[str] = []

    @contextmanager
    def registering() -> Iterator[None]:
        waited.append("for the fork")
        yield

    monkeypatch.setattr(module, "_registering", registering)
    lease = Lease(open_in_memory)
    connection_of(lease)
    assert waited == []

    monkeypatch.setattr(module, "_HELD", [lease])
    connection_of(lease)
    assert waited == ["for the fork"]


def test_a_lease_that_dies_in_a_child_closes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "_ABANDONED", [])
    lease, unused = Lease(open_in_memory), Lease(open_in_memory)
    inherited = connection_of(lease)
    monkeypatch.setattr(forks, "_getpid", lambda: -1)
    del lease, unused
    gc.collect()

    assert [inherited] == forks._ABANDONED
    assert not is_closed(inherited)
    inherited.close()


@needs_fork
def test_both_sides_of_a_fork_in_c_refuse_what_they_revoke(tmp_path: Path) -> None:
    """REV-1: a store that was not used before."""
    store = SQLiteStore(tmp_path / "tokens.sqlite3", timeout=30)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(standing, store).result()  # and its connection is closed with the thread
    gc.collect()

    assert wrongs_on_both_sides(store, fork_in_c) == [0, 0]
    store.close()


def refusal_of(store: SQLiteStore) -> str:
    try:
        return standing(store).name
    except StoreUnavailableError as error:
        return str(error.reason)


@needs_fork
@pytest.mark.parametrize("by_another_thread", [False, True])
def test_a_store_that_was_open_while_a_server_forked_in_c_stays_shut(
    store: SQLiteStore, by_another_thread: bool
) -> None:
    """REV-1: in the child, and in what it forks; SQLite would take the parent's locks for its own,
    and what is revoked there would be lost when the parent closes the file."""
    with ThreadPoolExecutor(1) as thread:
        if by_another_thread:
            thread.submit(standing, store).result()
        else:
            standing(store)
        if (pid := fork_in_c()) == 0:
            leave_with(lambda: 0 if "lazy-apps" in both(lambda: refusal_of(store)) else 1)

    assert os.waitpid(pid, 0)[1] == 0
    assert standing(store) is TokenStatus.GOOD


def both(job: Callable[[], str]) -> str:
    """Return what *job* returns here, and in a child."""
    here, there = job(), in_child(job)
    return here if repr(here) == there else f"{here} is not {there}"


@needs_fork
def test_a_child_that_was_forked_in_c_waits_for_no_thread_of_its_parent(
    store: SQLiteStore,
) -> None:
    """Neither to use another store, nor to fork again, nor to close the first."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(standing, store).result()
        lease = thread.submit(store._connections.lease).result()

        def use_and_close() -> int:
            signal.alarm(20)
            good = connection_of(Lease(open_in_memory)) and in_child(lambda: 1) == "1"
            store.close()
            return 0 if good and lease._connection is not None else 1

        with held([module._registering(), lease]):
            if (pid := fork_in_c()) == 0:
                leave_with(use_and_close)
    assert os.waitpid(pid, 0)[1] == 0


def test_what_is_shut_in_a_child_is_shut_in_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "_ABANDONED", [])
    connections = Connections(open_in_memory)
    inherited = connection_of(connections.lease())
    for pid in (-1, -2):
        monkeypatch.setattr(forks, "_getpid", lambda pid=pid: pid)
        monkeypatch.setattr(module, "_getpid", lambda pid=pid: pid)
        with pytest.raises(StoreUnavailableError, match="lazy-apps"):
            connections.lease()

    assert not is_closed(inherited)
    inherited.close()


def test_a_reader_notices_within_a_second_that_its_file_was_replaced(
    monkeypatch: pytest.MonkeyPatch, store: SQLiteStore
) -> None:
    """REV-1: it would answer for a file that nobody writes to."""
    passed = [0.0]
    monkeypatch.setattr(module, "elapsed", lambda: passed[0])
    other = SQLiteStore(store.path.with_name("backup"))
    other.revoke_token(ref(), expires_at=None, now=NOW)
    other.close()
    assert standing(store) is TokenStatus.GOOD
    other.path.rename(store.path)

    passed[0] = 0.9
    assert standing(store) is TokenStatus.GOOD
    passed[0] = 1.0
    assert standing(store) is TokenStatus.REVOKED


def test_a_file_that_is_replaced_while_it_is_opened_is_opened_again() -> None:
    files, opened = iter([1, 2, 2, 2]), []

    def open_one() -> sqlite3.Connection:
        opened.append(open_in_memory())
        return opened[-1]

    lease = Lease(open_one, lambda: next(files))
    assert connection_of(lease) is opened[1]
    assert is_closed(opened[0])


def test_a_file_that_is_replaced_without_end_is_unavailable() -> None:
    files = iter(range(100))
    lease = Lease(open_in_memory, lambda: next(files))

    with pytest.raises(StoreUnavailableError, match="again and again"), lease:
        pass
    assert all_at_once(1, lambda _: lease._lock.acquire(blocking=False)) == [True]
