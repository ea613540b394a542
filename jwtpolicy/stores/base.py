"""The interface of token stores, their values, and the judgement of what they find."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field, replace
from enum import Enum
from hashlib import sha256
from typing import ClassVar, Final, NamedTuple

from ..tokens.status import TokenStatus

#: Seconds that entries outlive the tokens they are about: the longest leeway that a verifier may
#: grant, so that no token is forgotten as revoked while it still verifies (REV-1).
MAX_LEEWAY: Final = 300

#: Bytes of randomness in a session's id.
SESSION_ID_BYTES: Final = 16

#: The expiry of what never expires: 9999-12-31, the last second that ``exp`` may name (CLAIM-1).
FOREVER: Final = 253402300799

#: Used refresh tokens that a session remembers for their grace. Whoever refreshes more often than
#: that within one grace loses the oldest of them: it then counts as reused.
MAX_PREDECESSORS: Final = 64

#: Seconds for which it is remembered that a subject's sessions were ended while a login of it was
#: under way. Logins that take longer open nothing.
MAX_LOGIN: Final = 3600

#: Sessions that `TokenStore.sessions` returns at once, unless it is asked for another number.
PAGE: Final = 100

#: The id of a token without ``jti``: no entry has it, so that the token is revoked with its subject
#: or its session alone.
NO_ID: Final = ""

#: The kind of token that belongs to a session and is rotated.
REFRESH: Final = "refresh"


class TokenRef(NamedTuple):
    """A reference to a token, by which a store looks it up; never the encoded token itself.

    Attributes:
        issuer: ``iss``, or the empty string for own tokens that carry none.
        subject: ``sub``.
        token_id: ``jti``; `NO_ID` for a token of another issuer that has none.
        session_id: ``sid``, or None for a token outside of any session.
        issued_at: ``iat``; 0 for a token without.
        kind: ``access``, ``refresh``, or a kind of the application's own.
    """

    issuer: str
    subject: str
    token_id: str
    session_id: str | None = None
    issued_at: float = 0
    kind: str = "access"

    def is_covered_by(self, cut_off: float, leeway: float) -> bool:
        """Whether the token may have been issued before *cut_off*, in seconds since the epoch.

        ``iat`` may have a fraction, a cut-off lies somewhere inside its second, and the clock of
        the machine that issued the token may be ahead by *leeway* seconds.
        """
        return self.issued_at < cut_off + 1 + leeway


@dataclass(frozen=True, slots=True)
class Session:
    """A session: opened by a login, kept alive by refreshing, ended by a logout or its expiry.

    All times are seconds since the epoch.

    Attributes:
        issuer: ``iss`` of its tokens, or the empty string for own tokens that carry none.
        session_id: ``sid`` of its tokens.
        subject: ``sub`` of its tokens.
        refresh_id: ``jti`` of the one refresh token that may still be used.
        created_at: The time of the login, to the microsecond: sessions are listed by it.
        last_used_at: The time of the last refresh.
        expires_at: The absolute expiry; rotation never moves it (REF-5).
        idle_expires_at: The expiry unless it is refreshed before, or None.
        label: A description for the user ("Firefox on Linux"), or None.
        facts: Claims of the login beside its user, as JSON text that the store only keeps; None
            for a session that was opened without.
    """

    issuer: str
    session_id: str
    subject: str
    refresh_id: str
    created_at: float
    last_used_at: int
    expires_at: int
    idle_expires_at: int | None
    label: str | None = None
    facts: str | None = field(default=None, repr=False)

    def is_live(self, now: int) -> bool:
        """Whether neither of the two lifetimes is over at *now*."""
        idle = self.idle_expires_at
        return now < self.expires_at and (idle is None or now < idle)


def microseconds(seconds: float) -> int:
    """Return a time as the integer of microseconds since the epoch that stores keep of it."""
    return round(seconds * 1_000_000)


class Opening(Enum):
    """The result of opening a session: opened, its id was taken, or the login was cut off."""

    #: It is open.
    OPENED = "opened"
    #: There is one of that id already, open or ended: everything stays as it was.
    KNOWN = "known"
    #: Since the login began, all sessions of its subject were ended: so is this one.
    CUT_OFF = "cut off"


class RotationState(Enum):
    """The state of a refresh token in its session, as `TokenStore.rotate` finds it."""

    #: It is the one that may still be used.
    CURRENT = "current"
    #: It was the current one, and was used up just now; its successor is the current one.
    ROTATED = "rotated"
    #: It was used moments ago: answer with the newest pair again.
    REPEATED = "repeated"
    #: Another one was put in its place without its being used: it is void, and no sign of theft.
    REPLACED = "replaced"
    #: It was used before, so it is in two hands: the session was ended.
    REUSED = "reused"
    #: There is no such session, or it is over.
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Rotation:
    """The result of `TokenStore.rotate` and `TokenStore.present`.

    Attributes:
        state: The state of the presented refresh token.
        kept: The sealed pair of the newest rotation if the state is ``REPEATED``; else None.
    """

    state: RotationState
    kept: bytes | None = field(default=None, repr=False)


class Predecessor(NamedTuple):
    """A refresh token that was used, and may be sent again for a while.

    Attributes:
        token_id: ``jti``.
        deadline: The second from which on sending it again counts as reuse. It never moves.
    """

    token_id: str
    deadline: int


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session with the store's own data about its refresh tokens; an immutable value.

    Attributes:
        session: The public part.
        is_ended: Whether it was ended before its expiry.
        predecessors: Used refresh tokens that may be in their grace, the newest last.
        kept: The sealed pair that answers a repetition of any of them, or None.
        replaced_at: The last time at which an unused refresh token was replaced; 0 for never.
            All tokens that were issued up to then are void.
        replaced_by: ``jti`` of the token that replaced it.
    """

    session: Session
    is_ended: bool = False
    predecessors: tuple[Predecessor, ...] = ()
    kept: bytes | None = field(default=None, repr=False)
    replaced_at: int = 0
    replaced_by: str = ""

    @property
    def kept_until(self) -> int:
        """The end of the last grace, after which no sealed pair is kept; 0 if there is none."""
        return max((one.deadline for one in self.predecessors), default=0)

    def is_live(self, now: int) -> bool:
        """Whether the session can still be refreshed at *now*."""
        session = self.session
        idle = session.idle_expires_at
        # `Session.is_live`, without a call at each look-up.
        return not self.is_ended and now < session.expires_at and (idle is None or now < idle)

    def judge(self, ref: TokenRef, now: int) -> RotationState:
        """Return the state of a refresh token in this session; ``REUSED`` has to end it."""
        if not self.is_live(now):
            return RotationState.ENDED
        if ref.token_id == self.session.refresh_id:
            return RotationState.CURRENT
        # First: they were all used after the last replacement, be it in the same second, or by
        # a clock that was behind it.
        if any(one.token_id == ref.token_id and now < one.deadline for one in self.predecessors):
            return RotationState.REPEATED
        is_void = 0 < self.replaced_at >= ref.issued_at
        if is_void and ref.token_id != self.replaced_by:
            return RotationState.REPLACED
        return RotationState.REUSED

    def rotated(self, step: Step, now: int, used_until: int, kept: bytes | None) -> SessionRecord:
        """Return the record after its refresh token was used.

        Args:
            step: The successor and the session's new idle expiry.
            now: The time.
            used_until: The end of the used token's grace.
            kept: The sealed pair that answers a repetition until then; None: none is allowed.
        """
        used = self.predecessors
        recent = [one for one in used if now < one.deadline] if used else []
        if kept is not None and now < used_until:
            recent.append(Predecessor(self.session.refresh_id, used_until))
        else:
            recent, kept = [], None
        return replace(
            self,
            session=step.taken_by(self.session, now),
            predecessors=tuple(recent[-MAX_PREDECESSORS:]),
            kept=kept,
        )

    def replaced(self, step: Step, now: int) -> SessionRecord:
        """Return the record after its refresh token was replaced without being used."""
        return replace(
            self,
            session=step.taken_by(self.session, now),
            predecessors=(),
            kept=None,
            # The clock that issued the one before may be ahead of this one.
            replaced_at=max(now, self.session.last_used_at),
            replaced_by=step.successor_id,
        )

    def ended(self) -> SessionRecord:
        """Return the record of the session after it was ended."""
        return replace(self, is_ended=True, predecessors=(), kept=None)


class Step(NamedTuple):
    """The change of a session that gets another refresh token.

    Attributes:
        successor_id: ``jti`` of the new refresh token.
        idle_expires_at: The session's new idle expiry, or None.
        facts: Its new facts, or None if they do not change.
    """

    successor_id: str
    idle_expires_at: int | None
    facts: str | None = None

    def taken_by(self, session: Session, now: int) -> Session:
        """Return *session* after this step."""
        return replace(
            session,
            refresh_id=self.successor_id,
            last_used_at=now,
            idle_expires_at=self.idle_expires_at,
            facts=session.facts if self.facts is None else self.facts,
        )


class Known(NamedTuple):
    """The entries that a store has found about a token, in one look-up.

    Attributes:
        is_revoked: Of the token's own entry: true for revoked, false for consumed; None without.
        is_ended: Of its session: true for ended, false for open; None if it is unknown.
        cut_off: The second up to which all tokens of its subject are revoked, or None.
        record: Of a refresh token: its session, or the session that adopted it, or None.
    """

    is_revoked: bool | None
    is_ended: bool | None
    cut_off: int | None
    record: SessionRecord | None = None


_OF_STATE: Final = {
    RotationState.CURRENT: TokenStatus.GOOD,
    RotationState.REPEATED: TokenStatus.IN_GRACE,
    RotationState.REPLACED: TokenStatus.REPLACED,
    RotationState.REUSED: TokenStatus.CONSUMED,
    RotationState.ENDED: TokenStatus.REVOKED,
}


def judge_standing(ref: TokenRef, known: Known, now: int, leeway: float) -> TokenStatus:
    """Return the status of a token: revoked, consumed, replaced, in its grace, or good.

    Args:
        ref: The token.
        known: The entries that the store has found about it.
        now: The time.
        leeway: Seconds by which the clocks of the issuing and the revoking machine may differ.
    """
    # Revocation first: it also covers a token that was consumed, or used up in its session.
    if known.is_revoked or known.is_ended:
        return TokenStatus.REVOKED
    # Before the cut-off, which a refresh token of a session does not need: what sets one ends the
    # subject's sessions too, and one that was opened later in the same second has to live.
    if ref.kind == REFRESH and (known.record is not None or ref.session_id is not None):
        return _judge_refresh(ref, known, now)
    # The same holds for every token of a session that the store knows as open: only tokens outside
    # of any session, or of an unknown one, are judged by their age.
    cut_off = known.cut_off if known.is_ended is None else None
    if cut_off is not None and ref.is_covered_by(cut_off, leeway):
        return TokenStatus.REVOKED
    return TokenStatus.GOOD if known.is_revoked is None else TokenStatus.CONSUMED


def _judge_refresh(ref: TokenRef, known: Known, now: int) -> TokenStatus:
    """Return the status of a refresh token by the record of its session; without one: revoked."""
    if known.record is None:
        return TokenStatus.REVOKED
    standing = _OF_STATE[known.record.judge(ref, now)]
    # One without `sid` is marked as consumed when it is adopted: its session knows better.
    is_used_up = known.is_revoked is False and ref.session_id is not None
    return TokenStatus.CONSUMED if is_used_up and standing is TokenStatus.GOOD else standing


class TokenStore(ABC):
    """The interface of token stores: they keep sessions, revocations and single uses.

    Entries are found by issuer and id, so a ``jti``, ``sid`` or ``sub`` of another issuer is never
    confused with an own one. *issuer* is ``iss``, or the empty string for own tokens that have
    none. Times are integers of seconds since the epoch, unless stated otherwise.

    There are two clocks. *now* is the caller's; lifetimes, grace and cut-offs are computed with it.
    Entries are *deleted* by the earlier of *now* and the server's own clock, so that a machine with
    a wrong clock cannot delete entries that others still need.

    The constructor does not connect; the first request to the store does. When a writing method has
    returned, every later request in any process sees the change (`is_shared`). Every method is
    atomic and may be called from any thread. A method that was interrupted may be called again with
    the same arguments.

    If the server cannot be asked, every method raises `StoreUnavailableError` from the driver's
    error. A store never guesses, because a guess could admit a revoked token.

    Attributes:
        is_shared: Whether several processes that open the same store see the same entries.
    """

    is_shared: ClassVar[bool]

    def check(self) -> None:  # noqa: B027 # most stores have nothing to refuse
        """Check that the store's arguments are usable, without connecting to the server.

        It is called in the context of each application that uses the store, before its first
        request.

        Raises:
            ConfigurationError: An argument of the store, such as an engine, is unusable; the
                message says why.
        """

    @abstractmethod
    def standing(self, ref: TokenRef, *, now: int, leeway: float = 0) -> TokenStatus:
        """Return the status of a token, in one look-up.

        ``REVOKED``: its ``jti`` was revoked, its session ended, or all of its subject's tokens
        were and it belongs to no session that the store knows and is not younger than that (the
        comparison is by whole seconds, and *leeway* more). A refresh token of an unknown session,
        or of one that is over at *now*, is ``REVOKED`` too. ``CONSUMED``: its ``jti`` was
        consumed, or it is a refresh token that was used before; ``IN_GRACE``: one that was used
        and may still be repeated; ``REPLACED``: one that another took the place of. Else ``GOOD``.

        A refresh token without ``sid`` is judged by the session that came of it, if one did
        (`adopt`).

        Args:
            ref: The token.
            now: The time.
            leeway: Seconds by which the clocks of those who issue and who revoke may differ.
        """

    def new_session_id(self, issuer: str, subject: str) -> str:
        """Return a new session id for a login.

        It is random, unless a store of many machines writes into it where the session is kept. The
        store has to accept ids of any other form, too.

        Args:
            issuer: ``iss`` of the session's tokens.
            subject: ``sub`` of its tokens.
        """
        return secrets.token_urlsafe(SESSION_ID_BYTES)

    def adopted_session_id(self, ref: TokenRef) -> str:
        """Return the session id that adopts a refresh token without ``sid``: always the same.

        A store of many machines keeps that session where the subject's others are.
        """
        named = f"{len(ref.issuer)}:{ref.issuer}{ref.token_id}".encode("utf-8", "surrogatepass")
        digest = sha256(named).digest()[:SESSION_ID_BYTES]
        return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")

    @abstractmethod
    def open_session(
        self, session: Session, *, since: float | None = None, maximum: int | None = None
    ) -> Opening:
        """Remember a new session.

        If several callers use one id, exactly one of them gets ``OPENED``. The subject's other
        logins and its `revoke_subject` and `end_others` wait for this step, and this step waits for
        them.

        Args:
            session: The session.
            since: The time at which the login began, in seconds with a fraction. If the subject's
                sessions have been ended since, the answer is ``CUT_OFF`` and nothing is opened. If
                None, it begins now.
            maximum: The number of sessions that the subject may have open, this one included: the
                oldest ones are ended in the same step. If None, any number.
        """

    @abstractmethod
    def adopt(
        self,
        ref: TokenRef,
        session: Session,
        *,
        token_expires_at: int | None,
        leeway: float = 0,
        maximum: int | None = None,
    ) -> Session | None:
        """Open the session of a refresh token that was issued without one; in one step, once.

        The token is the session's current refresh token. It is also marked as consumed, so that it
        stays used up after the session was deleted.

        Args:
            ref: The token, without ``sid``.
            session: The session to open; its id is `adopted_session_id`, its ``refresh_id`` the
                token's ``jti``, and ``last_used_at`` the time.
            token_expires_at: ``exp`` of the token, or None if it never expires.
            leeway: As for `standing`.
            maximum: As for `open_session`.

        Returns:
            The session: *session*, or the one that adopted the token before, as it is now. None if
            the token was revoked or used up, or its session has ended; nothing changed then.
        """

    @abstractmethod
    def rotate(
        self,
        ref: TokenRef,
        step: Step,
        *,
        now: int,
        grace: int = 0,
        kept: bytes | None = None,
    ) -> Rotation:
        """Replace a session's refresh token by its successor: one atomic compare-and-set (REF-1).

        If several callers present the same token, exactly one of them gets ``ROTATED``. The others,
        and every caller with a token that was used before, get ``REPEATED`` or ``REUSED``. With
        ``REUSED`` the session has been ended in the same step (REF-2).

        Args:
            ref: The refresh token that was sent, verified (REF-3), with the id of its session.
            step: The successor; its facts are None.
            now: The time, which becomes the session's ``last_used_at``.
            grace: Seconds for which the presented token may be repeated from now on.
            kept: The sealed pair that answers a repetition of it, or of those before it that are
                in their grace. The store cannot read it, and erases it after the grace. If None,
                there is nothing to repeat, so a repetition is a reuse.
        """

    @abstractmethod
    def present(self, ref: TokenRef, *, now: int) -> Rotation:
        """Return what `rotate` would without rotating, and end the session of a reused token.

        Nothing else changes. The state of a token that could be rotated is ``CURRENT``.

        Args:
            ref: A verified refresh token, with the id of its session.
            now: The time.
        """

    @abstractmethod
    def replace(
        self, issuer: str, session_id: str, expected_id: str, step: Step, *, now: int
    ) -> bool:
        """Replace the current refresh token by another one, although it was not presented.

        One atomic compare-and-set. Tokens that were issued up to *now* are void from then on. A
        caller who presents one gets ``REPLACED``: not the new pair, and the session does not end.

        Args:
            issuer: ``iss``.
            session_id: ``sid``.
            expected_id: ``jti`` of the current refresh token.
            step: The successor.
            now: The time, which becomes the session's ``last_used_at``.

        Returns:
            Whether it was done: False if another one is the current token by now, or the session
            has ended.
        """

    @abstractmethod
    def touch(
        self, issuer: str, session_id: str, *, now: int, idle_expires_at: int | None
    ) -> Session | None:
        """Set the last use and the idle expiry of a session in one atomic step, without rotating.

        Args:
            issuer: ``iss``.
            session_id: ``sid``.
            now: The time, which becomes the session's ``last_used_at``.
            idle_expires_at: The session's new idle expiry, or None.

        Returns:
            The session as it is now, or None if it is unknown or has ended; nothing changed then.
        """

    @abstractmethod
    def revoke_token(self, ref: TokenRef, *, expires_at: int | None, now: int) -> None:
        """Revoke one token.

        Args:
            ref: The token; a store may choose the place of the entry by its subject.
            expires_at: ``exp``, or None if it never expires.
            now: The time.
        """

    @abstractmethod
    def revoke_session(
        self, issuer: str, session_id: str, *, now: int, until: int | None = None
    ) -> None:
        """End a session: all of its tokens are revoked.

        A session that the store does not know is recorded as ended too, because clients may still
        have access tokens of it: up to *until*, the latest ``exp`` among them, or without an end if
        None.
        """

    @abstractmethod
    def revoke_subject(self, issuer: str, subject: str, *, now: float, until: int) -> None:
        """End every session of a subject, and revoke its tokens that belong to none.

        Sessions that are opened later are not touched, not even in the same second; but a login
        that began before *now* opens none any more (`open_session`). Of the tokens without a
        session all are revoked that were issued up to *now*, its whole second included.

        Args:
            issuer: ``iss``.
            subject: ``sub``.
            now: The time, with its fraction.
            until: The latest ``exp`` that such a token can have.
        """

    @abstractmethod
    def end_others(self, issuer: str, subject: str, keep: str | None, *, now: float) -> int:
        """End the sessions of a subject except one, in one step; tokens of no session stay valid.

        Sessions that have been idle too long are ended as well: clients may still have their access
        tokens, and by the clock of another machine they may still be open.

        A login that began before *now* opens none any more (`open_session`).

        Args:
            issuer: ``iss``.
            subject: ``sub``.
            keep: ``sid`` of the session that stays open, or None for none.
            now: The time, with its fraction.

        Returns:
            How many open ones were ended.
        """

    @abstractmethod
    def consume(self, ref: TokenRef, *, expires_at: int | None, now: int) -> bool:
        """Use up a token; exactly one caller ever gets True, and none for a revoked token.

        Args:
            ref: The token; a store may choose the place of the entry by its subject.
            expires_at: ``exp``, or None if it never expires.
            now: The time.
        """

    @abstractmethod
    def sessions(
        self,
        issuer: str,
        subject: str,
        *,
        now: int,
        limit: int = PAGE,
        before: tuple[float, str] | None = None,
    ) -> list[Session]:
        """Return the open sessions of a subject, the newest first.

        They are sorted by ``created_at``, and by ``session_id`` if that is equal, both in
        descending order.

        Args:
            issuer: ``iss``.
            subject: ``sub``.
            now: The time.
            limit: The most sessions that are returned.
            before: ``created_at`` and ``session_id`` of a session: only those that follow it in
                the list. If None, from the newest on.
        """

    @abstractmethod
    def session(self, issuer: str, session_id: str, *, now: int) -> Session | None:
        """Return a session, or None if it is unknown or has ended."""

    @abstractmethod
    def prune(self, *, now: int) -> int:
        """Delete the entries that no token can need any more, and return how many there were.

        Stores do this by themselves now and then, in small steps, so calling it is never necessary.
        """

    def prune_batch(self, *, now: int, limit: int) -> int:
        """Delete about *limit* of the entries that `prune` deletes, and return how many there were.

        0 means that nothing is left. A store that has no small steps takes one large one.
        """
        return self.prune(now=now)

    def prunable(self, *, now: int) -> int | None:
        """Return how many entries `prune` would delete, or None if that is not known."""
        return None

    def server_time(self) -> float | None:
        """Return the time by the server's own clock, in seconds since the epoch.

        None if there is no server, or its clock cannot be asked. Only ``flask jwtpolicy check``
        asks, and compares it with this machine's clock.
        """
        return None

    def upgrade(self) -> str:
        """Upgrade the entries or tables of an older version of the library.

        Until then a store that finds such entries raises `StoreUnavailableError`, and its reason
        names ``flask jwtpolicy store upgrade``, which calls this method.

        Returns:
            A sentence about the upgrade; or the SQL that has to be run.
        """
        return "nothing to upgrade"

    @abstractmethod
    def close(self) -> None:
        """Close the connections. A closed store opens again at its next use."""
