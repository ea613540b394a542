"""Tables of an older version are refused, and what `upgrade` prints brings them up to date."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import NullPool, create_engine, text

from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores import Opening, RotationState, Session
from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore, metadata
from jwtpolicy.stores.sqlalchemy.rows import key_of
from jwtpolicy.testing.token_store import (
    DAY,
    NOW,
    SESSION,
    present,
    refresh_standing,
    rotate,
    standing,
)
from jwtpolicy.tokens.status import TokenStatus
from tests.support.stores.sqlalchemy import run

#: As version 1 made them.
VERSION_1 = """
CREATE TABLE jwtpolicy_schema (version INTEGER NOT NULL, PRIMARY KEY (version)){engine};
CREATE TABLE jwtpolicy_session (
    session_key {key} NOT NULL,
    subject_key {key} NOT NULL,
    is_ended SMALLINT NOT NULL,
    refresh_id {blob} NOT NULL,
    issuer {blob} NOT NULL,
    session_id {blob} NOT NULL,
    subject {blob} NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    idle_expires_at BIGINT,
    label {blob},
    previous_id {blob},
    kept_until BIGINT,
    kept {long},
    PRIMARY KEY (session_key)
){keyed};
CREATE INDEX jwtpolicy_session_by_expiry ON jwtpolicy_session (expires_at);
CREATE INDEX jwtpolicy_session_by_subject ON jwtpolicy_session (subject_key);
CREATE INDEX jwtpolicy_session_kept ON jwtpolicy_session (kept_until){kept};
CREATE TABLE jwtpolicy_subject (
    subject_key {key} NOT NULL,
    cut_off BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (subject_key)
){keyed};
CREATE INDEX jwtpolicy_subject_by_expiry ON jwtpolicy_subject (expires_at);
CREATE TABLE jwtpolicy_token (
    token_key {key} NOT NULL,
    is_revoked SMALLINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (token_key)
){keyed};
CREATE INDEX jwtpolicy_token_by_expiry ON jwtpolicy_token (expires_at);
INSERT INTO jwtpolicy_schema (version) VALUES (1)
"""
_KEPT = " WHERE kept_until IS NOT NULL"
WORDS = {
    "postgresql": {
        "key": "BYTEA",
        "blob": "BYTEA",
        "long": "BYTEA",
        "engine": "",
        "keyed": "",
        "kept": _KEPT,
    },
    "mysql": {
        "key": "BINARY(32)",
        "blob": "BLOB",
        "long": "MEDIUMBLOB",
        "engine": "ENGINE=InnoDB",
        "keyed": "ENGINE=InnoDB",
        "kept": "",
    },
    "sqlite": {
        "key": "BLOB",
        "blob": "BLOB",
        "long": "BLOB",
        "engine": "",
        "keyed": " WITHOUT ROWID",
        "kept": _KEPT,
    },
}

INSERT_SESSION = """
    INSERT INTO jwtpolicy_session (session_key, subject_key, is_ended, refresh_id, issuer,
        session_id, subject, created_at, last_used_at, expires_at, idle_expires_at, label,
        previous_id, kept_until, kept)
    VALUES (:session_key, :subject_key, :is_ended, :refresh_id, :issuer,
        :session_id, :subject, :created_at, :last_used_at, :expires_at, :idle_expires_at, :label,
        :previous_id, :kept_until, :kept)"""
INSERT_TOKEN = "INSERT INTO jwtpolicy_token VALUES (:key, :is_revoked, :until)"
INSERT_SUBJECT = "INSERT INTO jwtpolicy_subject VALUES (:key, :cut_off, :until)"


def session_row(session_id: str, refresh_id: str, **changes: Any) -> dict[str, Any]:
    row = {
        "session_key": key_of("", session_id),
        "subject_key": key_of("", "alice"),
        "is_ended": 0,
        "refresh_id": refresh_id.encode(),
        "issuer": b"",
        "session_id": session_id.encode(),
        "subject": b"alice",
        "created_at": NOW,
        "last_used_at": NOW,
        "expires_at": NOW + 90 * DAY,
        "idle_expires_at": None,
        "label": None,
        "previous_id": None,
        "kept_until": None,
        "kept": None,
    }
    return {**row, **changes}


#: One as it was opened, one that was just refreshed, one that was ended.
SESSIONS = [
    session_row("s1", "r1", idle_expires_at=NOW + 30 * DAY, label=b"Firefox on Linux"),
    session_row(
        "s2",
        "r2",
        created_at=NOW - 60,
        last_used_at=NOW + 5,
        previous_id=b"r1",
        kept_until=NOW + 15,
        kept=b"pair",
    ),
    session_row("s3", "r1", is_ended=1),
]


@pytest.fixture
def old(url: str) -> Iterator[str]:
    """A database with tables of version 1, and what was known."""
    engine = create_engine(url, poolclass=NullPool)
    metadata.drop_all(engine)
    run(url, VERSION_1.format(**WORDS[engine.dialect.name]))
    with engine.begin() as connection:
        for row in SESSIONS:
            connection.execute(text(INSERT_SESSION), row)
        for name, is_revoked in (("a9", 1), ("c9", 0)):
            token = {"key": key_of("", name), "is_revoked": is_revoked, "until": NOW + DAY}
            connection.execute(text(INSERT_TOKEN), token)
        carol = {"key": key_of("", "carol"), "cut_off": NOW, "until": NOW + DAY}
        connection.execute(text(INSERT_SUBJECT), carol)
    yield url
    metadata.drop_all(engine)


@pytest.fixture
def store(old: str) -> Iterator[SQLAlchemyStore]:
    store = SQLAlchemyStore(old)
    yield store
    store.close()


@pytest.fixture
def upgraded(old: str, store: SQLAlchemyStore) -> SQLAlchemyStore:
    with pytest.raises(StoreUnavailableError):
        standing(store)
    run(old, store.upgrade())
    return store


def test_old_tables_are_refused_with_the_remedy(store: SQLAlchemyStore) -> None:
    with pytest.raises(StoreUnavailableError, match="flask jwtpolicy store upgrade") as caught:
        standing(store)

    assert "version 1, and not 2" in str(caught.value.reason)


def test_what_was_known_is_known_after_it(upgraded: SQLAlchemyStore) -> None:
    """REV-1: what lived lives, and what was revoked is."""
    refreshed = Session("", "s2", "alice", "r2", NOW - 60, NOW + 5, NOW + 90 * DAY, None, None)

    assert upgraded.sessions("", "alice", now=NOW) == [SESSION, refreshed]
    assert standing(upgraded) is TokenStatus.GOOD
    assert refresh_standing(upgraded, "r1") is TokenStatus.GOOD
    assert standing(upgraded, session_id="s3") is TokenStatus.REVOKED
    assert standing(upgraded, "a9") is TokenStatus.REVOKED
    assert standing(upgraded, "c9") is TokenStatus.CONSUMED
    assert standing(upgraded, session_id=None, subject="carol") is TokenStatus.REVOKED


def test_what_was_used_just_before_is_refused_and_ends_nothing(upgraded: SQLAlchemyStore) -> None:
    """REF-4: nobody can open the pair that was kept for it; what is used later is a reuse."""
    of_s2 = {"session_id": "s2", "issued_at": NOW + 5}

    assert present(upgraded, "r1", session_id="s2").state is RotationState.REPLACED
    rotated = rotate(upgraded, "r2", "r3", **of_s2, now=NOW + 60)
    assert rotated.state is RotationState.ROTATED
    assert present(upgraded, "r2", now=NOW + 60, **of_s2).state is RotationState.REUSED


def test_old_sessions_go_on(upgraded: SQLAlchemyStore) -> None:
    assert rotate(upgraded, "r1", "r2", grace=10, kept=b"pair").state is RotationState.ROTATED
    assert present(upgraded, "r1", now=NOW + 9).state is RotationState.REPEATED
    assert present(upgraded, "r1", now=NOW + 10).state is RotationState.REUSED
    assert upgraded.end_others("", "alice", None, now=NOW) == 1


def test_a_login_from_before_the_upgrade_is_cut_off(upgraded: SQLAlchemyStore) -> None:
    """REF-6: it was under way when all of its subject's sessions were ended."""
    carol = Session("", "c1", "carol", "r1", NOW, NOW, NOW + DAY, None)

    assert upgraded.open_session(carol, since=NOW + 0.9) is Opening.CUT_OFF
    assert upgraded.open_session(carol, since=NOW + 1) is Opening.OPENED


def test_upgraded_tables_are_those_of_this_version(old: str, upgraded: SQLAlchemyStore) -> None:
    with create_engine(old, poolclass=NullPool).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": False})

        assert compare_metadata(context, metadata) == []
    assert upgraded.upgrade() == "-- nothing to upgrade\n"


def test_newer_tables_have_no_way_back(old: str, upgraded: SQLAlchemyStore) -> None:
    run(old, "UPDATE jwtpolicy_schema SET version = 3")
    upgraded.close()

    with pytest.raises(StoreUnavailableError, match="version 3, and not 2: use the version"):
        upgraded.upgrade()


def test_where_there_are_no_tables_the_store_makes_them(url: str) -> None:
    metadata.drop_all(create_engine(url, poolclass=NullPool))
    store = SQLAlchemyStore(url)

    told = store.upgrade()
    run(url, told)

    assert told == "-- the tables are missing; the store makes them at its first use\n"
    assert standing(store) is TokenStatus.GOOD
    store.close()


def test_tables_that_the_store_may_not_make_are_printed(url: str) -> None:
    metadata.drop_all(create_engine(url, poolclass=NullPool))
    store = SQLAlchemyStore(url, create_tables=False)

    run(url, store.upgrade())

    assert standing(store) is TokenStatus.GOOD
    assert store.upgrade() == "-- nothing to upgrade\n"
    store.close()


def test_a_table_that_somebody_has_dropped_is_missing(url: str) -> None:
    store = SQLAlchemyStore(url)
    assert standing(store) is TokenStatus.GOOD
    run(url, "DROP TABLE jwtpolicy_token;")

    told = store.upgrade()
    run(url, told)

    assert told.startswith("-- missing: jwtpolicy_token\nCREATE TABLE jwtpolicy_token")
    assert standing(store) is TokenStatus.GOOD
    assert store.upgrade() == "-- nothing to upgrade\n"
    store.close()


def test_a_database_that_is_down_cannot_be_upgraded() -> None:
    store = SQLAlchemyStore("postgresql://u@127.0.0.1:1/db")

    with pytest.raises(StoreUnavailableError, match="database failed"):
        store.upgrade()
