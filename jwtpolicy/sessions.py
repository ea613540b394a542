"""Begin, renew and end what a login opens."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, TypeVar

from .access import Standing
from .clock import Clock
from .exceptions import (
    IssueError,
    OtherUserError,
    RevokedTokenError,
    StoreNotConfiguredError,
    StoreUnavailableError,
)
from .jose import encoded_segment
from .keeping import Keeping
from .revocation import Revocation
from .signer import Issued, Signer
from .statements import Statement, Statements
from .stores.base import FOREVER, Rotation, RotationState, Session, TokenStore
from .token import Token, TokenPair

#: How often a session's refresh token is looked up that others keep replacing, and the seconds for
#: which losing such a race is no theft.
_ATTEMPTS: Final = 5
_RACE: Final = 10

Made = TypeVar("Made")

#: Bytes of the id of a session that follows from a token.
_SESSION_ID_BYTES: Final = 16

#: Seconds; a session that ends later than this has no end of its own.
_CENTURY: Final = 100 * 365 * 86_400


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long tokens and sessions live, in seconds; None is for ever.

    Attributes:
        kinds: By kind of token; ``access`` and ``refresh`` are always there.
        idle: A session that is not refreshed for so long ends.
        absolute: A session ends after this, whatever happens.
        grace: For so long a used refresh token may be sent again.
    """

    kinds: Mapping[str, int | None]
    idle: int | None
    absolute: int | None
    grace: int


@dataclass(frozen=True, slots=True)
class Grant:
    """What a session's tokens say beside their claims; a refresh never widens it (REF-5)."""

    scope: str | None = None
    auth_time: int | None = None
    acr: str | None = None
    amr: tuple[str, ...] | None = None
    audience: str | tuple[str, ...] | None = None

    @classmethod
    def of(cls, token: Token) -> Grant:
        """Return what *token* was granted."""
        claims = token._claims
        return cls(
            scope=claims.get("scope"),
            auth_time=claims.get("auth_time"),
            acr=claims.get("acr"),
            amr=_listed(claims.get("amr")),
            audience=_listed(claims.get("aud")),
        )


class Sessions:
    """What issues pairs of tokens and keeps track of them.

    Args:
        signer: What makes tokens.
        statements: What says what tokens say of users.
        revocation: What knows which tokens still stand. Its store is where sessions are
            remembered; without one nothing can be revoked, and refresh tokens are not rotated.
        lifetimes: How long things live.
        clock: Where the time comes from.
        leeway: Seconds by which clocks may differ; revocations are remembered as much longer.
        issuer: ``iss`` of own tokens, or the empty string.
        accepted_issuers: What ``iss`` of tokens may be beside it. What is revoked by its name
            alone is revoked for all of them: a token that still names the issuer of last year
            does not outlive its logout.
        on_reuse: Called with the token when a used refresh token comes back.
    """

    def __init__(
        self,
        *,
        signer: Signer,
        statements: Statements,
        revocation: Revocation,
        lifetimes: Lifetimes,
        clock: Clock,
        leeway: float,
        issuer: str,
        accepted_issuers: Collection[str],
        on_reuse: Callable[[Token], None],
    ) -> None:
        self._signer = signer
        self._statements = statements
        self._revocation = revocation
        self._store = revocation.store
        self._lifetimes = lifetimes
        self._clock = clock
        self._leeway = math.ceil(leeway)
        self._issuer = issuer
        self._issuers = {issuer, *accepted_issuers}
        self._on_reuse = on_reuse

    @property
    def store(self) -> TokenStore:
        """The store.

        Raises:
            StoreNotConfiguredError: There is none.
        """
        if self._store is None:
            msg = "this needs a token store, and JWT_STORE_URL is 'none'"
            raise StoreNotConfiguredError(msg)
        return self._store

    def open(
        self,
        user: Any,
        *,
        fresh: bool | timedelta,
        acr: str | None,
        amr: tuple[str, ...] | None,
        scope: str | None,
        claims: Mapping[str, Any] | None,
        headers: Mapping[str, Any] | None,
        label: str | None,
    ) -> TokenPair:
        """Begin a session for *user*, who has just authenticated, and return its first pair."""
        now = int(self._clock())
        stated = self._statements.of(user, claims, headers)
        # Without `auth_time` nothing is recent: a remembered login is not an authentication.
        grant = Grant(scope, now if fresh else None, acr, amr)
        return self._opened(stated, grant, now, fresh=freshness(fresh, now), label=label)

    def step_up(self, user: Any, acr: str | None, token: Token) -> TokenPair:
        """Return a fresh pair for the session of *token*, whose user authenticated again.

        Raises:
            OtherUserError: *user* is somebody else.
            IssueError: The token belongs to no session.
            RevokedTokenError: The session is over.
            StoreUnavailableError: Others change the session all the time.
        """
        stated = self._statements.again(user, token)
        if stated.subject != token.subject:
            msg = "step_up is for the current user; to change users, log out and in"
            raise OtherUserError(msg)
        now = int(self._clock())
        grant = replace(Grant.of(token), auth_time=now, acr=acr, amr=None)

        def make(session: Session) -> tuple[TokenPair, str]:
            return self._pair(stated, grant, now, session.expires_at, session.session_id, True)

        return self._superseded(lambda: self._session_of(token, now), make, now)

    def renew(self, token: Token) -> str:
        """Return another access token for the live session of *token*, an access token.

        It is not fresh, says of the user what is true now, and keeps the CSRF value, so that the
        pages that hold it stay good. It never outlives the session.

        Raises:
            RevokedTokenError: The token was revoked, or its session is over.
            UnknownUserError: Its user is not known any more.
        """
        now = int(self._clock())
        if token.session_id is None or self._revocation.standing(token) is not Standing.GOOD:
            msg = "the token was revoked, or belongs to no session"
            raise RevokedTokenError(msg)
        stated = self._renewed(token)
        session = self.store.touch(
            self._issuer, token.session_id, now=now, idle_expires_at=self._idle_end(now)
        )
        if session is None or session.subject != token.subject:
            msg = "the session is over"
            raise RevokedTokenError(msg)
        lifetime = _within(self._lifetimes.kinds["access"], session.expires_at - now)
        grant, session_id = Grant.of(token), token.session_id
        return self._signed("access", stated, grant, lifetime, session_id, csrf=token.csrf).encoded

    def refresh(self, token: Token) -> TokenPair:
        """Use a refresh token up and return the next pair; one of many attempts makes it.

        Within the grace the others get the same pair. The pair is signed first and kept in the
        step that uses the token up, so that whatever breaks in between, there is never a second.

        Raises:
            RevokedTokenError: It was revoked, its session is over, or it was used before: then
                the session is ended, because it is in two hands (:rfc:`9700#section-4.14.2`).
            StoreUnavailableError: The store cannot be asked, or the kept pair cannot be read.
            UnknownUserError: Its user is not known any more.
        """
        now = int(self._clock())
        stated = self._renewed(token)
        if self._store is None:
            return self._access_only(stated, Grant.of(token))
        standing = self._checked_standing(token)
        if token.session_id is None:
            session = self._adopted(token, standing, now)
        else:
            session = self._session_of(token, now)
        pair, refresh_id = self._pair(
            stated, Grant.of(token), now, session.expires_at, session.session_id, False
        )
        keeping = Keeping(self._signer, token)
        rotation = self.store.rotate(
            self._issuer,
            session.session_id,
            _id_of(token),
            refresh_id,
            now=now,
            idle_expires_at=self._idle_end(now),
            refresh_grace=self._lifetimes.grace,
            kept=keeping.seal(pair) if self._lifetimes.grace else None,
        )
        if token.session_id is None:
            # Whoever revoked the token meanwhile could not see the session yet.
            self._checked_standing(token, session)
        return self._judged(rotation, pair, keeping)

    def _renewed(self, token: Token) -> Statement:
        """Return what is true of the user now, if the token's key may say so.

        Raises:
            InvalidTokenError: It may not, or the user is not known any more.
        """
        stated = self._statements.renewed(token)
        for said in (stated.access, stated.refresh):
            self._signer.check_successor(token, said.claims)
        return stated

    def _checked_standing(self, token: Token, session: Session | None = None) -> Standing:
        """Return how a token stands that was not revoked; else end the *session* that came of it.

        Raises:
            RevokedTokenError: It was revoked.
        """
        standing = self._revocation.standing(token)
        if standing is not Standing.REVOKED:
            return standing
        if session is not None:
            self.revoke_session(session.session_id)
        msg = "the refresh token was revoked"
        raise RevokedTokenError(msg)

    def _judged(self, rotation: Rotation, pair: TokenPair, keeping: Keeping) -> TokenPair:
        """Return the new pair, or for a repetition the one that it was first answered with.

        Raises:
            RevokedTokenError: The token was used before the grace, or its session is over.
            StoreUnavailableError: The kept pair cannot be read.
        """
        if rotation.state is RotationState.ROTATED:
            return pair
        if rotation.state is RotationState.REPEATED and rotation.kept:
            return keeping.open(rotation.kept)
        if rotation.state is RotationState.REUSED:
            self._on_reuse(keeping.token)
        msg = f"the refresh token cannot be used: {rotation.state.value}"
        raise RevokedTokenError(msg)

    def end(self, token: Token) -> None:
        """End the session of *token*, or revoke the token where it belongs to none."""
        if token.session_id is None:
            self.revoke_token(token)
        else:
            self.revoke_session(token.session_id)

    def revoke_token(self, token: Token) -> None:
        """Revoke *token*; a refresh token takes its session along (:rfc:`7009#section-2.1`)."""
        if token.kind == "refresh" and token.session_id is not None:
            self.revoke_session(token.session_id)
            return
        expires_at = token._claims.get("exp")
        until = None if expires_at is None else math.ceil(expires_at) + self._leeway
        now = int(self._clock())
        self.store.revoke_token(
            token.issuer, token.subject, _id_of(token), expires_at=until, now=now
        )
        if token.kind == "refresh":
            # The session that came of it, if one did.
            self.store.revoke_session(self._issuer, _adopted_id(token), now=now, until=until)

    def revoke_token_id(self, token_id: str, subject: str, expires_at: int | None) -> None:
        """Revoke the token of *subject* that has this id, whichever accepted issuer it names."""
        until = None if expires_at is None else expires_at + self._leeway
        now = int(self._clock())
        for issuer in self._issuers:
            self.store.revoke_token(issuer, subject, token_id, expires_at=until, now=now)

    def revoke_session(self, session_id: str) -> None:
        """End a session: its access and refresh tokens are dead from now on."""
        now = int(self._clock())
        for issuer in self._issuers:
            self.store.revoke_session(issuer, session_id, now=now)

    def revoke_subject(self, subject: str) -> None:
        """End all sessions of *subject*, and its tokens outside of any.

        That is kept for ever, a few bytes for each subject: nothing remembers how long the tokens
        live that were issued with a lifetime of their own.
        """
        now = int(self._clock())
        for issuer in self._issuers:
            self.store.revoke_subject(issuer, subject, now=now, until=FOREVER)

    def end_others(self, token: Token) -> int:
        """End all sessions of the subject of *token* but its own, and return how many."""
        now = int(self._clock())
        listed = (self.store.sessions(issuer, token.subject, now=now) for issuer in self._issuers)
        others = {session.session_id for sessions in listed for session in sessions}
        others.discard(token.session_id or "")
        for session_id in others:
            self.revoke_session(session_id)
        return len(others)

    def live(self, subject: str) -> list[Session]:
        """Return the open sessions of *subject*, the newest first."""
        return self.store.sessions(self._issuer, subject, now=int(self._clock()))

    def issue(self, subject: str, session_id: str, arguments: Mapping[str, Any]) -> Issued:
        """Issue a token of an open session, which it never outlives (REV-1).

        What ended the session is not known for longer. A refresh token takes the place of the
        session's current one.

        Raises:
            IssueError: There is no such session, or it is somebody else's.
        """
        now = int(self._clock())

        def find() -> Session:
            return self._named(subject, session_id, now)

        def make(session: Session) -> tuple[Issued, str]:
            lifetime = _within(arguments["lifetime"], session.expires_at - now)
            issued = self._signer.sign(**{**arguments, "lifetime": lifetime})
            return issued, issued.token_id

        if arguments["kind"] == "refresh":
            return self._superseded(find, make, now)
        if self._store is None:
            return self._signer.sign(**arguments)
        return make(find())[0]

    def _named(self, subject: str, session_id: str, now: int) -> Session:
        session = self.store.session(self._issuer, session_id, now=now)
        if session is None or session.subject != subject:
            msg = "issue takes session=, the id of an open session of the user"
            raise IssueError(msg)
        return session

    def _superseded(
        self, find: Callable[[], Session], make: Callable[[Session], tuple[Made, str]], now: int
    ) -> Made:
        """Return what takes the place of a session's refresh token, whatever that is now.

        Nobody presents the old one here, so that a race with a refresh is no theft: whoever loses
        it looks again. The empty bytes that are kept refuse the old one without ending the session.

        Raises:
            StoreUnavailableError: Others were faster each time.
        """
        for _ in range(_ATTEMPTS):
            session = find()
            made, successor_id = make(session)
            rotation = self.store.rotate(
                self._issuer,
                session.session_id,
                session.refresh_id,
                successor_id,
                now=now,
                idle_expires_at=self._idle_end(now),
                refresh_grace=_RACE,
                kept=b"",
            )
            if rotation.state is RotationState.ROTATED:
                return made
        reason = "the session was changed by others each time"
        raise StoreUnavailableError(reason)

    def _opened(
        self,
        stated: Statement,
        grant: Grant,
        now: int,
        *,
        fresh: bool | float,
        label: str | None,
    ) -> TokenPair:
        """Return the first pair of a new session."""
        if self._store is None:
            return self._pair(stated, grant, now, FOREVER, None, fresh)[0]
        session_id = self._store.new_session_id(self._issuer, stated.subject)
        pair, refresh_id = self._pair(stated, grant, now, self._end(now), session_id, fresh)
        self._store.open_session(self._begun(stated.subject, session_id, refresh_id, now, label))
        return pair

    def _begun(
        self, subject: str, session_id: str, refresh_id: str, now: int, label: str | None = None
    ) -> Session:
        return Session(
            issuer=self._issuer,
            session_id=session_id,
            subject=subject,
            refresh_id=refresh_id,
            created_at=now,
            last_used_at=now,
            expires_at=self._end(now),
            idle_expires_at=self._idle_end(now),
            label=label,
        )

    def _adopted(self, token: Token, standing: Standing, now: int) -> Session:
        """Return the session of a refresh token that was issued without one; opened once.

        Its id follows from the token's, and the token is its first refresh token: so whoever
        presents it again is judged as with any other session.

        Raises:
            RevokedTokenError: The session is over, or the token was used up by something else.
        """
        session_id = _adopted_id(token)
        session = self.store.session(self._issuer, session_id, now=now)
        if session is None and standing is Standing.GOOD:
            self.store.open_session(
                self._begun(token.subject, session_id, _id_of(token), now, None)
            )
            # It is dead wherever refresh tokens are only looked at.
            until = math.ceil(token._claims.get("exp", FOREVER - self._leeway)) + self._leeway
            self.store.consume(
                token.issuer, token.subject, _id_of(token), expires_at=until, now=now
            )
            session = self.store.session(self._issuer, session_id, now=now)
        if session is None:
            msg = "the refresh token was revoked or used before"
            raise RevokedTokenError(msg)
        return session

    def _access_only(self, stated: Statement, grant: Grant) -> TokenPair:
        """Return a new access token; without a store the refresh token stays the same."""
        lifetime = self._lifetimes.kinds["access"]
        issued = self._signed("access", stated, grant, lifetime, None)
        return TokenPair(issued.encoded, None, lifetime, grant.scope)

    def _pair(
        self,
        stated: Statement,
        grant: Grant,
        now: int,
        ends_at: int,
        session_id: str | None,
        fresh: bool | float,
    ) -> tuple[TokenPair, str]:
        """Return a signed pair, and the refresh token's id. Neither outlives the session."""
        lifetime = _within(self._lifetimes.kinds["access"], ends_at - now)
        access = self._signed("access", stated, grant, lifetime, session_id, fresh=fresh)
        longest = _within(self._lifetimes.kinds["refresh"], ends_at - now)
        refresh = self._signed("refresh", stated, grant, longest, session_id)
        pair = TokenPair(access.encoded, refresh.encoded, lifetime, grant.scope, session_id)
        return pair, refresh.token_id

    def _signed(
        self,
        kind: str,
        stated: Statement,
        grant: Grant,
        lifetime: int | None,
        session_id: str | None,
        *,
        fresh: bool | float = False,
        csrf: str | None = None,
    ) -> Issued:
        said = stated.of(kind)
        return self._signer.sign(
            kind=kind,
            subject=stated.subject,
            claims=said.claims,
            headers=said.headers or None,
            schema=stated.schema,
            csrf=csrf,
            lifetime=lifetime,
            session_id=session_id,
            fresh=fresh,
            scope=grant.scope,
            auth_time=grant.auth_time,
            acr=grant.acr,
            amr=grant.amr,
            audience=grant.audience,
        )

    def _session_of(self, token: Token, now: int) -> Session:
        if token.session_id is None:
            msg = "the token belongs to no session"
            raise IssueError(msg)
        session = self.store.session(self._issuer, token.session_id, now=now)
        if session is None or session.subject != token.subject:
            msg = "the session is over"
            raise RevokedTokenError(msg)
        return session

    def _end(self, now: int) -> int:
        return FOREVER if self._lifetimes.absolute is None else now + self._lifetimes.absolute

    def _idle_end(self, now: int) -> int | None:
        return None if self._lifetimes.idle is None else now + self._lifetimes.idle


def freshness(fresh: bool | timedelta, now: int) -> bool | float:
    """Return the claim ``fresh``: true, false, or until when in seconds since the epoch.

    Raises:
        IssueError: It is none of these, or over before it begins.
    """
    if isinstance(fresh, timedelta):
        if fresh > timedelta(0):
            return now + fresh.total_seconds()
    elif type(fresh) is bool:
        return fresh
    msg = f"fresh is True, False or a timedelta above 0, not {fresh!r:.40}"
    raise IssueError(msg)


def _adopted_id(token: Token) -> str:
    """Return the id of the session that comes of a refresh token without one: always the same."""
    named = json.dumps([token.issuer, _id_of(token)]).encode()
    return encoded_segment(hashlib.sha256(named).digest()[:_SESSION_ID_BYTES])


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _within(lifetime: int | None, rest: int) -> int | None:
    """Return *lifetime*, cut where the session ends; None where neither ends."""
    if lifetime is None:
        return None if rest > _CENTURY else rest
    return min(lifetime, rest)


def _id_of(token: Token) -> str:
    """Return ``jti``.

    Raises:
        RevokedTokenError: There is none, so that nothing could be known of the token.
    """
    if token.token_id is None:
        msg = "a token without jti cannot be looked up"
        raise RevokedTokenError(msg)
    return token.token_id
