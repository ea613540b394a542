"""Keep tokens' standing in an SQLite file, shared by all processes of one machine."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

from ..access import Standing
from .base import (
    FOREVER,
    MAX_LEEWAY,
    Rotation,
    RotationState,
    Session,
    SessionRecord,
    TokenStore,
    judge_standing,
)
from .sqlite_connections import Connections

_PRUNE_EVERY = 256  # writes
_POLL = 0.002  # seconds between two looks at a locked file
_PRUNE_LIMIT = 1024  # rows of each table in one transaction, so that no writer waits long

_Values = tuple[Any, ...] | dict[str, Any]

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS jwtpolicy_tokens (
        issuer TEXT NOT NULL,
        token_id TEXT NOT NULL,
        is_revoked INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (issuer, token_id)
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS jwtpolicy_sessions (
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
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS jwtpolicy_subjects (
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        cut_off INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (issuer, subject)
    ) WITHOUT ROWID""",
    """CREATE INDEX IF NOT EXISTS jwtpolicy_tokens_by_expiry
        ON jwtpolicy_tokens (expires_at)""",
    """CREATE INDEX IF NOT EXISTS jwtpolicy_sessions_by_expiry
        ON jwtpolicy_sessions (expires_at)""",
    """CREATE INDEX IF NOT EXISTS jwtpolicy_sessions_by_subject
        ON jwtpolicy_sessions (issuer, subject)""",
    """CREATE INDEX IF NOT EXISTS jwtpolicy_sessions_kept
        ON jwtpolicy_sessions (kept_until) WHERE kept_until IS NOT NULL""",
    # The last, because its presence is taken for that of all of them.
    """CREATE INDEX IF NOT EXISTS jwtpolicy_subjects_by_expiry
        ON jwtpolicy_subjects (expires_at)""",
)
_HAS_SCHEMA = "SELECT 1 FROM sqlite_master WHERE name = 'jwtpolicy_subjects_by_expiry'"

_STANDING = """
    SELECT token.is_revoked, session.is_ended, session.refresh_id, subject.cut_off
    FROM (SELECT 1)
    LEFT JOIN jwtpolicy_tokens AS token ON token.issuer = ? AND token.token_id = ?
    LEFT JOIN jwtpolicy_sessions AS session ON session.issuer = ? AND session.session_id = ?
    LEFT JOIN jwtpolicy_subjects AS subject ON subject.issuer = ? AND subject.subject = ?"""

_SESSION_COLUMNS = (
    "issuer, session_id, subject, refresh_id, created_at, last_used_at, expires_at,"
    " idle_expires_at, label"
)
_IS_LIVE = (
    "is_ended = 0 AND expires_at > :now AND (idle_expires_at IS NULL OR idle_expires_at > :now)"
)

_OPEN_SESSION = f"""
    INSERT INTO jwtpolicy_sessions ({_SESSION_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING"""  # noqa: S608 # constants

_ROTATE = f"""
    UPDATE jwtpolicy_sessions
    SET refresh_id = :successor_id, previous_id = :presented_id, last_used_at = :now,
        idle_expires_at = :idle_expires_at, kept = :kept, kept_until = :kept_until
    WHERE issuer = :issuer AND session_id = :session_id AND refresh_id = :presented_id
        AND {_IS_LIVE}"""  # noqa: S608 # constants

_TOUCH = f"""
    UPDATE jwtpolicy_sessions SET last_used_at = :now, idle_expires_at = :idle_expires_at
    WHERE issuer = :issuer AND session_id = :session_id AND {_IS_LIVE}"""  # noqa: S608 # constants

_RECORD = f"""
    SELECT {_SESSION_COLUMNS}, is_ended, previous_id, kept, coalesce(kept_until, 0)
    FROM jwtpolicy_sessions WHERE issuer = ? AND session_id = ?"""  # noqa: S608 # constants

_END_SESSION = """
    INSERT INTO jwtpolicy_sessions (issuer, session_id, is_ended, refresh_id, subject, created_at,
        last_used_at, expires_at)
    VALUES (:issuer, :session_id, 1, '', '', :now, :now, :until)
    ON CONFLICT (issuer, session_id) DO UPDATE SET is_ended = 1, kept = NULL, kept_until = NULL"""

_END_SESSIONS = """
    UPDATE jwtpolicy_sessions SET is_ended = 1, kept = NULL, kept_until = NULL
    WHERE issuer = ? AND subject = ?"""

_CUT_OFF = """
    INSERT INTO jwtpolicy_subjects (issuer, subject, cut_off, expires_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (issuer, subject) DO UPDATE SET cut_off = max(cut_off, excluded.cut_off),
        expires_at = max(expires_at, excluded.expires_at)"""

_REVOKE_TOKEN = """
    INSERT INTO jwtpolicy_tokens (issuer, token_id, is_revoked, expires_at) VALUES (?, ?, 1, ?)
    ON CONFLICT (issuer, token_id) DO UPDATE SET is_revoked = 1,
        expires_at = max(expires_at, excluded.expires_at)"""  # noqa: S105 # SQL

_CONSUME = """
    INSERT INTO jwtpolicy_tokens (issuer, token_id, is_revoked, expires_at) VALUES (?, ?, 0, ?)
    ON CONFLICT DO NOTHING"""

_SESSIONS = f"""
    SELECT {_SESSION_COLUMNS} FROM jwtpolicy_sessions
    WHERE issuer = :issuer AND subject = :subject AND {_IS_LIVE}
    ORDER BY created_at DESC, session_id"""  # noqa: S608 # constants

_SESSION = f"""
    SELECT {_SESSION_COLUMNS} FROM jwtpolicy_sessions
    WHERE issuer = :issuer AND session_id = :session_id AND {_IS_LIVE}"""  # noqa: S608 # constants

_ERASE_KEPT = """
    UPDATE jwtpolicy_sessions SET kept = NULL, kept_until = NULL WHERE kept_until <= ?"""

_PRUNE = tuple(
    f"""DELETE FROM jwtpolicy_{table} WHERE (issuer, {key}) IN
        (SELECT issuer, {key} FROM jwtpolicy_{table} WHERE expires_at <= ? LIMIT ?)
    """  # noqa: S608 # constants
    for table, key in (
        ("tokens", "token_id"),
        ("sessions", "session_id"),
        ("subjects", "subject"),
    )
)

_PRUNABLE = """
    SELECT (SELECT count(*) FROM jwtpolicy_tokens WHERE expires_at <= :horizon)
        + (SELECT count(*) FROM jwtpolicy_sessions WHERE expires_at <= :horizon)
        + (SELECT count(*) FROM jwtpolicy_subjects WHERE expires_at <= :horizon)"""


class SQLiteStore(TokenStore):
    """A store in one file: for one machine with any number of workers and threads.

    The file is made at the first use, with its folder, readable by its owner alone. It is in WAL
    mode, so readers do not wait for writers, and each write is on the disk before it is answered:
    a revocation outlives a crash of the machine.

    .. warning:: SQLite's locks do not work on network file systems.

    Args:
        path: The file.
        timeout: Seconds to wait for another process's write before giving up with
            `StoreUnavailableError`.
    """

    is_shared: ClassVar[bool] = True

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 5.0) -> None:
        self.path = Path(path).absolute()
        self._timeout = timeout
        self._writes = count(1)
        self._connections = Connections(_Opener(self.path, timeout))

    def __repr__(self) -> str:
        return f"SQLiteStore({str(self.path)!r}, timeout={self._timeout!r})"

    def standing(
        self,
        issuer: str,
        subject: str,
        token_id: str,
        session_id: str | None,
        issued_at: float,
        *,
        is_refresh: bool,
    ) -> Standing:
        with self._connections.lease() as connection:
            values = (issuer, token_id, issuer, session_id, issuer, subject)
            found = _wait(connection, _STANDING, values, self._timeout).fetchone()
        return judge_standing(token_id, session_id, issued_at, is_refresh, *found)

    def open_session(self, session: Session) -> bool:
        values = (
            session.issuer,
            session.session_id,
            session.subject,
            session.refresh_id,
            session.created_at,
            session.last_used_at,
            session.expires_at,
            session.idle_expires_at,
            session.label,
        )
        with self._writing(session.created_at) as connection:
            return connection.execute(_OPEN_SESSION, values).rowcount == 1

    def rotate(
        self,
        issuer: str,
        session_id: str,
        presented_id: str,
        successor_id: str,
        *,
        now: int,
        idle_expires_at: int | None,
        refresh_grace: int = 0,
        kept: bytes | None = None,
    ) -> Rotation:
        values = {
            "issuer": issuer,
            "session_id": session_id,
            "presented_id": presented_id,
            "successor_id": successor_id,
            "now": now,
            "idle_expires_at": idle_expires_at,
            "kept": kept,
            "kept_until": None if kept is None else now + refresh_grace,
        }
        with self._writing(now) as connection:
            if connection.execute(_ROTATE, values).rowcount == 1:
                return Rotation(RotationState.ROTATED)
            return self._refuse(connection, issuer, session_id, presented_id, now)

    def _refuse(
        self,
        connection: sqlite3.Connection,
        issuer: str,
        session_id: str,
        presented_id: str,
        now: int,
    ) -> Rotation:
        row = connection.execute(_RECORD, (issuer, session_id)).fetchone()
        if row is None:
            return Rotation(RotationState.ENDED)
        rotation = SessionRecord(Session(*row[:9]), *row[9:]).judge(presented_id, now)
        if rotation.state is RotationState.REUSED:
            self._end_session(connection, issuer, session_id, now, FOREVER)
        return rotation

    def touch(
        self, issuer: str, session_id: str, *, now: int, idle_expires_at: int | None
    ) -> Session | None:
        values = {
            "issuer": issuer,
            "session_id": session_id,
            "now": now,
            "idle_expires_at": idle_expires_at,
        }
        with self._writing(now) as connection:
            connection.execute(_TOUCH, values)
            row = connection.execute(_SESSION, values).fetchone()
        return Session(*row) if row else None

    def revoke_token(
        self, issuer: str, subject: str, token_id: str, *, expires_at: int | None, now: int
    ) -> None:
        until = FOREVER if expires_at is None else expires_at
        with self._writing(now) as connection:
            connection.execute(_REVOKE_TOKEN, (issuer, token_id, until))

    def revoke_session(
        self, issuer: str, session_id: str, *, now: int, until: int | None = None
    ) -> None:
        with self._writing(now) as connection:
            expires_at = FOREVER if until is None else until
            self._end_session(connection, issuer, session_id, now, expires_at)

    @staticmethod
    def _end_session(
        connection: sqlite3.Connection, issuer: str, session_id: str, now: int, until: int
    ) -> None:
        values = {"issuer": issuer, "session_id": session_id, "now": now, "until": until}
        connection.execute(_END_SESSION, values)

    def revoke_subject(self, issuer: str, subject: str, *, now: int, until: int) -> None:
        with self._writing(now) as connection:
            connection.execute(_CUT_OFF, (issuer, subject, now, until))
            connection.execute(_END_SESSIONS, (issuer, subject))

    def consume(
        self, issuer: str, subject: str, token_id: str, *, expires_at: int | None, now: int
    ) -> bool:
        until = FOREVER if expires_at is None else expires_at
        with self._writing(now) as connection:
            return connection.execute(_CONSUME, (issuer, token_id, until)).rowcount == 1

    def sessions(self, issuer: str, subject: str, *, now: int) -> list[Session]:
        values = {"issuer": issuer, "subject": subject, "now": now}
        return [Session(*row) for row in self._read(_SESSIONS, values)]

    def session(self, issuer: str, session_id: str, *, now: int) -> Session | None:
        values = {"issuer": issuer, "session_id": session_id, "now": now}
        rows = self._read(_SESSION, values)
        return Session(*rows[0]) if rows else None

    def prune(self, *, now: int) -> int:
        total = 0
        while removed := self.prune_batch(now=now, limit=_PRUNE_LIMIT):
            total += removed
        return total

    def prune_batch(self, *, now: int, limit: int) -> int:
        with self._writing(now) as connection:
            return _prune(connection, now, limit)

    def prunable(self, *, now: int) -> int:
        ((total,),) = self._read(_PRUNABLE, {"horizon": now - MAX_LEEWAY})
        return int(total)

    def close(self) -> None:
        self._connections.close()

    def _read(self, sql: str, values: _Values) -> list[Any]:
        with self._connections.lease() as connection:
            return _wait(connection, sql, values, self._timeout).fetchall()

    @contextmanager
    def _writing(self, now: int) -> Iterator[sqlite3.Connection]:
        """Hold the one write lock of the file from the first statement to the commit."""
        with self._connections.lease() as connection:
            _wait(connection, "BEGIN IMMEDIATE", (), self._timeout)
            yield connection
            connection.execute(_ERASE_KEPT, (now,))
            if next(self._writes) % _PRUNE_EVERY == 0:
                _prune(connection, now, _PRUNE_LIMIT)
            connection.execute("COMMIT")


def _prune(connection: sqlite3.Connection, now: int, limit: int) -> int:
    return sum(connection.execute(sql, (now - MAX_LEEWAY, limit)).rowcount for sql in _PRUNE)


class _Opener:
    """Open the file, and make of it what the store needs."""

    def __init__(self, path: Path, timeout: float) -> None:
        self._path = path
        self._timeout = timeout

    def __call__(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self._path.exists()
        # Each thread has its own; but the one that closes it may be the garbage collector's.
        connection = sqlite3.connect(
            self._path, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            if is_new:
                # Before the log exists, which takes its mode from the file. Not by open() and
                # close(): closing any descriptor of a file drops the process's locks on it.
                self._path.chmod(0o600)
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        _wait(connection, "PRAGMA journal_mode = WAL", (), self._timeout)
        connection.execute("PRAGMA synchronous = FULL")
        if _wait(connection, _HAS_SCHEMA, (), self._timeout).fetchone() is None:
            _wait(connection, "BEGIN IMMEDIATE", (), self._timeout)
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute("COMMIT")


def _wait(
    connection: sqlite3.Connection, sql: str, values: _Values, timeout: float
) -> sqlite3.Cursor:
    """Execute the first statement of a transaction, as soon as the file is not locked.

    SQLite's own waiting sleeps for up to 100 ms between two looks, so that under many writers one
    may go hungry for seconds; and it does not wait at all where a new file is put into WAL mode.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            return connection.execute(sql, values)
        except sqlite3.OperationalError as error:
            # The low byte: what it waits for (recovery, a snapshot) makes no difference.
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() >= deadline:
                raise
            time.sleep(_POLL)
