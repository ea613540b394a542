"""The token store in an SQLite file, shared by all processes of a machine: `SQLiteStore`."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

from ..clock import Clock, system_clock
from ..connections.deadlines import in_time
from ..exceptions import ConfigurationError, StoreUnavailableError, expect
from ..tokens.status import TokenStatus
from .base import (
    FOREVER,
    MAX_LEEWAY,
    MAX_LOGIN,
    PAGE,
    REFRESH,
    Known,
    Opening,
    Rotation,
    RotationState,
    Session,
    SessionRecord,
    Step,
    TokenRef,
    TokenStore,
    judge_standing,
    microseconds,
)
from .columns import NO_CUT_OFF, read_predecessors, write_predecessors
from .lineage import Age, Lineage, warn_of
from .outages import tells_outages
from .sqlite_connections import Connections
from .sqlite_file import SQLiteFile, Values, earlier

T = TypeVar("T")

#: A change: it runs under the file's one write lock, and is on the disk or is not there.
Change = Callable[[sqlite3.Connection], T]

_PRUNE_EVERY: Final = 256  # writes
_PRUNE_LIMIT: Final = 1024  # rows of each table in one transaction, so that no writer waits long
_TRIES: Final = 3  # of a change whose file is replaced meanwhile

_SESSION_COLUMNS: Final = (
    "issuer, session_id, subject, refresh_id, created_us, last_used_at, expires_at,"
    " idle_expires_at, label, facts"
)
_RECORD_COLUMNS: Final = (
    f"{_SESSION_COLUMNS}, is_ended, predecessors, kept, replaced_at, replaced_by"
)

_STANDING: Final = """
    SELECT {columns}
    FROM (SELECT 1) {more}
    LEFT JOIN jwtpolicy_tokens AS token ON token.issuer = ? AND token.token_id = ?
    LEFT JOIN jwtpolicy_sessions AS session ON session.issuer = ? AND session.session_id = ?
    LEFT JOIN jwtpolicy_subjects AS subject ON subject.issuer = ? AND subject.subject = ?"""

_KNOWN: Final = "token.is_revoked, session.is_ended, subject.cut_off"
#: Where what was lost is denied, the file says how far it has come, in the same statement.
_WITH_MEMORY: Final = "file.memory_began, memory.mark, memory.restored, "
_MEMORY: Final = "LEFT JOIN jwtpolicy_file AS file LEFT JOIN jwtpolicy_memory AS memory"
_ADVANCE: Final = "UPDATE jwtpolicy_memory SET mark = mark + 1"
_AGE: Final = "SELECT memory_began, mark FROM jwtpolicy_file, jwtpolicy_memory"
_BEGIN_AGAIN: Final = (
    "UPDATE jwtpolicy_file SET memory_began = max(memory_began, :began, :now)",
    """UPDATE jwtpolicy_memory
        SET mark = max(mark, :mark) + 1, restored = max(restored, :now)""",
)

#: The columns of most access tokens: nothing was revoked, be the session known or not.
_GOOD: Final = frozenset({(None, 0, None), (None, None, None)})

_OF_RECORD: Final = ", ".join(f"session.{name}" for name in _RECORD_COLUMNS.split(", "))

_IS_LIVE: Final = (
    "is_ended = 0 AND expires_at > :now AND (idle_expires_at IS NULL OR idle_expires_at > :now)"
)
_ENDED: Final = "is_ended = 1, predecessors = NULL, kept = NULL, kept_until = NULL"
_THIS_SUBJECT: Final = "issuer = :issuer AND subject = :subject"

_INSERT: Final = f"""
    INSERT INTO jwtpolicy_sessions ({_SESSION_COLUMNS})
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""  # noqa: S608 # constants

_UPDATE: Final = """
    UPDATE jwtpolicy_sessions
    SET refresh_id = ?, last_used_at = ?, idle_expires_at = ?, facts = ?, is_ended = ?,
        predecessors = ?, kept = ?, kept_until = ?, replaced_at = ?, replaced_by = ?
    WHERE issuer = ? AND session_id = ?"""

_RECORD: Final = f"""
    SELECT {_RECORD_COLUMNS} FROM jwtpolicy_sessions
    WHERE issuer = ? AND session_id = ?"""  # noqa: S608 # constants

_END_SESSION: Final = f"""
    INSERT INTO jwtpolicy_sessions (issuer, session_id, is_ended, refresh_id, subject, created_us,
        last_used_at, expires_at)
    VALUES (:issuer, :session_id, 1, '', '', :now * 1000000, :now, :until)
    ON CONFLICT (issuer, session_id) DO UPDATE SET {_ENDED}"""  # noqa: S608 # constants

_END_SESSIONS: Final = f"""
    UPDATE jwtpolicy_sessions SET {_ENDED} WHERE {_THIS_SUBJECT}"""  # noqa: S608 # constants

_END_OTHERS: Final = f"""
    UPDATE jwtpolicy_sessions SET {_ENDED}
    WHERE {_THIS_SUBJECT} AND session_id IS NOT :keep AND {_IS_LIVE}"""  # noqa: S608 # constants
#: Those that have idled away too, whose access tokens may be about.
_END_OTHERS_OVER: Final = f"""
    UPDATE jwtpolicy_sessions SET {_ENDED}
    WHERE {_THIS_SUBJECT} AND session_id IS NOT :keep AND is_ended = 0"""  # noqa: S608 # constants

_END_OLDEST: Final = f"""
    UPDATE jwtpolicy_sessions SET {_ENDED} WHERE (issuer, session_id) IN
        (SELECT issuer, session_id FROM jwtpolicy_sessions WHERE {_THIS_SUBJECT} AND {_IS_LIVE}
        ORDER BY created_us DESC, session_id DESC LIMIT -1 OFFSET :remaining)
    """  # noqa: S608 # constants

_FLOOR: Final = "SELECT floor_us FROM jwtpolicy_subjects WHERE issuer = ? AND subject = ?"

_CUT: Final = """
    INSERT INTO jwtpolicy_subjects (issuer, subject, cut_off, floor_us, expires_at)
    VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (issuer, subject) DO UPDATE SET cut_off = max(cut_off, excluded.cut_off),
        floor_us = max(floor_us, excluded.floor_us),
        expires_at = max(expires_at, excluded.expires_at)"""

_REVOKE_TOKEN: Final = """
    INSERT INTO jwtpolicy_tokens (issuer, token_id, is_revoked, expires_at) VALUES (?, ?, 1, ?)
    ON CONFLICT (issuer, token_id) DO UPDATE SET is_revoked = 1,
        expires_at = max(expires_at, excluded.expires_at)"""  # noqa: S105 # SQL

_CONSUME: Final = """
    INSERT INTO jwtpolicy_tokens (issuer, token_id, is_revoked, expires_at) VALUES (?, ?, 0, ?)
    ON CONFLICT DO NOTHING"""

_SESSIONS: Final = f"""
    SELECT {_SESSION_COLUMNS} FROM jwtpolicy_sessions
    WHERE {_THIS_SUBJECT} AND {_IS_LIVE} AND (created_us, session_id) < (:before_us, :before_id)
    ORDER BY created_us DESC, session_id DESC LIMIT :limit"""  # noqa: S608 # constants
#: The cursor before the newest session.
_NEWEST: Final = (FOREVER, "")

_ERASE_KEPT: Final = """
    UPDATE jwtpolicy_sessions SET predecessors = NULL, kept = NULL, kept_until = NULL
    WHERE kept_until <= ?"""

_PRUNE: Final = tuple(
    f"""DELETE FROM jwtpolicy_{table} WHERE (issuer, {key}) IN
        (SELECT issuer, {key} FROM jwtpolicy_{table} WHERE expires_at <= ? LIMIT ?)
    """  # noqa: S608 # constants
    for table, key in (
        ("tokens", "token_id"),
        ("sessions", "session_id"),
        ("subjects", "subject"),
    )
)

_PRUNABLE: Final = """
    SELECT (SELECT count(*) FROM jwtpolicy_tokens WHERE expires_at <= :horizon)
        + (SELECT count(*) FROM jwtpolicy_sessions WHERE expires_at <= :horizon)
        + (SELECT count(*) FROM jwtpolicy_subjects WHERE expires_at <= :horizon)"""


@tells_outages
class SQLiteStore(TokenStore):
    """A token store in one file: for one machine with any number of workers and threads.

    The file and its folder are created at the first use. Only its owner may read the file and its
    log. It is in WAL mode, so readers do not wait for writers. Each write is on the disk before it
    is answered, so a revocation survives a crash of the machine.

    If the file is deleted or replaced by another one, a write notices it before it is answered, and
    a look-up notices it within a second.

    .. warning:: **Revoked tokens are accepted again if the file is lost**, for example with a
        container without a volume; and everybody has to log in again when the access token
        expires. On network file systems SQLite's locks do not work.

    Args:
        path: The file.
        timeout: Seconds to wait for the write of another process, before
            `StoreUnavailableError`.
        lost: What happens to older tokens if the file was deleted or replaced by an older copy.
            With ``"accept"``, tokens are accepted that the new file does not know as revoked. With
            ``"deny"``, tokens that were issued before are refused.
        clock: A function that returns the time; a new file records it as its beginning.

    Raises:
        ConfigurationError: *lost* is neither ``"accept"`` nor ``"deny"``.
    """

    is_shared: ClassVar[bool] = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        timeout: float = 5.0,
        lost: str = "accept",
        clock: Clock = system_clock,
    ) -> None:
        expect(path, (str, os.PathLike), "SQLiteStore takes a path", ConfigurationError)
        expect(timeout, (int, float), "SQLiteStore(timeout=…) takes seconds", ConfigurationError)
        if lost not in ("accept", "deny"):
            msg = f"lost= is 'accept' or 'deny', not {lost!r:.40}"
            raise ConfigurationError(msg)
        self.path = Path(path).absolute()
        self._timeout = timeout
        self._shown = f"the SQLite token store's file {self.path}"
        self._clock = clock
        self._lineage = Lineage() if lost == "deny" else None
        memory, more = (_WITH_MEMORY, _MEMORY) if lost == "deny" else ("", "")
        self._standing = _STANDING.format(columns=f"{memory}{_KNOWN}", more=more)
        self._known_sql = _STANDING.format(columns=f"{memory}{_KNOWN}, {_OF_RECORD}", more=more)
        self._writes = count(1)
        self._file = SQLiteFile(self.path, timeout, clock)
        self._connections = Connections(self._file.open, self._file.identity)

    def __repr__(self) -> str:
        return f"SQLiteStore({str(self.path)!r}, timeout={self._timeout!r})"

    def standing(self, ref: TokenRef, *, now: int, leeway: float = 0) -> TokenStatus:
        issuer, subject, token_id, session_id, _, kind = ref
        if kind == REFRESH:
            with self._connections.lease() as connection:
                known = self._known(connection, ref, leeway)
            return TokenStatus.REVOKED if known is None else judge_standing(ref, known, now, leeway)
        values = (issuer, token_id, issuer, session_id, issuer, subject)
        with self._connections.lease() as connection:
            if self._lineage is None:
                found = self._file.wait(connection, self._standing, values).fetchone()
            else:
                asking = (connection, self._standing, values)
                found = self._remembered(self._lineage, *asking, ref, leeway)
                if found is None:
                    return TokenStatus.REVOKED
        return (
            TokenStatus.GOOD if found in _GOOD else judge_standing(ref, Known(*found), now, leeway)
        )

    def _remembered(
        self,
        lineage: Lineage,
        connection: sqlite3.Connection,
        sql: str,
        values: Values,
        ref: TokenRef,
        leeway: float,
    ) -> tuple[Any, ...] | None:
        """Look a token up, with the beginning of memory as a cut-off of all subjects.

        Returns:
            The columns, or None for a token from before the file went back in time, even though
            its session is known: the entry may date from before the session was ended.
        """
        seen = lineage.seen()
        began, mark, restored, *found = self._file.wait(connection, sql, values).fetchone()
        if began is None or mark is None:
            return None
        age = Age(began, mark)
        if age < seen:
            warn_of(self._shown, seen, age)
            began = restored = self._begin_again(connection, seen)
        lineage.see(age)
        if ref.is_covered_by(restored, leeway):
            return None
        found[2] = began if found[2] is None else max(began, found[2])
        return tuple(found)

    def _begin_again(self, connection: sqlite3.Connection, seen: Age) -> int:
        """Set the beginning of memory to now, in a file that went back in time."""
        now = int(self._clock())
        values = {"began": seen.began, "mark": seen.mark, "now": now}
        is_within = connection.in_transaction
        if not is_within:
            self._file.wait(connection, "BEGIN IMMEDIATE")
        for statement in _BEGIN_AGAIN:
            connection.execute(statement, values)
        if not is_within:
            connection.execute("COMMIT")
        return now

    def _known(self, connection: sqlite3.Connection, ref: TokenRef, leeway: float) -> Known | None:
        """Return the entries about a refresh token and its session, or the one that adopted it.

        None: the token is from before the file went back in time.
        """
        issuer, subject, token_id, session_id, _, _ = ref
        if session_id is None:
            session_id = self.adopted_session_id(ref)
        values = (issuer, token_id, issuer, session_id, issuer, subject)
        if self._lineage is None:
            found = self._file.wait(connection, self._known_sql, values).fetchone()
        else:
            asking = (connection, self._known_sql, values)
            found = self._remembered(self._lineage, *asking, ref, leeway)
            if found is None:
                return None
        is_revoked, is_ended, cut_off, *row = found
        return Known(
            None if is_revoked is None else bool(is_revoked),
            None if is_ended is None else bool(is_ended),
            cut_off,
            None if is_ended is None else _record_of(row),
        )

    def open_session(
        self, session: Session, *, since: float | None = None, maximum: int | None = None
    ) -> Opening:
        def change(connection: sqlite3.Connection) -> Opening:
            if _find(connection, session.issuer, session.session_id) is not None:
                return Opening.KNOWN
            if since is not None and microseconds(since) < _floor(connection, session):
                return Opening.CUT_OFF
            _end_oldest(connection, session, maximum)
            connection.execute(_INSERT, _session_values(session))
            return Opening.OPENED

        return self._change(session.last_used_at, change)

    def adopt(
        self,
        ref: TokenRef,
        session: Session,
        *,
        token_expires_at: int | None,
        leeway: float = 0,
        maximum: int | None = None,
    ) -> Session | None:
        now = session.last_used_at

        def change(connection: sqlite3.Connection) -> Session | None:
            known = self._known(connection, ref, leeway)
            if known is None:
                return None
            if known.record is not None:
                is_fit = known.record.is_live(now) and not known.is_revoked
                return known.record.session if is_fit else None
            if judge_standing(ref, known, now, leeway) is not TokenStatus.GOOD:
                return None
            connection.execute(_CONSUME, (ref.issuer, ref.token_id, _end(token_expires_at)))
            _end_oldest(connection, session, maximum)
            connection.execute(_INSERT, _session_values(session))
            return session

        return self._change(now, change)

    def rotate(
        self,
        ref: TokenRef,
        step: Step,
        *,
        now: int,
        grace: int = 0,
        kept: bytes | None = None,
    ) -> Rotation:
        def change(connection: sqlite3.Connection) -> Rotation:
            record, rotation = _presented(connection, ref, now)
            if record is None or rotation.state is not RotationState.CURRENT:
                return rotation
            _put(connection, record.rotated(step, now, now + grace, kept))
            return Rotation(RotationState.ROTATED)

        return self._change(now, change)

    @in_time
    def present(self, ref: TokenRef, *, now: int) -> Rotation:
        with self._connections.lease() as connection:
            record = self._read(connection, ref.issuer, ref.session_id or "")
        if record is None:
            return Rotation(RotationState.ENDED)
        state = record.judge(ref, now)
        if state is not RotationState.REUSED:
            return Rotation(state, record.kept if state is RotationState.REPEATED else None)
        # Only now is there anything to write: whether it is so still is judged once more.
        return self._change(now, lambda connection: _presented(connection, ref, now)[1])

    def replace(
        self, issuer: str, session_id: str, expected_id: str, step: Step, *, now: int
    ) -> bool:
        def change(connection: sqlite3.Connection) -> bool:
            record = _find(connection, issuer, session_id)
            if record is None or not record.is_live(now):
                return False
            if record.session.refresh_id != expected_id:
                return False
            _put(connection, record.replaced(step, now))
            return True

        return self._change(now, change)

    def touch(
        self, issuer: str, session_id: str, *, now: int, idle_expires_at: int | None
    ) -> Session | None:
        def change(connection: sqlite3.Connection) -> Session | None:
            record = _find(connection, issuer, session_id)
            if record is None or not record.is_live(now):
                return None
            session = replace(record.session, last_used_at=now, idle_expires_at=idle_expires_at)
            _put(connection, replace(record, session=session))
            return session

        return self._change(now, change)

    def revoke_token(self, ref: TokenRef, *, expires_at: int | None, now: int) -> None:
        values = (ref.issuer, ref.token_id, _end(expires_at))
        self._change(now, lambda connection: connection.execute(_REVOKE_TOKEN, values))

    def revoke_session(
        self, issuer: str, session_id: str, *, now: int, until: int | None = None
    ) -> None:
        values = {"issuer": issuer, "session_id": session_id, "now": now, "until": _end(until)}
        self._change(now, lambda connection: connection.execute(_END_SESSION, values))

    def revoke_subject(self, issuer: str, subject: str, *, now: float, until: int) -> None:
        second = int(now)
        needed_until = max(until, second + MAX_LOGIN)
        cut = (issuer, subject, second, microseconds(now), needed_until)

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(_CUT, cut)
            connection.execute(_END_SESSIONS, {"issuer": issuer, "subject": subject})

        self._change(second, change)

    def end_others(self, issuer: str, subject: str, keep: str | None, *, now: float) -> int:
        second = int(now)
        floor = (issuer, subject, NO_CUT_OFF, microseconds(now), second + MAX_LOGIN)
        values = {"issuer": issuer, "subject": subject, "keep": keep, "now": second}

        def change(connection: sqlite3.Connection) -> int:
            connection.execute(_CUT, floor)
            live = connection.execute(_END_OTHERS, values).rowcount
            connection.execute(_END_OTHERS_OVER, values)
            return live

        return self._change(second, change)

    def consume(self, ref: TokenRef, *, expires_at: int | None, now: int) -> bool:
        values = (ref.issuer, ref.token_id, _end(expires_at))
        return self._change(
            now, lambda connection: connection.execute(_CONSUME, values).rowcount == 1
        )

    @in_time
    def sessions(
        self,
        issuer: str,
        subject: str,
        *,
        now: int,
        limit: int = PAGE,
        before: tuple[float, str] | None = None,
    ) -> list[Session]:
        created_at, session_id = before or _NEWEST
        values = {
            "issuer": issuer,
            "subject": subject,
            "now": now,
            "limit": limit,
            "before_us": microseconds(created_at),
            "before_id": session_id,
        }
        return [_session_of(row) for row in self._ask(_SESSIONS, values)]

    @in_time
    def session(self, issuer: str, session_id: str, *, now: int) -> Session | None:
        with self._connections.lease() as connection:
            record = self._read(connection, issuer, session_id)
        return record.session if record is not None and record.is_live(now) else None

    def prune(self, *, now: int) -> int:
        total = 0
        while removed := self.prune_batch(now=now, limit=_PRUNE_LIMIT):
            total += removed
        return total

    def prune_batch(self, *, now: int, limit: int) -> int:
        return self._change(now, lambda connection: _prune(connection, now, limit))

    @in_time
    def prunable(self, *, now: int) -> int:
        ((total,),) = self._ask(_PRUNABLE, {"horizon": earlier(now) - MAX_LEEWAY})
        return int(total)

    def upgrade(self) -> str:
        connections = Connections(self._file.connect)
        try:
            with connections.lease() as connection:
                found = self._file.upgrade(connection)
        finally:
            connections.close()
        if found != 1:
            return f"{self.path}: nothing to upgrade"
        return f"{self.path}: brought up to date"

    def close(self) -> None:
        self._connections.close()

    def _ask(self, sql: str, values: Values) -> list[Any]:
        with self._connections.lease() as connection:
            return self._file.wait(connection, sql, values).fetchall()

    def _read(
        self, connection: sqlite3.Connection, issuer: str, session_id: str
    ) -> SessionRecord | None:
        row = self._file.wait(connection, _RECORD, (issuer, session_id)).fetchone()
        return None if row is None else _record_of(row)

    @in_time
    def _change(self, now: int, change: Change[T]) -> T:
        """Run a change in a transaction, in the file that has the name when it is done.

        The write lock is held from the first statement to the commit. Where the file was replaced
        meanwhile, the change went into one that nobody will open again.
        """
        for _ in range(_TRIES):
            with (lease := self._connections.lease()) as connection:
                self._file.wait(connection, "BEGIN IMMEDIATE")
                changed = change(connection)
                age = self._advanced(connection)
                connection.execute(_ERASE_KEPT, (earlier(now),))
                if next(self._writes) % _PRUNE_EVERY == 0:
                    _prune(connection, now, _PRUNE_LIMIT)
                connection.execute("COMMIT")
                if lease.is_current():
                    self._see(age)
                    return changed
                lease.close()
        msg = "the SQLite token store's file is replaced again and again"
        raise StoreUnavailableError(msg)

    def _advanced(self, connection: sqlite3.Connection) -> Age | None:
        """Advance the file's mark in the transaction of a change, if that is due."""
        lineage = self._lineage
        if lineage is None or not lineage.is_due():
            return None
        lineage.advanced()
        seen = lineage.seen()
        ((began, mark),) = connection.execute(_AGE).fetchall()
        if Age(began, mark) < seen:
            # Not past what was seen before: nobody would notice any more.
            warn_of(self._shown, seen, Age(began, mark))
            self._begin_again(connection, seen)
            return None
        connection.execute(_ADVANCE)
        return Age(began, mark + 1)

    def _see(self, age: Age | None) -> None:
        if age is not None and self._lineage is not None:
            self._lineage.see(age)


def _presented(
    connection: sqlite3.Connection, ref: TokenRef, now: int
) -> tuple[SessionRecord | None, Rotation]:
    """Judge a refresh token, and end the session of a reused one."""
    record = _find(connection, ref.issuer, ref.session_id or "")
    if record is None:
        return None, Rotation(RotationState.ENDED)
    state = record.judge(ref, now)
    if state is RotationState.REUSED:
        _put(connection, record.ended())
    return record, Rotation(state, record.kept if state is RotationState.REPEATED else None)


def _find(connection: sqlite3.Connection, issuer: str, session_id: str) -> SessionRecord | None:
    row = connection.execute(_RECORD, (issuer, session_id)).fetchone()
    return None if row is None else _record_of(row)


def _put(connection: sqlite3.Connection, record: SessionRecord) -> None:
    session = record.session
    values = (
        session.refresh_id,
        session.last_used_at,
        session.idle_expires_at,
        session.facts,
        int(record.is_ended),
        write_predecessors(record.predecessors),
        record.kept,
        record.kept_until or None,
        record.replaced_at,
        record.replaced_by,
        session.issuer,
        session.session_id,
    )
    connection.execute(_UPDATE, values)


def _floor(connection: sqlite3.Connection, session: Session) -> int:
    """Return the microsecond before which a login must not have begun; earlier ones are cut off."""
    row = connection.execute(_FLOOR, (session.issuer, session.subject)).fetchone()
    return 0 if row is None else int(row[0])


def _end_oldest(connection: sqlite3.Connection, session: Session, maximum: int | None) -> None:
    """End the subject's oldest sessions above the maximum, in the transaction that opens one."""
    if maximum is not None:
        values = {
            "issuer": session.issuer,
            "subject": session.subject,
            "now": session.last_used_at,
            "remaining": maximum - 1,
        }
        connection.execute(_END_OLDEST, values)


def _prune(connection: sqlite3.Connection, now: int, limit: int) -> int:
    horizon = earlier(now) - MAX_LEEWAY
    return sum(connection.execute(sql, (horizon, limit)).rowcount for sql in _PRUNE)


def _end(expires_at: int | None) -> int:
    return FOREVER if expires_at is None else expires_at


def _session_values(session: Session) -> tuple[Any, ...]:
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
        session.facts,
    )


def _session_of(row: Sequence[Any]) -> Session:
    issuer, session_id, subject, refresh_id, created_us, *rest = row[:10]
    return Session(issuer, session_id, subject, refresh_id, created_us / 1_000_000, *rest)


def _record_of(row: Sequence[Any]) -> SessionRecord:
    is_ended, predecessors, kept, replaced_at, replaced_by = row[10:15]
    return SessionRecord(
        _session_of(row),
        bool(is_ended),
        read_predecessors(predecessors),
        kept,
        replaced_at,
        replaced_by,
    )
