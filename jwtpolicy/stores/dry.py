"""`DryStore`: the store of a dry run, which reads another one and writes nothing to it."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

from ..tokens.status import TokenStatus
from .base import (
    FOREVER,
    PAGE,
    REFRESH,
    Opening,
    Rotation,
    RotationState,
    Session,
    SessionRecord,
    Step,
    TokenRef,
    TokenStore,
    microseconds,
)

#: What the real request would do beside its answer, in words.
USES_UP: Final = "the single-use token would be used up"
ENDS_SESSION: Final = "the session would be ended: its refresh token was used before"
OPENS: Final = "a session would be opened"
ROTATES: Final = "the refresh token would be used up"
REPLACES: Final = "the session would get another refresh token"
PROLONGS: Final = "the session would be prolonged"
REVOKES: Final = "a token would be revoked"
ENDS: Final = "a session would be ended"
ENDS_ALL: Final = "all sessions of a user would be ended"
ENDS_OTHERS: Final = "the other sessions of a user would be ended"

#: Under which entries are kept: an issuer, and the id of a token, a session or a subject.
_Key = tuple[str, str]

_STATES: Final = {
    TokenStatus.GOOD: RotationState.CURRENT,
    TokenStatus.IN_GRACE: RotationState.REPEATED,
    TokenStatus.REPLACED: RotationState.REPLACED,
    TokenStatus.CONSUMED: RotationState.REUSED,
    TokenStatus.REVOKED: RotationState.ENDED,
}
_STATUS: Final = {state: status for status, state in _STATES.items()}


class DryStore(TokenStore):
    """A token store for one request that is only explained: what it would write, it remembers.

    So the request meets what it has done itself, as a real one would: what a hook has revoked is
    refused by the guard. Of the other store only `standing`, `session`, `sessions` and the makers
    of session ids are called. What these do not tell is not foreseen: a login is never cut off, and
    its id never taken; a repeated refresh gets its caller's new pair; tokens of sessions that the
    other store does not know are refused after `end_others`; a token that was revoked by its id
    is no sign of theft; `sessions` may return less than its limit; and the request is taken to be
    over within the second.

    Args:
        store: The store that is read.
        effects: Gets what would be written, in words, each once, in the order of the request.
    """

    is_shared: ClassVar[bool] = False

    def __init__(self, store: TokenStore, effects: list[str]) -> None:
        self._store = store
        self._effects = effects
        self._tokens: dict[_Key, TokenStatus] = {}
        self._records: dict[_Key, SessionRecord] = {}
        self._opened: set[_Key] = set()
        self._ended: set[_Key] = set()
        # Of subjects whose sessions were ended: the session that goes on, "" for tokens outside of
        # any, which go on too; None: all were revoked.
        self._cut: dict[_Key, frozenset[str] | None] = {}

    def _note(self, effect: str) -> None:
        if effect not in self._effects:
            self._effects.append(effect)

    def standing(self, ref: TokenRef, *, now: int, leeway: float = 0) -> TokenStatus:
        own = self._own(ref, now)
        if own is TokenStatus.REVOKED or self._is_over(ref, now):
            return TokenStatus.REVOKED
        found = self._found(ref, now, leeway)
        if found is not TokenStatus.GOOD or own is TokenStatus.GOOD:
            return found
        # One without `sid` is marked as consumed when it is adopted: its session knows better.
        is_adopted = ref.session_id is None and self.session(*self._key(ref), now=now)
        return found if is_adopted else own

    def _own(self, ref: TokenRef, now: int) -> TokenStatus:
        """Return the status of the token by itself, whatever became of its session."""
        alone = TokenRef(ref.issuer, ref.subject, ref.token_id, issued_at=FOREVER)
        written = self._tokens.get((ref.issuer, ref.token_id))
        return written or self._store.standing(alone, now=now)

    def _found(self, ref: TokenRef, now: int, leeway: float) -> TokenStatus:
        """Return the status by the sessions of here, then by the other store."""
        key = self._key(ref)
        record = self._records.get(key) if ref.kind == REFRESH else None
        here = TokenStatus.GOOD if record is None else _STATUS[record.judge(ref, now)]
        # The other store knows nothing of what was opened or issued here. Of a token that is
        # unknown here it may know more, unless a replacement has made all earlier ones void.
        is_unknown = record is None or (here is TokenStatus.CONSUMED and not record.replaced_at)
        if key in self._opened or not is_unknown:
            return here
        found = self._store.standing(ref, now=now, leeway=leeway)
        return here if found is TokenStatus.GOOD else found

    def _key(self, ref: TokenRef) -> _Key:
        """Return the key of the session of *ref*; of the one that adopts it, if it has none."""
        if ref.session_id is None and ref.kind == REFRESH:
            return ref.issuer, self.adopted_session_id(ref)
        return ref.issuer, ref.session_id or ""

    def _is_over(self, ref: TokenRef, now: int) -> bool:
        key = self._key(ref)
        if key in self._ended or not self._is_cut(key, ref.subject):
            return key in self._ended
        # A refresh token that nobody has adopted is one outside of any session.
        is_apart = ref.session_id is None and not self._store.session(*key, now=now)
        return not is_apart or self._is_cut((ref.issuer, ""), ref.subject)

    def _is_cut(self, key: _Key, subject: str) -> bool:
        """Whether the session *key* was ended with all others of *subject*; later ones were not."""
        owner = (key[0], subject)
        if key in self._opened or owner not in self._cut:
            return False
        kept = self._cut[owner]
        return kept is None or key[1] not in kept

    def new_session_id(self, issuer: str, subject: str) -> str:
        return self._store.new_session_id(issuer, subject)

    def adopted_session_id(self, ref: TokenRef) -> str:
        return self._store.adopted_session_id(ref)

    def open_session(
        self, session: Session, *, since: float | None = None, maximum: int | None = None
    ) -> Opening:
        self._open(session, maximum)
        return Opening.OPENED

    def _open(self, session: Session, maximum: int | None) -> None:
        issuer, subject, now = session.issuer, session.subject, session.last_used_at
        if maximum is not None:
            for oldest in self.sessions(issuer, subject, now=now)[maximum - 1 :]:
                self.revoke_session(issuer, oldest.session_id, now=now)
        self._records[issuer, session.session_id] = SessionRecord(session)
        self._opened.add((issuer, session.session_id))
        self._note(OPENS)

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
        standing = self.standing(ref, now=now, leeway=leeway)
        known = self.session(session.issuer, session.session_id, now=now)
        if known is not None or standing is not TokenStatus.GOOD:
            return None if standing is TokenStatus.REVOKED else known
        self._tokens[ref.issuer, ref.token_id] = TokenStatus.CONSUMED
        self._open(session, maximum)
        return session

    def rotate(
        self,
        ref: TokenRef,
        step: Step,
        *,
        now: int,
        grace: int = 0,
        kept: bytes | None = None,
    ) -> Rotation:
        record = self._record(self._key(ref), now)
        found = self.present(ref, now=now)
        if found.state is RotationState.REPEATED:
            # The kept pair cannot be had without a method that writes; the caller's is as good for
            # an answer that nobody gets.
            return Rotation(RotationState.ROTATED)
        if found.state is not RotationState.CURRENT or record is None:
            return found
        self._records[self._key(ref)] = record.rotated(step, now, now + grace, kept)
        self._note(ROTATES)
        return Rotation(RotationState.ROTATED)

    def present(self, ref: TokenRef, *, now: int) -> Rotation:
        state = self._presented(ref, now)
        if state is RotationState.REUSED:
            self._ended.add(self._key(ref))
            self._note(ENDS_SESSION)
        return Rotation(state)

    def _presented(self, ref: TokenRef, now: int) -> RotationState:
        """Judge a refresh token by its session alone, whether or not it was used by itself."""
        record = self._record(self._key(ref), now)
        if record is None:
            return RotationState.ENDED
        if record.session.refresh_id == ref.token_id:
            return RotationState.CURRENT
        return _STATES[self._found(ref, now, 0)]

    def _record(self, key: _Key, now: int) -> SessionRecord | None:
        """Return the record of a live session; its used tokens are the other store's."""
        session = self.session(*key, now=now)
        if session is None:
            return None
        return self._records.get(key) or SessionRecord(session)

    def replace(
        self, issuer: str, session_id: str, expected_id: str, step: Step, *, now: int
    ) -> bool:
        key = (issuer, session_id)
        record = self._record(key, now)
        if record is None or record.session.refresh_id != expected_id:
            return False
        self._records[key] = record.replaced(step, now)
        self._note(REPLACES)
        return True

    def touch(
        self, issuer: str, session_id: str, *, now: int, idle_expires_at: int | None
    ) -> Session | None:
        key = (issuer, session_id)
        record = self._record(key, now)
        if record is None:
            return None
        session = replace(record.session, last_used_at=now, idle_expires_at=idle_expires_at)
        self._records[key] = replace(record, session=session)
        self._note(PROLONGS)
        return session

    def revoke_token(self, ref: TokenRef, *, expires_at: int | None, now: int) -> None:
        self._tokens[ref.issuer, ref.token_id] = TokenStatus.REVOKED
        self._note(REVOKES)

    def revoke_session(
        self, issuer: str, session_id: str, *, now: int, until: int | None = None
    ) -> None:
        self._ended.add((issuer, session_id))
        self._note(ENDS)

    def revoke_subject(self, issuer: str, subject: str, *, now: float, until: int) -> None:
        self._cut_off((issuer, subject), None)
        self._note(ENDS_ALL)

    def _cut_off(self, owner: _Key, kept: frozenset[str] | None) -> None:
        """End the sessions of *owner* but those in *kept*; those opened here as well."""
        earlier = self._cut.get(owner, kept)
        self._cut[owner] = None if kept is None or earlier is None else kept & earlier
        for key in list(self._opened):
            of_owner = (key[0], self._records[key].session.subject) == owner
            if of_owner and key[1] not in (kept or ()):
                self._ended.add(key)

    def end_others(self, issuer: str, subject: str, keep: str | None, *, now: float) -> int:
        found = self.sessions(issuer, subject, now=int(now))
        self._cut_off((issuer, subject), frozenset({"", keep or ""}))
        self._note(ENDS_OTHERS)
        return sum(one.session_id != keep for one in found)

    def consume(self, ref: TokenRef, *, expires_at: int | None, now: int) -> bool:
        if self._own(ref, now) is not TokenStatus.GOOD:
            return False
        self._tokens[ref.issuer, ref.token_id] = TokenStatus.CONSUMED
        self._note(USES_UP)
        return True

    def give_back(self, ref: TokenRef) -> None:
        """Forget that *ref* would be used up; that it would stays an effect."""
        self._tokens.pop((ref.issuer, ref.token_id), None)

    def sessions(
        self,
        issuer: str,
        subject: str,
        *,
        now: int,
        limit: int = PAGE,
        before: tuple[float, str] | None = None,
    ) -> list[Session]:
        listed = self._store.sessions(issuer, subject, now=now, limit=limit, before=before)
        ids = {one.session_id for one in listed} | {key[1] for key in self._opened}
        known = [self.session(issuer, session_id, now=now) for session_id in ids]
        live = [one for one in known if one is not None and one.subject == subject]
        last = None if before is None else (microseconds(before[0]), before[1])
        follow = [one for one in live if last is None or _place(one) < last]
        return sorted(follow, key=_place, reverse=True)[:limit]

    def session(self, issuer: str, session_id: str, *, now: int) -> Session | None:
        key = (issuer, session_id)
        record = self._records.get(key)
        found = None if record is None else record.session
        if found is None:
            found = self._store.session(issuer, session_id, now=now)
        if found is None or key in self._ended or self._is_cut(key, found.subject):
            return None
        return found if found.is_live(now) else None

    def prune(self, *, now: int) -> int:
        return 0

    def close(self) -> None:
        """Leave the other store open: it is the application's."""


def _place(session: Session) -> tuple[int, str]:
    """Return the sort key of a subject's sessions: creation time and id."""
    return microseconds(session.created_at), session.session_id
