"""A token store in this process's memory, for tests: `MemoryStore`."""

from __future__ import annotations

import os
import threading
import warnings
from dataclasses import replace
from itertools import count
from typing import ClassVar, TypeVar

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
from .outages import tells_outages

_PRUNE_EVERY = 256  # writes

_Key = tuple[str, str]
Flag = TypeVar("Flag", bound=int)


@tells_outages
class MemoryStore(TokenStore):
    """A token store in the memory of one process: for tests, and the default in tests.

    .. danger:: **A revoked token is accepted in all other worker processes, and after a restart in
        all of them**, because each process has a store of its own. Use `SQLiteStore` in
        production.

    It warns if ``WEB_CONCURRENCY`` is more than one, and if it is used in a process that was forked
    after it was made.
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
        # (issuer, sub) -> (microsecond: logins that began before it open nothing, until when)
        self._floors: dict[_Key, tuple[int, int]] = {}
        if os.environ.get("WEB_CONCURRENCY", "1") not in {"", "0", "1"}:
            self._warn()

    def __repr__(self) -> str:
        return "MemoryStore()"

    def standing(self, ref: TokenRef, *, now: int, leeway: float = 0) -> TokenStatus:
        if self._pid != os.getpid():
            self._check_process()
        issuer = ref.issuer
        token = self._tokens.get((issuer, ref.token_id))
        record = self._record_of(ref)
        cut_off = self._cut_offs.get((issuer, ref.subject))
        if token is None and record is None and cut_off is None and ref.kind != REFRESH:
            return TokenStatus.GOOD
        known = Known(
            None if token is None else token[0],
            None if record is None else record.is_ended,
            None if cut_off is None else cut_off[0],
            record,
        )
        return judge_standing(ref, known, now, leeway)

    def _record_of(self, ref: TokenRef) -> SessionRecord | None:
        session_id = ref.session_id
        if session_id is None:
            if ref.kind != REFRESH:
                return None
            session_id = self.adopted_session_id(ref)
        return self._records.get((ref.issuer, session_id))

    def open_session(
        self, session: Session, *, since: float | None = None, maximum: int | None = None
    ) -> Opening:
        self._before_write(session.last_used_at)
        with self._lock:
            if (session.issuer, session.session_id) in self._records:
                return Opening.KNOWN
            floor, _ = self._floors.get((session.issuer, session.subject), (0, 0))
            if since is not None and microseconds(since) < floor:
                return Opening.CUT_OFF
            self._end_oldest(session, maximum)
            self._put(SessionRecord(session))
            return Opening.OPENED

    def _end_oldest(self, session: Session, maximum: int | None) -> None:
        """End the subject's oldest sessions above the maximum; the lock is held."""
        if maximum is not None:
            live = self._live(session.issuer, session.subject, session.last_used_at)
            for record in live[maximum - 1 :]:
                self._put(record.ended())

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
        self._before_write(now)
        key = (ref.issuer, ref.token_id)
        with self._lock:
            record = self._records.get((session.issuer, session.session_id))
            token, cut_off = self._tokens.get(key), self._cut_offs.get((ref.issuer, ref.subject))
            if record is None and token is None and not _is_cut_off(ref, cut_off, leeway):
                self._tokens[key] = (False, _end(token_expires_at))
                self._end_oldest(session, maximum)
                self._put(SessionRecord(session))
                return session
            is_fit = record is not None and record.is_live(now) and not (token and token[0])
            return record.session if record is not None and is_fit else None

    def rotate(
        self,
        ref: TokenRef,
        step: Step,
        *,
        now: int,
        grace: int = 0,
        kept: bytes | None = None,
    ) -> Rotation:
        self._before_write(now)
        with self._lock:
            record, rotation = self._presented(ref, now)
            if record is None or rotation.state is not RotationState.CURRENT:
                return rotation
            self._put(record.rotated(step, now, now + grace, kept))
            return Rotation(RotationState.ROTATED)

    def present(self, ref: TokenRef, *, now: int) -> Rotation:
        self._before_write(now)
        with self._lock:
            return self._presented(ref, now)[1]

    def _presented(self, ref: TokenRef, now: int) -> tuple[SessionRecord | None, Rotation]:
        """Judge a refresh token, and end the session of a reused one; the lock is held."""
        record = self._records.get((ref.issuer, ref.session_id or ""))
        if record is None:
            return None, Rotation(RotationState.ENDED)
        state = record.judge(ref, now)
        if state is RotationState.REUSED:
            self._put(record.ended())
        return record, Rotation(state, record.kept if state is RotationState.REPEATED else None)

    def replace(
        self, issuer: str, session_id: str, expected_id: str, step: Step, *, now: int
    ) -> bool:
        self._before_write(now)
        with self._lock:
            record = self._records.get((issuer, session_id))
            if record is None or not record.is_live(now):
                return False
            if record.session.refresh_id != expected_id:
                return False
            self._put(record.replaced(step, now))
            return True

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

    def revoke_token(self, ref: TokenRef, *, expires_at: int | None, now: int) -> None:
        self._before_write(now)
        key = (ref.issuer, ref.token_id)
        with self._lock:
            _, known_until = self._tokens.get(key, (True, 0))
            self._tokens[key] = (True, max(known_until, _end(expires_at)))

    def revoke_session(
        self, issuer: str, session_id: str, *, now: int, until: int | None = None
    ) -> None:
        self._before_write(now)
        with self._lock:
            record = self._records.get((issuer, session_id))
            if record is None:
                unknown = Session(issuer, session_id, "", "", now, now, _end(until), None)
                record = SessionRecord(unknown)
            self._put(record.ended())

    def revoke_subject(self, issuer: str, subject: str, *, now: float, until: int) -> None:
        self._before_write(int(now))
        with self._lock:
            cut_off, known_until = self._cut_offs.get((issuer, subject), (int(now), until))
            self._cut_offs[issuer, subject] = (max(cut_off, int(now)), max(known_until, until))
            self._raise_floor(issuer, subject, now)
            for record in self._of_subject(issuer, subject):
                self._put(record.ended())

    def end_others(self, issuer: str, subject: str, keep: str | None, *, now: float) -> int:
        self._before_write(int(now))
        with self._lock:
            self._raise_floor(issuer, subject, now)
            others = [
                record
                for record in self._of_subject(issuer, subject)
                if record.session.session_id != keep
            ]
            for record in others:
                self._put(record.ended())
        return sum(record.is_live(int(now)) for record in others)

    def _raise_floor(self, issuer: str, subject: str, now: float) -> None:
        """Set the login floor: logins that began before *now* open nothing; the lock is held."""
        floor, _ = self._floors.get((issuer, subject), (0, 0))
        self._floors[issuer, subject] = (max(floor, microseconds(now)), int(now) + MAX_LOGIN)

    def consume(self, ref: TokenRef, *, expires_at: int | None, now: int) -> bool:
        self._before_write(now)
        entry = (False, _end(expires_at))
        with self._lock:
            return self._tokens.setdefault((ref.issuer, ref.token_id), entry) is entry

    def sessions(
        self,
        issuer: str,
        subject: str,
        *,
        now: int,
        limit: int = PAGE,
        before: tuple[float, str] | None = None,
    ) -> list[Session]:
        self._check_process()
        with self._lock:
            live = [record.session for record in self._live(issuer, subject, now)]
        if before is not None:
            last = (microseconds(before[0]), before[1])
            live = [session for session in live if _place(session) < last]
        return live[:limit]

    def session(self, issuer: str, session_id: str, *, now: int) -> Session | None:
        if self._pid != os.getpid():
            self._check_process()
        record = self._records.get((issuer, session_id))
        return record.session if record is not None and record.is_live(now) else None

    def prune(self, *, now: int) -> int:
        self._check_process()
        horizon = now - MAX_LEEWAY
        with self._lock:
            self._erase_kept(now)
            records = [r for r in self._records.values() if r.session.expires_at <= horizon]
            for record in records:
                self._drop(record.session)
            over = _drop_over(self._tokens, horizon) + _drop_over(self._cut_offs, horizon)
            _drop_over(self._floors, horizon)
        return over + len(records)

    def close(self) -> None:
        """Do nothing: there is no connection, and the entries stay."""

    def _of_subject(self, issuer: str, subject: str) -> list[SessionRecord]:
        ids = self._by_subject.get((issuer, subject), ())
        return [self._records[issuer, session_id] for session_id in ids]

    def _live(self, issuer: str, subject: str, now: int) -> list[SessionRecord]:
        """Return the live sessions of a subject, the newest first; the lock is held."""
        live = [record for record in self._of_subject(issuer, subject) if record.is_live(now)]
        return sorted(live, key=lambda record: _place(record.session), reverse=True)

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
                self._put(replace(record, predecessors=(), kept=None))

    def _before_write(self, now: int) -> None:
        if self._pid != os.getpid():
            self._check_process()
        if next(self._writes) % _PRUNE_EVERY == 0:
            self.prune(now=now)

    def _check_process(self) -> None:
        """Begin anew in a process that was forked; frequent questions call it only there."""
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


def _end(expires_at: int | None) -> int:
    return FOREVER if expires_at is None else expires_at


def _place(session: Session) -> tuple[int, str]:
    """Return the sort key of a subject's sessions: creation time and id."""
    return microseconds(session.created_at), session.session_id


def _is_cut_off(ref: TokenRef, cut_off: tuple[int, int] | None, leeway: float) -> bool:
    return cut_off is not None and ref.is_covered_by(cut_off[0], leeway)


def _drop_over(entries: dict[_Key, tuple[Flag, int]], horizon: int) -> int:
    """Remove entries that nobody needs any more, and return how many there were."""
    over = [key for key, (_, until) in entries.items() if until <= horizon]
    for key in over:
        del entries[key]
    return len(over)
