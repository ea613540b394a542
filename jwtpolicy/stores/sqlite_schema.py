"""The tables of an SQLite file: creation, version and upgrade."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

from ..exceptions import StoreUnavailableError
from .columns import NO_CUT_OFF

#: The shape of the tables; it is written into ``jwtpolicy_file``.
VERSION: Final = 2

_TOKENS: Final = (
    """CREATE TABLE jwtpolicy_tokens (
        issuer TEXT NOT NULL,
        token_id TEXT NOT NULL,
        is_revoked INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (issuer, token_id)
    ) WITHOUT ROWID""",
    "CREATE INDEX jwtpolicy_tokens_by_expiry ON jwtpolicy_tokens (expires_at)",
)
_SESSIONS: Final = (
    """CREATE TABLE jwtpolicy_sessions (
        issuer TEXT NOT NULL,
        session_id TEXT NOT NULL,
        is_ended INTEGER NOT NULL DEFAULT 0,
        refresh_id TEXT NOT NULL,
        subject TEXT NOT NULL,
        created_us INTEGER NOT NULL,
        last_used_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        idle_expires_at INTEGER,
        label TEXT,
        facts TEXT,
        predecessors TEXT,
        kept_until INTEGER,
        kept BLOB,
        replaced_at INTEGER NOT NULL DEFAULT 0,
        replaced_by TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (issuer, session_id)
    ) WITHOUT ROWID""",
    "CREATE INDEX jwtpolicy_sessions_by_expiry ON jwtpolicy_sessions (expires_at)",
    """CREATE INDEX jwtpolicy_sessions_by_subject
        ON jwtpolicy_sessions (issuer, subject, created_us)""",
    """CREATE INDEX jwtpolicy_sessions_kept
        ON jwtpolicy_sessions (kept_until) WHERE kept_until IS NOT NULL""",
)
_SUBJECTS: Final = (
    """CREATE TABLE jwtpolicy_subjects (
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        cut_off INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        floor_us INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (issuer, subject)
    ) WITHOUT ROWID""",
    "CREATE INDEX jwtpolicy_subjects_by_expiry ON jwtpolicy_subjects (expires_at)",
)
# Not `PRAGMA user_version`: it belongs to whoever the file belongs to, and that may be the
# application, next to whose tables these may lie.
_FILE: Final = """CREATE TABLE jwtpolicy_file (
        version INTEGER NOT NULL,
        memory_began INTEGER NOT NULL
    )"""
_MARK: Final = "INSERT INTO jwtpolicy_file (version, memory_began) VALUES (?, ?)"

# How far the file has come, and the second up to which tokens are refused because it had come
# farther. A table of its own, since version 2 began without it.
_MEMORY: Final = """CREATE TABLE IF NOT EXISTS jwtpolicy_memory (
        mark INTEGER NOT NULL,
        restored INTEGER NOT NULL
    )"""
_REMEMBER: Final = f"""
    INSERT INTO jwtpolicy_memory (mark, restored)
    SELECT 0, {NO_CUT_OFF} WHERE NOT EXISTS (SELECT 1 FROM jwtpolicy_memory)"""  # noqa: S608 # constants

_FIND: Final = """
    SELECT name FROM sqlite_master WHERE name IN ('jwtpolicy_file', 'jwtpolicy_sessions')"""
_FIND_MEMORY: Final = "SELECT 1 FROM sqlite_master WHERE name = 'jwtpolicy_memory'"

# What was kept for a repetition is sealed as nobody seals any more: what was used moments before
# is refused, and is no theft.
_CONVERT: Final = (
    "ALTER TABLE jwtpolicy_sessions RENAME TO jwtpolicy_sessions_1",
    *(f"DROP INDEX jwtpolicy_sessions_{name}" for name in ("by_expiry", "by_subject", "kept")),
    *_SESSIONS,
    """INSERT INTO jwtpolicy_sessions (issuer, session_id, is_ended, refresh_id, subject,
            created_us, last_used_at, expires_at, idle_expires_at, label, replaced_at, replaced_by)
        SELECT issuer, session_id, is_ended, refresh_id, subject, created_at * 1000000,
            last_used_at, expires_at, idle_expires_at, label,
            CASE WHEN kept_until IS NULL THEN 0 ELSE last_used_at END,
            CASE WHEN kept_until IS NULL THEN '' ELSE refresh_id END
        FROM jwtpolicy_sessions_1""",
    "DROP TABLE jwtpolicy_sessions_1",
    "ALTER TABLE jwtpolicy_subjects ADD COLUMN floor_us INTEGER NOT NULL DEFAULT 0",
    # The microsecond in which it was is not known: the whole second counts.
    "UPDATE jwtpolicy_subjects SET floor_us = (cut_off + 1) * 1000000",
    _FILE,
)
#: Since when an old file surely remembers: what is in it was not forgotten.
_OLDEST: Final = """
    SELECT min(coalesce((SELECT min(created_us) / 1000000 FROM jwtpolicy_sessions), :now),
        coalesce((SELECT min(cut_off) FROM jwtpolicy_subjects), :now), :now)"""


def version_of(ask: Callable[[str], sqlite3.Cursor]) -> int:
    """Return the version that made the tables of a file; 0 where there are none."""
    found = {name for (name,) in ask(_FIND)}
    if "jwtpolicy_file" in found:
        ((version,),) = ask("SELECT max(version) FROM jwtpolicy_file")
        return int(version)
    return 1 if found else 0


def create(connection: sqlite3.Connection, now: int) -> None:
    """Make the tables, within a transaction that is open; the file's memory begins *now*."""
    for statement in (*_TOKENS, *_SESSIONS, *_SUBJECTS, _FILE):
        connection.execute(statement)
    connection.execute(_MARK, (VERSION, now))
    remember(connection)


def has_memory(ask: Callable[[str], sqlite3.Cursor]) -> bool:
    """Return whether a file has a mark, by which an older copy is detected."""
    return ask(_FIND_MEMORY).fetchone() is not None


def remember(connection: sqlite3.Connection) -> None:
    """Add the mark to a file that has none, within an open transaction."""
    connection.execute(_MEMORY)
    connection.execute(_REMEMBER)


def convert(connection: sqlite3.Connection, now: int) -> None:
    """Bring tables of version 1 up to date, within a transaction that is open."""
    for statement in _CONVERT:
        connection.execute(statement)
    ((began,),) = connection.execute(_OLDEST, {"now": now}).fetchall()
    connection.execute(_MARK, (VERSION, began))
    remember(connection)


def check(version: int) -> None:
    """Refuse a file that another version of the library made.

    Raises:
        StoreUnavailableError: *version* is older or newer than this library's.
    """
    if version == VERSION:
        return
    remedy = (
        "stop the application and run `flask jwtpolicy store upgrade`"
        if version < VERSION
        else "a newer version of the library made it: use that one here too"
    )
    msg = f"the SQLite token store's file is of version {version}, and not {VERSION}: {remedy}"
    raise StoreUnavailableError(msg)
