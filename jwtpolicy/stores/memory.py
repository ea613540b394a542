"""Keep tokens' standing in this process's memory, for tests."""

from __future__ import annotations

import os
import threading
import warnings
from dataclasses import replace
from itertools import count
from typing import ClassVar

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

_PRUNE_EVERY = 256  # writes

_Key = tuple[str, str]


class MemoryStore(TokenStore):
    """A store that lives and dies with its process: for tests, and the default under them.

    .. danger:: Each worker process has its own, so a token that was revoked in one is good in the
        others, and after a restart it is good in all of them. Use `SQLiteStore` in production.

    It warns where it can see that there are several workers: when ``WEB_CONCURRENCY`` says so,
    and when it is used in a process that was forked after it was made.
    """

    is_shared: ClassVar[bool] = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._writes = count(1)
        # (issuer, jti) -> (whether it was revoked rather than consumed, when it expires)
        self._tokens: dict[_Key, tuple[bool, int]] = {}
        # (issuer, sid) -> record; records are replaced and never changed, so reading needs no lock
        self._records: dict[_Key, SessionRecord] = {}
        # (issuer, sub) -> the ids of its sessions
        self._by_subject: dict[_Key, set[str]] = {}
        # (issuer, sub) -> (cut-off, until when it is needed)
        self._cut_offs: dict[_Key, tuple[int, int]] = {}
        if os.environ.get("WEB_CONCURRENCY", "1") not in {"", "0", "1"}:
            self._warn()

    def __repr__(self) -> str:
        return "MemoryStore()"

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
        self._check_process()
        token = self._tokens.get((issuer, token_id))
        record = None if session_id is None else self._records.get((issuer, session_id))
        cut_off = self._cut_offs.get((issuer, subject))
        if token is None and record is None and cut_off is None and not is_refresh:
            return Standing.GOOD
        return judge_standing(
            token_id,
            session_id,
            issued_at,
            is_refresh,
            None if token is None else token[0],
            None if record is None else record.is_ended,
            None if record is None else record.session.refresh_id,
            None if cut_off is None else cut_off[0],
        )

    def open_session(self, session: Session) -> bool:
        self._before_write(session.created_at)
        with self._lock:
            if (session.issuer, session.session_id) in self._records:
                return False
            self._put(SessionRecord(session))
            return True

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
        self._before_write(now)
        with self._lock:
            record = self._records.get((issuer, session_id))
            if record is None:
                return Rotation(RotationState.ENDED)
            rotation = record.judge(presented_id, now)
            if rotation.state is RotationState.REUSED:
                self._put(replace(record, is_ended=True, kept=None))
            elif rotation.state is RotationState.ROTATED:
                successor = replace(
                    record.session,
                    refresh_id=successor_id,
                    last_used_at=now,
                    idle_expires_at=idle_expires_at,
                )
                self._put(SessionRecord(successor, False, presented_id, kept, now + refresh_grace))
            return rotation

    def touch(
        self, issuer: str, session_id: str, *, now: int, idle_expires_at: int | None
    ) -> Session | None:
        self._before_write(now)
        with self._lock:
            record = self._records.get((issuer, session_id))
            if record is None or not record.is_live(now):
                return None
            session = replace(record.session, last_used_at=now, idle_expires_at=idle_expires_at)
            self._put(replace(record, session=session))
            return session

    def revoke_token(
        self, issuer: str, subject: str, token_id: str, *, expires_at: int | None, now: int
    ) -> None:
        self._before_write(now)
        with self._lock:
            _, known_until = self._tokens.get((issuer, token_id), (True, 0))
            until = FOREVER if expires_at is None else expires_at
            self._tokens[issuer, token_id] = (True, max(known_until, until))

    def revoke_session(
        self, issuer: str, session_id: str, *, now: int, until: int | None = None
    ) -> None:
        self._before_write(now)
        with self._lock:
            record = self._records.get((issuer, session_id))
            if record is None:
                expires_at = FOREVER if until is None else until
                unknown = Session(issuer, session_id, "", "", now, now, expires_at, None)
                record = SessionRecord(unknown)
            self._put(replace(record, is_ended=True, kept=None))

    def revoke_subject(self, issuer: str, subject: str, *, now: int, until: int) -> None:
        self._before_write(now)
        with self._lock:
            cut_off, known_until = self._cut_offs.get((issuer, subject), (now, until))
            self._cut_offs[issuer, subject] = (max(cut_off, now), max(known_until, until))
            for session_id in self._by_subject.get((issuer, subject), ()):
                record = self._records[issuer, session_id]
                self._put(replace(record, is_ended=True, kept=None))

    def consume(
        self, issuer: str, subject: str, token_id: str, *, expires_at: int | None, now: int
    ) -> bool:
        self._before_write(now)
        entry = (False, FOREVER if expires_at is None else expires_at)
        with self._lock:
            return self._tokens.setdefault((issuer, token_id), entry) is entry

    def sessions(self, issuer: str, subject: str, *, now: int) -> list[Session]:
        self._check_process()
        with self._lock:
            ids = self._by_subject.get((issuer, subject), set())
            records = [self._records[issuer, session_id] for session_id in ids]
        live = [record.session for record in records if record.is_live(now)]
        return sorted(live, key=lambda session: (-session.created_at, session.session_id))

    def session(self, issuer: str, session_id: str, *, now: int) -> Session | None:
        self._check_process()
        record = self._records.get((issuer, session_id))
        return record.session if record is not None and record.is_live(now) else None

    def prune(self, *, now: int) -> int:
        self._check_process()
        horizon = now - MAX_LEEWAY
        with self._lock:
            self._erase_kept(now)
            tokens = [key for key, (_, until) in self._tokens.items() if until <= horizon]
            cut_offs = [key for key, (_, until) in self._cut_offs.items() if until <= horizon]
            records = [r for r in self._records.values() if r.session.expires_at <= horizon]
            for key in tokens:
                del self._tokens[key]
            for key in cut_offs:
                del self._cut_offs[key]
            for record in records:
                self._drop(record.session)
        return len(tokens) + len(cut_offs) + len(records)

    def close(self) -> None:
        """Do nothing: there is no connection, and the entries stay."""

    def _put(self, record: SessionRecord) -> None:
        session = record.session
        self._records[session.issuer, session.session_id] = record
        ids = self._by_subject.setdefault((session.issuer, session.subject), set())
        ids.add(session.session_id)

    def _drop(self, session: Session) -> None:
        del self._records[session.issuer, session.session_id]
        ids = self._by_subject[session.issuer, session.subject]
        ids.discard(session.session_id)
        if not ids:
            del self._by_subject[session.issuer, session.subject]

    def _erase_kept(self, now: int) -> None:
        for record in list(self._records.values()):
            if record.kept is not None and record.kept_until <= now:
                self._put(replace(record, kept=None))

    def _before_write(self, now: int) -> None:
        self._check_process()
        if next(self._writes) % _PRUNE_EVERY == 0:
            self.prune(now=now)

    def _check_process(self) -> None:
        if self._pid == os.getpid():
            return
        # The lock may have been held by a thread that was not forked along.
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._warn()

    @staticmethod
    def _warn() -> None:
        msg = (
            "MemoryStore is not shared between worker processes: what one revokes is good in the "
            "others. Set JWT_STORE_URL, for example to 'sqlite:///jwtpolicy.sqlite3'."
        )
        warnings.warn(msg, RuntimeWarning, stacklevel=4)
