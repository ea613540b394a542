"""Play one course of steps to several token stores at once, and compare what they answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from jwtpolicy.stores import MemoryStore, RotationState, Session, Step, TokenRef, TokenStore

NOW = 1_800_000_000
SUBJECTS = ("alice", "bob")
LEEWAY = 2
IDLE = 8
LIFE = 30

#: What is asked of refresh tokens alone.
OF_REFRESH = {"adopt", "rotate", "present", "replace"}

Ask = Callable[[TokenStore], Any]


class Drawn(NamedTuple):
    """A step that was drawn; the course makes it concrete by what has happened before.

    Attributes:
        verb: The name of a method of `Course`.
        number: Chooses the token or the session among those made so far; 0 is the newest.
        seconds: How long it is since the step before.
        other: Chooses among what else a verb can do.
    """

    verb: str
    number: int
    seconds: int
    other: int


class Course:
    """A course of steps: each store gets the same calls.

    They are those that the library makes: ids of sessions and tokens are new, tokens are issued
    only by a step that succeeds, and none that was revoked by its id is presented to its session. A
    login has not begun before its step, so that nothing cuts it off.

    Args:
        grace: Seconds for which a used refresh token may be repeated. It is the same in all steps:
            in an application it is a setting.
    """

    def __init__(self, grace: int) -> None:
        self.now = NOW
        self._grace = grace
        self._made: list[TokenRef] = []
        self._revoked: set[str] = set()
        self._number = 0
        self._signed: list[TokenRef] = []
        for subject in SUBJECTS:
            self._sign(subject, None)
            self._made += self._signed

    def play(self, drawn: Drawn, *stores: TokenStore) -> list[Any]:
        """Return what each of *stores* answers to the step; the first is asked what was issued."""
        self.now += drawn.seconds
        self._number += 1
        self._signed = []
        fit = [one for one in self._made if one.kind == "refresh" or drawn.verb not in OF_REFRESH]
        ask = getattr(self, drawn.verb)(fit[-1 - drawn.number % len(fit)], drawn.other)
        answers = [ask(store) for store in stores]
        self._made += [one for one in self._signed if self._is_issued(stores[0])]
        return answers

    def _is_issued(self, store: TokenStore) -> bool:
        """Whether the step has taken the tokens that were signed for it."""
        refresh = self._signed[-1]
        session = store.session("", refresh.session_id or "", now=self.now)
        return session is not None and session.refresh_id == refresh.token_id

    def seen(self, store: TokenStore) -> list[Any]:
        """Return all that *store* tells without being changed."""
        standing = [store.standing(one, now=self.now) for one in self._made]
        found = [
            store.session(one.issuer, one.session_id or "", now=self.now) for one in self._made
        ]
        return [standing, found, [store.sessions("", one, now=self.now) for one in SUBJECTS]]

    def _sign(self, subject: str, session_id: str | None) -> str:
        """Make a pair, and return the id of its refresh token."""
        self._signed = [
            TokenRef("", subject, f"{kind}{subject}{self._number}", session_id, self.now, kind)
            for kind in ("access", "refresh")
        ]
        return self._signed[-1].token_id

    def _session(self, token: TokenRef, session_id: str) -> Session:
        over, idle = self.now + LIFE, self.now + IDLE
        return Session(
            "", session_id, token.subject, token.token_id, self.now, self.now, over, idle
        )

    def _step(self, token: TokenRef, session_id: str, other: int) -> Step:
        idle = None if other == 1 else self.now + IDLE
        return Step(self._sign(token.subject, session_id), idle, "{}" if other == 2 else None)

    def _in_session(self, token: TokenRef) -> TokenRef:
        """Return a refresh token with its session, be it the one that adopts it."""
        adopted = MemoryStore().adopted_session_id(token)
        return token._replace(kind="refresh", session_id=token.session_id or adopted)

    def open_session(self, token: TokenRef, other: int) -> Ask:
        session_id = f"s{self._number}"
        refresh = token._replace(token_id=self._sign(token.subject, session_id))
        session = self._session(refresh, session_id)
        return lambda store: store.open_session(session, maximum=other or None)

    def adopt(self, token: TokenRef, other: int) -> Ask:
        token = token._replace(kind="refresh", session_id=None)
        session = self._session(token, MemoryStore().adopted_session_id(token))
        return lambda store: store.adopt(
            token, session, token_expires_at=None, leeway=LEEWAY, maximum=other or None
        )

    def rotate(self, token: TokenRef, other: int) -> Ask:
        presented = self._in_session(token)
        if self._is_refused(presented):
            return lambda store: None
        step = self._step(token, presented.session_id or "", other)._replace(facts=None)
        kept = b"pair" if self._grace else None

        def ask(store: TokenStore) -> RotationState:
            found = store.rotate(presented, step, now=self.now, grace=self._grace, kept=kept).state
            # A dry run answers a repetition with its caller's pair.
            return RotationState.ROTATED if found is RotationState.REPEATED else found

        return ask

    def present(self, token: TokenRef, other: int) -> Ask:
        presented = self._in_session(token)
        if self._is_refused(presented):
            return lambda store: None
        return lambda store: store.present(presented, now=self.now).state

    def _is_refused(self, token: TokenRef) -> bool:
        """Whether *token* was revoked by its id: such a one is never presented to its session."""
        return token.token_id in self._revoked

    def replace(self, token: TokenRef, other: int) -> Ask:
        session_id = self._in_session(token).session_id or ""
        step = self._step(token, session_id, other)
        return lambda store: store.replace("", session_id, token.token_id, step, now=self.now)

    def touch(self, token: TokenRef, other: int) -> Ask:
        idle = (self.now + IDLE, None, self.now)[other]
        session_id = self._in_session(token).session_id or ""
        return lambda store: store.touch("", session_id, now=self.now, idle_expires_at=idle)

    def revoke_token(self, token: TokenRef, other: int) -> Ask:
        self._revoked.add(token.token_id)
        return lambda store: store.revoke_token(token, expires_at=None, now=self.now)

    def revoke_session(self, token: TokenRef, other: int) -> Ask:
        session_id = self._in_session(token).session_id or ""
        return lambda store: store.revoke_session("", session_id, now=self.now)

    def revoke_subject(self, token: TokenRef, other: int) -> Ask:
        until = self.now + LIFE
        return lambda store: store.revoke_subject("", token.subject, now=self.now, until=until)

    def end_others(self, token: TokenRef, other: int) -> Ask:
        return lambda store: store.end_others("", token.subject, token.session_id, now=self.now)

    def consume(self, token: TokenRef, other: int) -> Ask:
        return lambda store: store.consume(token, expires_at=None, now=self.now)

    def standing(self, token: TokenRef, other: int) -> Ask:
        return lambda store: store.standing(token, now=self.now, leeway=LEEWAY)

    def sessions(self, token: TokenRef, other: int) -> Ask:
        before = (float(token.issued_at), token.session_id or "")
        return lambda store: store.sessions("", token.subject, now=self.now, before=before)


#: What a course is made of: all of its verbs.
VERBS = sorted(
    name for name in vars(Course) if not name.startswith("_") and name not in {"play", "seen"}
)
