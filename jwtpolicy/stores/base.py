"""Say what every token store promises, and judge what any of them finds."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Final

from ..access import Standing

#: Seconds that entries outlive the tokens they are about: the longest leeway that a verifier may
#: grant, so that no token is forgotten as revoked while it still verifies (REV-1).
MAX_LEEWAY: Final = 300

#: Bytes of randomness in a session's id.
SESSION_ID_BYTES: Final = 16

#: The expiry of what never expires: 9999-12-31, the last second that ``exp`` may name (CLAIM-1).
FOREVER: Final = 253402300799


@dataclass(frozen=True, slots=True)
class Session:
    """What a login opened, and refreshing keeps alive.

    All times are seconds since the epoch.

    Attributes:
        issuer: ``iss`` of its tokens, or the empty string for own tokens that carry none.
        session_id: ``sid`` of its tokens.
        subject: ``sub`` of its tokens.
        refresh_id: ``jti`` of the one refresh token that may still be used.
        created_at: When the login was.
        last_used_at: When it was last refreshed.
        expires_at: When it ends whatever happens; rotation never moves it (REF-5).
        idle_expires_at: When it ends unless it is refreshed before, or None.
        label: What the user may know it by ("Firefox on Linux"), or None.
    """

    issuer: str
    session_id: str
    subject: str
    refresh_id: str
    created_at: int
    last_used_at: int
    expires_at: int
    idle_expires_at: int | None
    label: str | None = None

    def is_live(self, now: int) -> bool:
        """Whether neither of the two lifetimes is over at *now*."""
        idle = self.idle_expires_at
        return now < self.expires_at and (idle is None or now < idle)


class RotationState(Enum):
    """What became of one attempt to use a refresh token."""

    #: The presented token was the current one; the successor is now.
    ROTATED = "rotated"
    #: The presented token was used moments ago: answer with the same pair again.
    REPEATED = "repeated"
    #: The presented token was used before, so it is in two hands: the session was ended.
    REUSED = "reused"
    #: There is no such session, or it is over.
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Rotation:
    """The answer of `TokenStore.rotate`.

    Attributes:
        state: What happened.
        kept: The bytes that the winner of the rotation left, where the state is ``REPEATED``;
            else None.
    """

    state: RotationState
    kept: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session and what the store alone has to know of it.

    Attributes:
        session: What the world may see.
        is_ended: Whether somebody ended it before its time.
        previous_id: The refresh token that was used last, or None.
        kept: What the last rotation left for a repetition, or None.
        kept_until: When that is void, in seconds since the epoch; 0 where nothing is kept.
    """

    session: Session
    is_ended: bool = False
    previous_id: str | None = None
    kept: bytes | None = field(default=None, repr=False)
    kept_until: int = 0

    def is_live(self, now: int) -> bool:
        """Whether the session can still be refreshed at *now*."""
        return not self.is_ended and self.session.is_live(now)

    def judge(self, presented_id: str, now: int) -> Rotation:
        """Say what presenting a refresh token means, without changing anything."""
        if not self.is_live(now):
            return Rotation(RotationState.ENDED)
        if presented_id == self.session.refresh_id:
            return Rotation(RotationState.ROTATED)
        if presented_id == self.previous_id and self.kept is not None and now < self.kept_until:
            return Rotation(RotationState.REPEATED, self.kept)
        return Rotation(RotationState.REUSED)


def judge_standing(
    token_id: str,
    session_id: str | None,
    issued_at: float,
    is_refresh: bool,
    is_revoked: object,
    is_ended: object,
    current_id: str | None,
    cut_off: int | None,
) -> Standing:
    """Say what a token's entries mean together.

    Args:
        token_id: ``jti`` of the token.
        session_id: ``sid`` of the token, or None.
        issued_at: ``iat`` of the token.
        is_refresh: Whether it is a refresh token.
        is_revoked: Of the token's own entry: true for revoked, false for consumed; None without.
        is_ended: Of its session: true for ended, false for open; None where it is unknown.
        current_id: The refresh token that its session expects.
        cut_off: The second up to which all tokens of its subject are revoked, or None.
    """
    if is_revoked or is_ended:
        return Standing.REVOKED
    if is_ended is None:
        # A refresh token lives by its session: none, no life. `iat` may have a fraction, and the
        # cut-off lies somewhere inside its second.
        is_orphan = is_refresh and session_id is not None
        if is_orphan or (cut_off is not None and issued_at < cut_off + 1):
            return Standing.REVOKED
    elif is_refresh and current_id != token_id:
        return Standing.CONSUMED
    return Standing.GOOD if is_revoked is None else Standing.CONSUMED


class TokenStore(ABC):
    """What is remembered of tokens after they were issued: sessions, revocations, single uses.

    Entries are found by issuer and id, so that a foreign ``jti``, ``sid`` or ``sub`` is never
    taken for one of our own. *issuer* is ``iss``, or the empty string for own tokens that carry
    none. Every time is an integer of seconds since the epoch, and *now* is always the caller's,
    so that there is one clock.

    Opening is lazy: the constructor touches nothing, the first question does. What was written is
    seen by every question that is asked after the writing method returned, in whatever process
    (`is_shared`), and every method is atomic and may be called from any thread.

    A store whose server cannot be asked raises `StoreUnavailableError` from the driver's error,
    in every method. It never answers by default: a guess would admit the revoked.

    Attributes:
        is_shared: Whether several processes that open the same store see the same entries.
    """

    is_shared: ClassVar[bool]

    @abstractmethod
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
        """Return what is known of a token, in one look-up.

        ``REVOKED``: its ``jti`` was revoked, its session ended, or all of its subject's tokens
        were and it belongs to no session that the store knows and is not younger than that (the
        comparison is by whole seconds). A refresh token of an unknown session is ``REVOKED`` too.
        ``CONSUMED``: its ``jti`` was consumed, or it is a refresh token whose session expects
        another one. Else ``GOOD``.

        Args:
            issuer: ``iss``.
            subject: ``sub``.
            token_id: ``jti``.
            session_id: ``sid``, or None for a token outside of any session.
            issued_at: ``iat``; 0 for a token without.
            is_refresh: Whether it is a refresh token.
        """

    def new_session_id(self, issuer: str, subject: str) -> str:
        """Return an id that no session has, for one that a login is about to open.

        Random, unless the store says otherwise: one of many machines may put into it where the
        session is kept. It has to take ids of any other form, too.

        Args:
            issuer: ``iss`` of the session's tokens.
            subject: ``sub`` of its tokens.
        """
        return secrets.token_urlsafe(SESSION_ID_BYTES)

    @abstractmethod
    def open_session(self, session: Session) -> bool:
        """Remember a new session.

        Returns:
            Whether it is new: False where that issuer's session id is known already, open or
            ended, and everything stays as it was. Exactly one of several callers gets True.
        """

    @abstractmethod
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
        """Replace a session's refresh token by its successor: one atomic compare-and-set (REF-1).

        Of any number of callers that present the same token exactly one gets ``ROTATED``. The
        others, and whoever presents a token that was used before, get ``REPEATED`` or ``REUSED``;
        with the latter the session has been ended in the same step (REF-2).

        Args:
            issuer: ``iss``.
            session_id: ``sid``.
            presented_id: ``jti`` of the refresh token that was sent, verified (REF-3).
            successor_id: ``jti`` of the one that follows it.
            now: The time, which becomes the session's ``last_used_at``.
            idle_expires_at: The session's new idle expiry, or None.
            refresh_grace: Seconds for which the presented token may be repeated from now on.
            kept: What a repetition is to be answered with, opaque to the store, which erases it
                after the grace. None: there is nothing to repeat, so that a repetition is a reuse.
        """

    @abstractmethod
    def touch(
        self, issuer: str, session_id: str, *, now: int, idle_expires_at: int | None
    ) -> Session | None:
        """Note that a session was used although no refresh token was; one atomic step.

        Args:
            issuer: ``iss``.
            session_id: ``sid``.
            now: The time, which becomes the session's ``last_used_at``.
            idle_expires_at: The session's new idle expiry, or None.

        Returns:
            The session as it is now, or None where it is unknown or over; nothing changed then.
        """

    @abstractmethod
    def revoke_token(
        self, issuer: str, subject: str, token_id: str, *, expires_at: int | None, now: int
    ) -> None:
        """Revoke one token.

        Args:
            issuer: ``iss``.
            subject: ``sub``, by which a store may choose where it keeps the entry.
            token_id: ``jti``.
            expires_at: ``exp``, or None for never.
            now: The time.
        """

    @abstractmethod
    def revoke_session(
        self, issuer: str, session_id: str, *, now: int, until: int | None = None
    ) -> None:
        """End a session: all of its tokens are revoked.

        A session that the store does not know is remembered as ended too, since its access tokens
        may be about: up to *until*, the latest ``exp`` among them, or for ever with None.
        """

    @abstractmethod
    def revoke_subject(self, issuer: str, subject: str, *, now: int, until: int) -> None:
        """End every session of a subject, and revoke its tokens that belong to none.

        Sessions that are opened later are not touched, not even in the same second. Of the tokens
        without a session all are revoked that were issued up to *now*, that second included.

        Args:
            issuer: ``iss``.
            subject: ``sub``.
            now: The time.
            until: The latest ``exp`` that such a token can have.
        """

    @abstractmethod
    def consume(
        self, issuer: str, subject: str, token_id: str, *, expires_at: int | None, now: int
    ) -> bool:
        """Use a token up; exactly one caller ever gets True, and none for a revoked token.

        Args:
            issuer: ``iss``.
            subject: ``sub``, by which a store may choose where it keeps the entry.
            token_id: ``jti``.
            expires_at: ``exp``, or None for never.
            now: The time.
        """

    @abstractmethod
    def sessions(self, issuer: str, subject: str, *, now: int) -> list[Session]:
        """Return the live sessions of a subject, the newest first."""

    @abstractmethod
    def session(self, issuer: str, session_id: str, *, now: int) -> Session | None:
        """Return a session, or None where it is unknown or over."""

    @abstractmethod
    def prune(self, *, now: int) -> int:
        """Forget what no token can need any more, and return how many entries that were.

        Stores do this by themselves now and then, in small steps; calling it is never necessary.
        """

    def prune_batch(self, *, now: int, limit: int) -> int:
        """Forget about *limit* of what `prune` forgets, and return how many entries that were.

        0 means that nothing is left. A store that has no small steps takes one large one.
        """
        return self.prune(now=now)

    def prunable(self, *, now: int) -> int | None:
        """Return how many entries `prune` would forget, or None where that is not known."""
        return None

    @abstractmethod
    def close(self) -> None:
        """Give connections back. A closed store opens again at its next use."""
