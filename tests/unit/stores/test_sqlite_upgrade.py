"""A file of an older version of the library is refused, brought up to date, and loses nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores import Opening, RotationState, Session, SQLiteStore
from jwtpolicy.testing.token_store import (
    DAY,
    NOW,
    SESSION,
    all_at_once,
    present,
    ref,
    refresh_standing,
    rotate,
    standing,
)
from jwtpolicy.tokens.status import TokenStatus

#: As version 1 made them.
VERSION_1 = """
CREATE TABLE jwtpolicy_tokens (
    issuer TEXT NOT NULL,
    token_id TEXT NOT NULL,
    is_revoked INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, token_id)
) WITHOUT ROWID;
CREATE TABLE jwtpolicy_sessions (
    issuer TEXT NOT NULL,
    session_id TEXT NOT NULL,
    is_ended INTEGER NOT NULL DEFAULT 0,
    refresh_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    idle_expires_at INTEGER,
    label TEXT,
    previous_id TEXT,
    kept_until INTEGER,
    kept BLOB,
    PRIMARY KEY (issuer, session_id)
) WITHOUT ROWID;
CREATE TABLE jwtpolicy_subjects (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    cut_off INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) WITHOUT ROWID;
CREATE INDEX jwtpolicy_tokens_by_expiry ON jwtpolicy_tokens (expires_at);
CREATE INDEX jwtpolicy_sessions_by_expiry ON jwtpolicy_sessions (expires_at);
CREATE INDEX jwtpolicy_sessions_by_subject ON jwtpolicy_sessions (issuer, subject);
CREATE INDEX jwtpolicy_sessions_kept ON jwtpolicy_sessions (kept_until)
    WHERE kept_until IS NOT NULL;
CREATE INDEX jwtpolicy_subjects_by_expiry ON jwtpolicy_subjects (expires_at);
"""
#: A session as it was opened, one that was just refreshed, one that was ended, one of nobody's.
ROWS = f"""
INSERT INTO jwtpolicy_sessions VALUES
    ('', 's1', 0, 'r1', 'alice', {NOW}, {NOW}, {NOW + 90 * DAY}, {NOW + 30 * DAY},
        'Firefox on Linux', NULL, NULL, NULL),
    ('', 's2', 0, 'r2', 'alice', {NOW - 60}, {NOW + 5}, {NOW + 90 * DAY}, NULL, NULL,
        'r1', {NOW + 15}, x'70616972'),
    ('', 's3', 1, 'r1', 'alice', {NOW}, {NOW}, {NOW + 90 * DAY}, NULL, NULL, NULL, NULL, NULL),
    ('', 's4', 1, '', '', {NOW}, {NOW}, {NOW + DAY}, NULL, NULL, NULL, NULL, NULL);
INSERT INTO jwtpolicy_tokens VALUES ('', 'a9', 1, {NOW + DAY}), ('', 'c9', 0, {NOW + DAY});
INSERT INTO jwtpolicy_subjects VALUES ('', 'carol', {NOW}, {NOW + DAY});
"""

TABLES = [f"jwtpolicy_{name}" for name in ("file", "sessions", "subjects", "tokens")]
INDEXES = (
    "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql <> '' ORDER BY name"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.sqlite3"
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(f"PRAGMA journal_mode = WAL; {VERSION_1} {ROWS}")
    return path


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteStore]:
    store = SQLiteStore(path, timeout=30, clock=lambda: NOW + DAY)
    yield store
    store.close()


def test_an_old_file_is_refused_by_everything_with_the_remedy(store: SQLiteStore) -> None:
    """K23."""
    for ask in (
        lambda: standing(store),
        lambda: store.sessions("", "alice", now=NOW),
        lambda: store.revoke_session("", "s1", now=NOW),
    ):
        with pytest.raises(StoreUnavailableError, match="flask jwtpolicy store upgrade") as caught:
            ask()
        assert "version 1, and not 2" in str(caught.value.reason)


def test_what_was_known_is_known_after_it(store: SQLiteStore) -> None:
    """REV-1: what lived lives, and what was revoked is."""
    assert "brought up to date" in store.upgrade()

    refreshed = Session("", "s2", "alice", "r2", NOW - 60, NOW + 5, NOW + 90 * DAY, None, None)
    assert store.sessions("", "alice", now=NOW) == [SESSION, refreshed]
    assert standing(store) is TokenStatus.GOOD
    assert refresh_standing(store, "r1") is TokenStatus.GOOD
    assert {standing(store, session_id=sid) for sid in ("s3", "s4")} == {TokenStatus.REVOKED}
    assert standing(store, "a9") is TokenStatus.REVOKED
    assert standing(store, "c9") is TokenStatus.CONSUMED
    assert standing(store, session_id=None, subject="carol") is TokenStatus.REVOKED


def test_what_was_used_just_before_is_refused_and_ends_nothing(store: SQLiteStore) -> None:
    """REF-4: nobody can open the pair that was kept for it; what is used later is a reuse."""
    store.upgrade()
    of_s2 = {"session_id": "s2", "issued_at": NOW + 5}

    assert refresh_standing(store, "r1", session_id="s2") is TokenStatus.REPLACED
    assert present(store, "r1", session_id="s2").state is RotationState.REPLACED
    rotated = rotate(store, "r2", "r3", **of_s2, now=NOW + 60)
    assert rotated.state is RotationState.ROTATED
    assert present(store, "r2", now=NOW + 60, **of_s2).state is RotationState.REUSED


def test_old_sessions_go_on(store: SQLiteStore) -> None:
    store.upgrade()

    assert rotate(store, "r1", "r2", grace=10, kept=b"pair").state is RotationState.ROTATED
    assert present(store, "r1", now=NOW + 9).state is RotationState.REPEATED
    assert present(store, "r1", now=NOW + 10).state is RotationState.REUSED
    assert store.end_others("", "alice", None, now=NOW) == 1


def test_an_upgrade_is_done_once_by_whoever_comes_first(path: Path) -> None:
    stores = [SQLiteStore(path, timeout=30) for _ in range(6)]
    told = all_at_once(6, lambda n: stores[n].upgrade())

    assert sum("brought up to date" in one for one in told) == 1
    assert sum("nothing to upgrade" in one for one in told) == 5
    assert standing(stores[0], "a9") is TokenStatus.REVOKED
    for store in stores:
        store.close()


def test_an_upgrade_that_fails_changes_nothing(path: Path, store: SQLiteStore) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE jwtpolicy_sessions_1 (id)")
        with pytest.raises(StoreUnavailableError, match="jwtpolicy_sessions_1"):
            store.upgrade()
        raw.execute("DROP TABLE jwtpolicy_sessions_1")
        assert raw.execute("SELECT count(*) FROM jwtpolicy_sessions").fetchone() == (4,)

    assert store.upgrade()
    assert standing(store) is TokenStatus.GOOD


def test_an_upgraded_file_has_the_shape_of_a_new_one(path: Path, store: SQLiteStore) -> None:
    store.upgrade()
    new = SQLiteStore(path.with_name("new"))
    standing(new)
    found = []
    for file in (path, new.path):
        with closing(sqlite3.connect(file)) as raw:
            found.append([raw.execute(f"PRAGMA table_info({name})").fetchall() for name in TABLES])
            found[-1].append(raw.execute(INDEXES).fetchall())

    assert found[0] == found[1]
    new.close()


def test_a_newer_file_is_refused(path: Path, store: SQLiteStore) -> None:
    store.upgrade()
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("UPDATE jwtpolicy_file SET version = 3")
    store.close()

    for ask in (lambda: standing(store), store.upgrade):
        with pytest.raises(StoreUnavailableError, match="version 3, and not 2: a newer version"):
            ask()


def test_the_memory_of_an_old_file_begins_with_the_oldest_of_it(path: Path) -> None:
    """Under ``lost="deny"``: what is younger than that was surely not forgotten."""
    store = SQLiteStore(path, lost="deny", clock=lambda: NOW + DAY)
    store.upgrade()
    oldest = NOW - 60  # the login of `s2`

    assert standing(store, session_id=None, issued_at=oldest) is TokenStatus.REVOKED
    assert standing(store, session_id=None, issued_at=oldest + 1) is TokenStatus.GOOD
    store.close()


def test_a_login_from_before_the_upgrade_is_cut_off(store: SQLiteStore) -> None:
    """REF-6: it was under way when all of its subject's sessions were ended."""
    store.upgrade()
    carol = Session("", "c1", "carol", "r1", NOW, NOW, NOW + DAY, None)

    assert store.open_session(carol, since=NOW + 0.9) is Opening.CUT_OFF
    assert store.open_session(carol, since=NOW + 1) is Opening.OPENED


def test_the_applications_own_version_of_the_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "shared.sqlite3"
    with closing(sqlite3.connect(path)) as application:
        application.execute("PRAGMA user_version = 7")
        store = SQLiteStore(path)
        store.consume(ref(), expires_at=None, now=NOW)

        assert store.upgrade().endswith("nothing to upgrade")
        assert application.execute("PRAGMA user_version").fetchone() == (7,)
    store.close()
