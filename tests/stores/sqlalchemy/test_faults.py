"""What a store does when its database is down, hangs, is full, locked or busy."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, event, make_url, select, text
from sqlalchemy.exc import OperationalError

from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores import Opening, Rotation, RotationState
from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore
from jwtpolicy.stores.sqlalchemy.rows import key_of
from jwtpolicy.stores.sqlalchemy.tables import sessions
from jwtpolicy.testing.token_store import (
    DAY,
    NOW,
    SESSION,
    adoptable,
    present,
    ref,
    rotate,
    standing,
)
from jwtpolicy.tokens.status import TokenStatus
from tests.services.processes import Server
from tests.support.stores.sqlalchemy import without_sync

#: What ends all other connections of a server, as its restart does.
END_OTHERS = {
    "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
    "mysql": "SELECT concat('KILL ', id) FROM information_schema.processlist"
    " WHERE id <> connection_id() AND command = 'Sleep'",
}


#: A role that may connect once.
ONE_CONNECTION = (
    "CREATE ROLE lonely LOGIN CONNECTION LIMIT 1",
    "GRANT ALL ON ALL TABLES IN SCHEMA public TO lonely",
)


@contextlib.contextmanager
def opened(url: str, timeout: float = 5) -> Iterator[SQLAlchemyStore]:
    store = SQLAlchemyStore(url, timeout=timeout)
    try:
        yield store
    finally:
        store.close()


def refuses(store: SQLAlchemyStore, reason: str | None = None) -> float:
    """Check that nothing is answered, and return how many seconds that took."""
    started = time.monotonic()
    with pytest.raises(StoreUnavailableError, match=reason):
        standing(store)
    return time.monotonic() - started


def found(store: SQLAlchemyStore) -> TokenStatus | None:
    """Return what is answered, or None for an outage."""
    try:
        return standing(store)
    except StoreUnavailableError:
        return None


def end_other_connections(url: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for (found,) in connection.execute(text(END_OTHERS[engine.dialect.name])).all():
            if engine.dialect.name == "mysql":
                connection.exec_driver_sql(found)
    engine.dispose()


def test_a_killed_server_means_503_until_it_is_back(server: Server) -> None:
    """REV-1: nothing is guessed meanwhile; and nobody restarts the application."""
    with opened(server.url) as store:
        store.open_session(SESSION)
        store.revoke_token(ref(), expires_at=None, now=NOW)
        server.kill()
        refuses(store)
        with pytest.raises(StoreUnavailableError):
            rotate(store, "r1", "r2")
        server.start()

        assert standing(store) is TokenStatus.REVOKED
        assert rotate(store, "r1", "r2").state is RotationState.ROTATED


def test_a_connection_that_died_in_the_pool_is_not_noticed(server: Server) -> None:
    with opened(server.url) as store:
        store.open_session(SESSION)
        end_other_connections(server.url)
        assert standing(store) is TokenStatus.GOOD
        end_other_connections(server.url)
        assert store.session("", "s1", now=NOW) == SESSION
        end_other_connections(server.url)

        assert rotate(store, "r1", "r2").state is RotationState.ROTATED


def test_nor_by_a_change_that_asks_nothing_before(server: Server) -> None:
    """It finds the connection dead before it begins, of one statement or of many."""
    with opened(server.url) as store:
        assert standing(store) is TokenStatus.GOOD
        end_other_connections(server.url)
        store.revoke_token(ref("a9"), expires_at=None, now=NOW)
        end_other_connections(server.url)
        store.revoke_subject("", "bob", now=NOW, until=NOW + DAY)

        assert standing(store, "a9") is TokenStatus.REVOKED
        assert standing(store, session_id=None, subject="bob") is TokenStatus.REVOKED


def test_a_server_that_hangs_is_given_up_in_time(server: Server) -> None:
    with opened(server.url, timeout=3) as store:
        assert standing(store) is TokenStatus.GOOD
        server.pause()
        try:
            assert 2.9 < refuses(store) < 6
        finally:
            server.resume()

        # Connecting and asking have three seconds together, on a core that others may keep busy.
        deadline = time.monotonic() + 20
        while (answer := found(store)) is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert answer is TokenStatus.GOOD


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_server_that_never_answers_is_given_up_in_time(scheme: str) -> None:
    """PostgreSQL's driver waits two seconds for a connection at the least."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://u:hunter2@127.0.0.1:{silent.getsockname()[1]}/db"
        with opened(url, timeout=0.5) as store:
            assert refuses(store) < 20


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_no_error_shows_a_password(scheme: str) -> None:
    """KEY-8."""
    with opened(f"{scheme}://u:hunter2@127.0.0.1:1/db") as store:
        assert "hunter" not in repr(store)
        with pytest.raises(StoreUnavailableError) as caught:
            standing(store)

    assert "hunter" not in str(caught.value.reason) + repr(caught.value.__cause__)


def test_an_exhausted_pool_is_503(server: Server) -> None:
    """The one that was made beside the application's, whose size and patience it has."""
    engine = create_engine(server.url, pool_size=1, max_overflow=0, pool_timeout=0.1)
    store = SQLAlchemyStore(engine)
    with store._database.engine.connect():
        refuses(store, "QueuePool limit")

    assert standing(store) is TokenStatus.GOOD
    store.close()


def test_an_exhausted_pool_of_its_own_is_503(tmp_path: Path) -> None:
    with opened(f"sqlite+pysqlite:///{tmp_path / 'x.db'}", timeout=0.1) as store:
        standing(store)
        engine = store._database.engine
        with contextlib.ExitStack() as held:
            for _ in range(15):
                held.enter_context(engine.connect())
            refuses(store, "QueuePool limit")

        assert standing(store) is TokenStatus.GOOD


@pytest.mark.parametrize("scheme", ["postgresql", "mysql", "sqlite+pysqlite"])
def test_a_pool_has_five_connections_and_ten_more(scheme: str) -> None:
    """As the page of failures says; SQLAlchemy may change its mind."""
    with opened(f"{scheme}:///db") as store:
        pool: Any = store._engine().pool

        assert (pool.size(), pool._max_overflow) == (5, 10)


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_a_database_that_takes_no_more_connections_is_503(url: str) -> None:
    """Until it does."""
    with opened(url) as whole:
        standing(whole)
        with create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect() as root:
            for statement in ONE_CONNECTION:
                root.execute(text(statement))
            one = make_url(url).set(username="lonely")
            with opened(str(one)) as store, opened(str(one)) as other:
                assert standing(other, session_id="unknown") is TokenStatus.GOOD
                refuses(store, "too many connections")
                lonely = text(f"{END_OTHERS['postgresql']} AND usename = 'lonely'")
                while root.execute(lonely).all():
                    time.sleep(0.01)
                assert standing(store, session_id="unknown") is TokenStatus.GOOD
            for statement in ("DROP OWNED BY lonely", "DROP ROLE lonely"):
                root.execute(text(statement))


def test_a_long_writer_locks_sqlite_for_so_long_only(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with opened(f"sqlite+pysqlite:///{path}", timeout=0.2) as store:
        assert standing(store) is TokenStatus.GOOD
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("BEGIN EXCLUSIVE")
        assert refuses(store, "locked") < 3
        writer.execute("ROLLBACK")
        writer.close()

        assert standing(store) is TokenStatus.GOOD


def test_a_full_disk_refuses_changes_and_answers_questions(tmp_path: Path) -> None:
    """The file may grow no more: what SQLite says is what it says of a full disk."""
    store = SQLAlchemyStore(f"sqlite+pysqlite:///{tmp_path / 'x.db'}")
    store.revoke_token(ref(), expires_at=None, now=NOW)
    with without_sync(store._engine()).connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StoreUnavailableError, match="full"):
        fill(store)
    assert standing(store) is TokenStatus.REVOKED
    store.close()


def test_the_loser_of_a_deadlock_tries_again(server: Server) -> None:
    """Somebody locks a session and then the subject's row, which a revocation locks first."""
    engine = create_engine(server.url)
    with opened(server.url) as store:
        store.open_session(SESSION)
        store.revoke_subject("", "alice", now=NOW - 5, until=NOW)
        store.open_session(replace(SESSION, session_id="s2"))
        with engine.begin() as connection:
            make_heavy(connection)
            connection.execute(
                text("UPDATE jwtpolicy_session SET label = NULL WHERE session_key = :key"),
                {"key": key_of("", "s2")},
            )
            revoking = threading.Thread(
                target=store.revoke_subject, args=("", "alice"), kwargs={"now": NOW, "until": NOW}
            )
            revoking.start()
            time.sleep(0.2)
            connection.execute(
                text("UPDATE jwtpolicy_subject SET expires_at = 1 WHERE subject_key = :key"),
                {"key": key_of("", "alice")},
            )
        revoking.join(60)

        assert standing(store, session_id="s2") is TokenStatus.REVOKED
        assert standing(store, session_id=None) is TokenStatus.REVOKED
    engine.dispose()


def fill(store: SQLAlchemyStore) -> None:
    for n in range(1000):
        store.revoke_token(ref(f"b{n}"), expires_at=None, now=NOW)


def make_heavy(connection: Any) -> None:
    """Change many rows: InnoDB undoes the smaller of two transactions."""
    rows = [{"key": key_of("heavy", str(n))} for n in range(50)]
    connection.execute(
        text("INSERT INTO jwtpolicy_token (token_key, is_revoked, expires_at) VALUES (:key, 1, 1)"),
        rows,
    )


def test_a_conflict_that_does_not_end_is_503(tmp_path: Path) -> None:
    store = SQLAlchemyStore(f"sqlite+pysqlite:///{tmp_path / 'x.db'}")
    standing(store)
    tries: list[str] = []

    @event.listens_for(store._engine(), "before_cursor_execute")
    def undo(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("INSERT"):
            tries.append(statement)
            raise failure(1213, "deadlock found")

    with pytest.raises(StoreUnavailableError, match="deadlock"):
        store.revoke_token(ref(), expires_at=None, now=NOW)
    assert len(tries) == 8
    store.close()


def failure(*arguments: Any) -> OperationalError:
    """Return what SQLAlchemy makes of a driver's error."""
    return OperationalError("", {}, sqlite3.OperationalError(*arguments))


def before(engine: Any, start: str, act: Any) -> None:
    """Call *act* before each statement that begins with *start*."""

    @event.listens_for(engine, "before_cursor_execute")
    def call(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith(start):
            act()


@pytest.fixture
def filed(tmp_path: Path) -> Iterator[SQLAlchemyStore]:
    """A store in a file, where others can be."""
    with opened(f"sqlite+pysqlite:///{tmp_path / 'x.db'}") as store:
        without_sync(store._engine())
        yield store


def test_a_token_that_becomes_current_meanwhile_is_rotated(
    filed: SQLAlchemyStore, tmp_path: Path
) -> None:
    """Between the look at the session and the end of it."""
    acts: list[Rotation] = []
    with opened(f"sqlite+pysqlite:///{tmp_path / 'x.db'}") as other:
        other.open_session(SESSION)
        before(filed._engine(), "UPDATE", lambda: acts or acts.append(rotate(other, "r1", "r2")))

        assert rotate(filed, "r2", "r3").state is RotationState.ROTATED
    assert acts[0].state is RotationState.ROTATED


def test_a_session_that_never_stands_still_is_503(filed: SQLAlchemyStore, tmp_path: Path) -> None:
    engine = filed._engine()
    filed.open_session(SESSION)
    raw = sqlite3.connect(tmp_path / "x.db", isolation_level=None, check_same_thread=False)
    change = "UPDATE jwtpolicy_session SET refresh_id = ?"
    before(engine, "UPDATE", lambda: raw.execute(change, [b"r1"]))
    before(engine, "SELECT jwtpolicy_session", lambda: raw.execute(change, [b"r2"]))

    with pytest.raises(StoreUnavailableError, match="every look"):
        rotate(filed, "r2", "r3")
    raw.close()


def test_an_end_of_the_others_that_fails_half_way_has_ended_none(filed: SQLAlchemyStore) -> None:
    """K29: neither the sessions, nor the logins that were under way."""
    filed.open_session(SESSION)
    filed.open_session(replace(SESSION, session_id="idle", idle_expires_at=NOW))
    updates: list[int] = []

    def fail_at_second() -> None:
        updates.append(1)
        if len(updates) == 2:
            raise failure("disk I/O error")

    before(filed._engine(), "UPDATE", fail_at_second)
    with pytest.raises(StoreUnavailableError, match="disk"):
        filed.end_others("", "alice", None, now=NOW + 1)
    assert standing(filed) is TokenStatus.GOOD
    assert filed.open_session(replace(SESSION, session_id="s2"), since=NOW) is Opening.OPENED
    assert filed.end_others("", "alice", None, now=NOW + 1) == 2


def test_a_token_that_is_used_up_while_it_is_adopted_opens_nothing(server: Server) -> None:
    """Whoever consumes it does not wait for its subject's row."""
    token, session = adoptable(SQLAlchemyStore(server.url))
    with opened(server.url) as store, opened(server.url) as other:
        standing(store)

        def consume() -> None:
            other.consume(token, expires_at=None, now=NOW)

        before(store._engine(), "INSERT INTO jwtpolicy_token", consume)
        assert store.adopt(token, session, token_expires_at=None) is None
        assert store.sessions("", "alice", now=NOW) == []
        assert store.standing(token, now=NOW) is TokenStatus.CONSUMED


def test_a_session_that_comes_and_goes_while_it_is_opened_is_503(server: Server) -> None:
    with opened(server.url) as store, opened(server.url) as other:
        standing(store)
        engine = create_engine(server.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)

        def forget_it() -> None:
            with engine.connect() as connection:
                connection.execute(text("DELETE FROM jwtpolicy_session"))

        before(store._engine(), "SELECT jwtpolicy_subject.floor_us", forget_it)
        before(
            store._engine(),
            "INSERT INTO jwtpolicy_session",
            lambda: other.revoke_session("", "s1", now=NOW),
        )
        with pytest.raises(StoreUnavailableError, match="every look"):
            store.open_session(SESSION)


def test_a_session_that_another_subject_opens_meanwhile_is_known(server: Server) -> None:
    """It has that id, and another row to wait at."""
    mallory = replace(SESSION, subject="mallory")
    with opened(server.url) as store, opened(server.url) as other:
        standing(store)
        before(
            store._engine(), "INSERT INTO jwtpolicy_session", lambda: other.open_session(mallory)
        )

        assert store.open_session(SESSION) is Opening.KNOWN
        assert store.session("", "s1", now=NOW) == mallory


def test_a_clock_that_is_ahead_erases_and_prunes_nothing_too_early(store: SQLAlchemyStore) -> None:
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


def test_a_store_of_one_pruning_erases_what_was_kept(store: SQLAlchemyStore) -> None:
    """REF-4: also of rotations that another process made, which is no more."""
    store.open_session(SESSION)
    rotate(store, "r1", "r2", grace=10, kept=b"pair")
    store._erase_at = 0
    store.prune(now=NOW + 10)

    with store._engine().connect() as connection:
        kept = select(sessions.c.kept, sessions.c.predecessors, sessions.c.kept_until)
        assert connection.execute(kept).one() == (None, None, None)


def test_pruning_that_fails_undoes_nothing(
    filed: SQLAlchemyStore, caplog: pytest.LogCaptureFixture
) -> None:
    filed.revoke_token(ref("old"), expires_at=NOW - 10_000, now=NOW)

    def refuse() -> None:
        raise failure("disk I/O error")

    before(filed._engine(), "DELETE", refuse)
    for n in range(255):
        filed.revoke_token(ref(f"a{n}"), expires_at=NOW, now=NOW)

    assert standing(filed, token_id="a254") is TokenStatus.REVOKED
    assert caplog.messages == [
        "the token store could not be pruned: the token store's database failed: disk I/O error"
    ]
