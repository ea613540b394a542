"""Sessions: login, refresh with rotation, step-up, sliding renewal, logout, single tokens."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Mapping
from copy import copy
from datetime import timedelta
from typing import Any, Final, NamedTuple, TypeVar

from ..clock import Clock
from ..exceptions import (
    ForeignTokenError,
    IssueError,
    LoginFailedError,
    OtherUserError,
    RevokedTokenError,
    StoreUnavailableError,
)
from ..stores.base import (
    FOREVER,
    MAX_LOGIN,
    REFRESH,
    Opening,
    Rotation,
    RotationState,
    Session,
    Step,
    TokenRef,
    TokenStore,
    microseconds,
)
from ..tokens.signer import Issued, Signer
from ..tokens.status import TokenStatus
from ..tokens.token import Token
from .content import NO_FACTS, ContentFactory, Facts, SessionContent
from .results import TokenPair
from .revocation import Revocation, forgotten_at, ref_of
from .sealed_pair import PairSeal

logger = logging.getLogger("jwtpolicy")

#: Compare-and-set attempts to replace a refresh token that others keep using; then it is 503.
_ATTEMPTS: Final = 5

Made = TypeVar("Made")

#: The largest page of a list of sessions: the highest integer that every database takes as LIMIT.
_MANY: Final = 2**31 - 1

#: Seconds; a session whose end is further away counts as one without end, such as `FOREVER`.
_CENTURY: Final = 100 * 365 * 86_400


class Lifetimes(NamedTuple):
    """Lifetimes of tokens and sessions in seconds; None is for ever.

    Attributes:
        kinds: Lifetimes of tokens by kind; ``access`` and ``refresh`` are always there.
        idle: Idle timeout of sessions; None: a session ends with the last of its tokens.
        absolute: Absolute timeout of sessions, counted from the login.
        grace: Grace period, in which a used refresh token may be sent again.
    """

    kinds: Mapping[str, int | None]
    idle: int | None
    absolute: int | None
    grace: int


#: The statuses with which a refresh token is accepted for a refresh.
_USABLE: Final = frozenset({TokenStatus.GOOD, TokenStatus.IN_GRACE})


class IssueOptions(NamedTuple):
    """Options of a token that is issued by itself, not with a pair.

    Attributes:
        lifetime: Seconds, or None for ever.
        fresh: The claim ``fresh``.
        audience: ``aud``, or None for the configured one.
        session_id: The session it belongs to, or None.
    """

    lifetime: int | None
    fresh: bool | float = False
    audience: str | tuple[str, ...] | None = None
    session_id: str | None = None


class SessionRules(NamedTuple):
    """Lifetimes, number and issuers of the sessions of an application.

    Attributes:
        lifetimes: Lifetimes of tokens and sessions.
        issuer: ``iss`` of new tokens, or the empty string.
        accepted_issuers: Other values of ``iss`` that tokens may have. A revocation by id or
            subject is stored under each of them: a token that still names the former issuer
            does not outlive its logout.
        maximum: Open sessions of one user, or None for any number.
        leeway: Seconds by which clocks may differ; revocations are stored as much longer.
    """

    lifetimes: Lifetimes
    issuer: str = ""
    accepted_issuers: Collection[str] = ()
    maximum: int | None = None
    leeway: float = 0


class Sessions:
    """Open, renew, step up and end sessions, and issue their tokens.

    Args:
        signer: Signs the tokens.
        contents: Returns the content of tokens for a user.
        revocation: Looks up the status of tokens. Its store keeps the sessions; without one nothing
            can be revoked, and refresh tokens are not rotated.
        rules: Lifetimes, number and issuers.
        clock: Returns the time in seconds since the epoch.
        on_reuse: Called with the token when a used refresh token is presented again.
    """

    def __init__(
        self,
        *,
        signer: Signer,
        contents: ContentFactory,
        revocation: Revocation,
        rules: SessionRules,
        clock: Clock,
        on_reuse: Callable[[Token], None],
    ) -> None:
        self._signer = signer
        self._contents = contents
        self._revocation = revocation
        self._store = revocation.store
        self._lifetimes = lifetimes = rules.lifetimes
        self._maximum = rules.maximum
        self._clock = clock
        self._leeway = math.ceil(rules.leeway)
        # Clocks of two machines differ by the leeway at most, so the grace is longer by it (REF-4).
        self._grace = lifetimes.grace + self._leeway if lifetimes.grace else 0
        self._issuer = rules.issuer
        self._issuers = {rules.issuer, *rules.accepted_issuers}
        self._on_reuse = on_reuse
        # An access token never outlives the idle timeout of its session: a store may delete the
        # session then, and a token without its session could not be revoked (REV-1).
        self._access_lifetime, idle = lifetimes.kinds["access"], lifetimes.idle
        if idle is not None and revocation.store is not None:
            self._access_lifetime = _within(self._access_lifetime, idle)

    def over(self, revocation: Revocation) -> Sessions:
        """Return the same service over the store of *revocation*; it reports no reuse."""
        found = copy(self)
        found._revocation = revocation
        found._store = revocation.store
        found._on_reuse = lambda token: None
        return found

    @property
    def store(self) -> TokenStore:
        """The token store.

        Raises:
            StoreNotConfiguredError: There is no store: ``JWT_STORE_URL`` is ``none``.
        """
        return self._revocation.asked("this")

    def facts(
        self,
        claims: Mapping[str, Any] | None,
        headers: Mapping[str, Any] | None,
        *,
        fresh: bool | timedelta,
        scope: str | None,
        acr: str | None = None,
        amr: tuple[str, ...] | None = None,
    ) -> Facts:
        """Return the facts of a new login; raises as `ContentFactory.copied` does."""
        # A login that is not fresh ("remember me") is no authentication: without `auth_time` no
        # policy takes it for recent.
        auth_time = int(self._clock()) if fresh else None
        return Facts(*self._contents.copied(claims, headers), scope, acr, amr, auth_time)

    def open(
        self,
        user: Any,
        facts: Facts,
        *,
        fresh: bool | timedelta,
        label: str | None,
        since: float | None,
    ) -> TokenPair:
        """Open a session for *user*, who has just authenticated, and return its first pair.

        Args:
            user: The user.
            facts: The facts of the session.
            fresh: The claim ``fresh`` of the access token.
            label: A name by which the user recognizes the session, or None.
            since: Time at which the login began; None: it is not checked.

        Raises:
            LoginFailedError: The user's sessions were ended after *since*, or *since* is more than
                an hour ago.
            IssueError: A claim cannot be signed, or the schema could not load it again.
        """
        moment = self._clock()
        now = int(moment)
        stated = self._contents.of(user, facts, is_login=True)
        is_fresh = freshness(fresh, now)
        if self._store is None:
            return self._pair(stated, now, FOREVER, None, fresh=is_fresh)[0]
        session_id = self._store.new_session_id(self._issuer, stated.subject)
        pair, refresh_id = self._pair(stated, now, self._end(now), session_id, fresh=is_fresh)
        first = TokenRef(self._issuer, stated.subject, refresh_id, session_id)
        self._opened(self._begun(first, moment, stated.facts, label), since)
        return pair

    def _opened(self, session: Session, since: float | None) -> None:
        is_late = since is not None and session.created_at - since > MAX_LOGIN
        maximum, store = self._maximum, self._store or self.store
        is_open = not is_late and (
            store.open_session(session, since=since, maximum=maximum) is Opening.OPENED
        )
        if not is_open:
            msg = "the user's sessions were ended while the login was under way"
            raise LoginFailedError(msg)

    def step_up(
        self,
        user: Any,
        token: Token,
        *,
        acr: str | None,
        amr: tuple[str, ...] | None,
        claims: Mapping[str, Any] | None,
    ) -> TokenPair:
        """Return a fresh pair for the session of *token*, whose user authenticated again.

        Raises:
            OtherUserError: The subject of *user* is not that of *token*.
            IssueError: The token has no session, or a claim cannot be signed.
            RevokedTokenError: The session has ended or expired.
            UnknownUserError: The loader returned None, or a user with another subject.
            StoreUnavailableError: Each attempt to replace the refresh token lost a race.
        """
        now = int(self._clock())
        taken, _ = self._contents.copied(claims)

        def make(session: Session) -> tuple[TokenPair, Step]:
            facts = _facts_of(session, token).updated(taken, auth_time=now, acr=acr, amr=amr)
            stated = self._contents.again(user, token, facts)
            if stated.subject != token.subject:
                msg = "step_up is for the current user; to change users, log out and in"
                raise OtherUserError(msg)
            ends_at, sid = session.expires_at, session.session_id
            pair, refresh_id = self._pair(stated, now, ends_at, sid, fresh=True)
            idle_end = self._idle_end(now, self._lifetimes.kinds[REFRESH])
            return pair, Step(refresh_id, idle_end, stated.facts.to_json())

        return self._superseded(lambda: self._session_of(token, now), make, now)

    def renew(self, token: Token) -> str:
        """Return a new access token for the open session of *token*, an access token.

        It is not fresh, has the claims of the user as loaded now, and keeps the CSRF value, so that
        forms that are open in a browser stay valid. It never outlives the session.

        Raises:
            RevokedTokenError: The token was revoked, or has no open session.
            UnknownUserError: The loader returned None, or a user with another subject.
        """
        now = int(self._clock())
        if token.session_id is None or self._revocation.standing(token) is not TokenStatus.GOOD:
            msg = "the token was revoked, or belongs to no session"
            raise RevokedTokenError(msg)
        found = self._session_of(token, now)
        stated = self._renewed(token, _facts_of(found, token))
        session = self.store.touch(
            self._issuer, token.session_id, now=now, idle_expires_at=self._prolonged(found, now)
        )
        if session is None:
            msg = "the session is over"
            raise RevokedTokenError(msg)
        request = stated.request(
            "access",
            now,
            _within(self._access_lifetime, session.expires_at - now),
            token.session_id,
            token._claims.get("aud"),
            csrf=token.csrf,
        )
        return self._signer.sign(request).encoded

    def refresh(
        self,
        token: Token,
        standing: TokenStatus | None = None,
        was_used_here: Callable[[Token], bool] = lambda _: False,
    ) -> TokenPair:
        """Rotate a refresh token: consume it and return the next pair.

        Of concurrent attempts one consumes it; within the grace the others get the newest pair of
        the session. The pair is signed first and stored in the same step that consumes the token,
        so that a crash in between never leads to two pairs.

        Args:
            token: The refresh token.
            standing: The status that the guard of this request has looked up; None: look it up.
            was_used_here: Returns whether this very request has consumed the token.

        Raises:
            RevokedTokenError: The token was revoked or replaced, its session has ended, or it was
                used before: then the session is ended, because the token was probably stolen
                (:rfc:`9700#section-4.14.2`).
            StoreUnavailableError: The store cannot be reached, or the stored pair cannot be
                decrypted.
            UnknownUserError: The loader returned None, or a user with another subject.
        """
        now = int(self._clock())
        if self._store is None:
            return self._access_only(self._renewed(token, Facts.of(token)), token, now)
        standing = standing or self._revocation.standing(token)
        if standing not in _USABLE:
            if not was_used_here(token):
                self.notice_reuse(token)
            msg = f"the refresh token cannot be used: {standing.value}"
            raise RevokedTokenError(msg)
        ref = ref_of(token)
        if ref.session_id is None:
            ref, session = self._adopted(token, ref, now)
        else:
            session = self._session_of(token, now)
        stated = self._renewed(token, _facts_of(session, token))
        audience = token._claims.get("aud")
        pair, refresh_id = self._pair(
            stated, now, session.expires_at, session.session_id, audience=audience
        )
        seal, grace = PairSeal(self._signer, session, token), self._grace
        kept = seal.seal(pair) if grace else None
        step = Step(refresh_id, self._idle_end(now, self._lifetimes.kinds[REFRESH]))
        rotation = self._store.rotate(ref, step, now=now, grace=grace, kept=kept)
        if rotation.state is RotationState.ROTATED:
            return pair
        return self._repeated(rotation, seal)

    def _renewed(self, token: Token, facts: Facts) -> SessionContent:
        """Return the content for a renewal of *token*, if its key may sign the new claims.

        Raises:
            InvalidTokenError: The key may not sign them, the user is unknown, or the session has no
                client id, which access tokens of :rfc:`9068` need.
        """
        stated = self._contents.renewed(token, facts)
        self._signer.check_renewal(token, stated.access.claims, stated.refresh.claims)
        return stated

    def _repeated(self, rotation: Rotation, seal: PairSeal) -> TokenPair:
        """Return the newest pair of a session whose refresh token another attempt has consumed.

        Raises:
            RevokedTokenError: The token was consumed before the grace, or its session has ended.
            StoreUnavailableError: The stored pair cannot be decrypted.
        """
        if rotation.state is RotationState.REPEATED and rotation.kept:
            return seal.open(rotation.kept)
        if rotation.state is RotationState.REUSED:
            self._on_reuse(seal.token)
        msg = f"the refresh token cannot be used: {rotation.state.value}"
        raise RevokedTokenError(msg)

    def notice_reuse(self, token: Token) -> None:
        """Reuse detection: end the session of a refresh token that was used before (REF-2).

        The store decides that and ends the session in one step; a token that was not used before is
        not affected. Of several calls one reports the reuse.

        Args:
            token: A verified refresh token.

        Raises:
            StoreUnavailableError: The store cannot be reached.
        """
        ref = self._ref(token)
        if self.store.present(ref, now=int(self._clock())).state is RotationState.REUSED:
            self._on_reuse(token)

    def end(self, token: Token) -> None:
        """End the session of *token*, or revoke the token where it has none.

        Tokens of other issuers belong to no session here.
        """
        if token.session_id is None:
            self.revoke_token(token)
        else:
            self.revoke_session(token.session_id)

    def revoke_token(self, token: Token) -> None:
        """Revoke *token*; that of a refresh token ends its session (:rfc:`7009#section-2.1`).

        Raises:
            ForeignTokenError: It is a token of another issuer, and has no ``jti``.
        """
        if token._origin is not None and token.token_id is None:
            msg = (
                "a token without jti cannot be revoked alone; jwt.revoke_subject(…, issuer=…) "
                "revokes all tokens of its subject"
            )
            raise ForeignTokenError(msg)
        if token.kind == REFRESH and token.session_id is not None:
            self.revoke_session(token.session_id)
            return
        ref, now = ref_of(token), int(self._clock())
        until = forgotten_at(token._claims.get("exp"), self._leeway)
        self.store.revoke_token(ref, expires_at=until, now=now)
        if token.kind == REFRESH:
            # A refresh token without `sid` opens a session when it is used: that ends, too.
            adopted_id = self._ref(token).session_id or ""
            self.store.revoke_session(self._issuer, adopted_id, now=now, until=until)

    def revoke_token_id(
        self, token_id: str, subject: str, expires_at: int | None, issuer: str | None = None
    ) -> None:
        """Revoke the token with this ``jti`` and *subject*.

        It is one of any accepted issuer, or of another *issuer*.
        """
        until = forgotten_at(expires_at, self._leeway)
        now = int(self._clock())
        for name in self._issuers_of(issuer):
            ref = TokenRef(name, subject, token_id)
            self.store.revoke_token(ref, expires_at=until, now=now)

    def revoke_session(self, session_id: str) -> None:
        """End a session: its access and refresh tokens are revoked."""
        now = int(self._clock())
        for issuer in self._issuers:
            self.store.revoke_session(issuer, session_id, now=now)

    def _issuers_of(self, issuer: str | None) -> Collection[str]:
        """Return ``iss`` of another *issuer*; of None those that own tokens may have."""
        return self._issuers if issuer is None else (issuer,)

    def revoke_subject(self, subject: str, issuer: str | None = None) -> float:
        """End all sessions of *subject* and revoke its tokens without one; return the time.

        It is an own subject, or one of another *issuer*.

        The time is stored for ever, a few bytes for each subject, because tokens can be issued with
        any lifetime, and no store knows the longest.
        """
        now = self._clock()
        for name in self._issuers_of(issuer):
            self.store.revoke_subject(name, subject, now=now, until=FOREVER)
        return now

    def end_others(self, token: Token) -> int:
        """End all sessions of the subject of *token* but its own, and return their number."""
        subject, keep, now = token.subject, token.session_id, self._clock()
        return sum(
            self.store.end_others(issuer, subject, keep, now=now) for issuer in self._issuers
        )

    def owner(self, session_id: str) -> str | None:
        """Return the subject of an open session; None where no such session is open."""
        session = self.store.session(self._issuer, session_id, now=int(self._clock()))
        return None if session is None else session.subject

    def live(
        self,
        subject: str,
        limit: int,
        before: tuple[float, str] | None,
        issuer: str | None = None,
    ) -> list[Session]:
        """Return the open sessions of *subject*, the newest first; see `TokenStore.sessions`.

        It is an own subject. Of another *issuer* no session is known here: it has them itself.
        """
        now, number = int(self._clock()), min(limit, _MANY)
        name = self._issuer if issuer is None else issuer
        return self.store.sessions(name, subject, now=now, limit=number, before=before)

    def issue(self, user: Any, kind: str, given: Facts, options: IssueOptions) -> Issued:
        """Issue one token by itself.

        In a session it gets the session's facts and never outlives it, because the end of a session
        is not stored for longer (REV-1). A refresh token replaces the current one of the session.

        Args:
            user: The user.
            kind: The kind of token.
            given: Claims, headers, scope and ``auth_time`` of this call.
            options: Lifetime, freshness, audience and session.

        Raises:
            IssueError: The session is not open, or that of another user; or a claim cannot be
                signed.
        """
        now, session_id = int(self._clock()), options.session_id
        alone = self._contents.single(user, kind, NO_FACTS, given)
        if session_id is None or self._store is None:
            return self._signed(alone, kind, now, options)

        def find() -> Session:
            return self._named(alone.subject, session_id, now)

        def make(session: Session) -> tuple[Issued, Step]:
            stated = self._contents.single(user, kind, _facts_of(session), given)
            lifetime = _within(options.lifetime, _end_of(session, kind) - now)
            issued = self._signed(stated, kind, now, options._replace(lifetime=lifetime))
            return issued, Step(issued.token_id, self._idle_end(now, lifetime))

        return self._superseded(find, make, now) if kind == REFRESH else make(find())[0]

    def _signed(self, stated: SessionContent, kind: str, now: int, options: IssueOptions) -> Issued:
        lifetime, fresh, audience, session_id = options
        request = stated.request(kind, now, lifetime, session_id, audience, fresh=fresh)
        return self._signer.sign(request)

    def _named(self, subject: str, session_id: str, now: int) -> Session:
        session = self.store.session(self._issuer, session_id, now=now)
        if session is None or session.subject != subject:
            msg = "issue takes session=, the id of an open session of the user"
            raise IssueError(msg)
        return session

    def _superseded(
        self, find: Callable[[], Session], make: Callable[[Session], tuple[Made, Step]], now: int
    ) -> Made:
        """Replace the current refresh token of a session by compare-and-set; return the result.

        The old token is not presented here, so a lost race against a refresh is no sign of theft:
        the next attempt takes the session as it is then.

        Raises:
            StoreUnavailableError: Each attempt lost a race against another request.
        """
        for _ in range(_ATTEMPTS):
            session = find()
            made, step = make(session)
            if self.store.replace(
                self._issuer, session.session_id, session.refresh_id, step, now=now
            ):
                return made
        reason = "the session was changed by others each time"
        raise StoreUnavailableError(reason)

    def _adopted(self, token: Token, ref: TokenRef, now: int) -> tuple[TokenRef, Session]:
        """Open the session of a refresh token without ``sid``, and return its reference in that.

        The session's id is derived from the token's, and the token is its first refresh token: so
        reuse is detected as in any other session.

        Raises:
            RevokedTokenError: The session has ended, or the token was revoked or consumed.
        """
        ref = self._adoptive(ref)
        session = self.store.adopt(
            ref._replace(session_id=None),
            self._begun(ref, now, Facts.of(token)),
            token_expires_at=forgotten_at(token._claims.get("exp"), self._leeway),
            leeway=self._revocation.leeway,
            maximum=self._maximum,
        )
        if session is None:
            msg = "the refresh token was revoked or used before"
            raise RevokedTokenError(msg)
        return ref, session

    def _ref(self, token: Token) -> TokenRef:
        """Return the reference of a refresh token; without ``sid``, with the session it opened.

        That session has the current issuer, whichever accepted one the token has.
        """
        ref = ref_of(token)
        return self._adoptive(ref) if ref.session_id is None else ref

    def _adoptive(self, ref: TokenRef) -> TokenRef:
        ref = ref._replace(issuer=self._issuer)
        return ref._replace(session_id=self.store.adopted_session_id(ref))

    def _begun(
        self, first: TokenRef, moment: float, facts: Facts, label: str | None = None
    ) -> Session:
        """Return a new session, not stored yet, whose first refresh token is *first*."""
        now = int(moment)
        return Session(
            issuer=self._issuer,
            session_id=first.session_id or "",
            subject=first.subject,
            refresh_id=first.token_id,
            created_at=microseconds(moment) / 1_000_000,
            last_used_at=now,
            expires_at=self._end(now),
            idle_expires_at=self._idle_end(now, self._lifetimes.kinds[REFRESH]),
            label=label,
            facts=facts.to_json(),
        )

    def _access_only(self, stated: SessionContent, token: Token, now: int) -> TokenPair:
        """Return a pair with a new access token alone: without a store nothing is rotated."""
        lifetime, audience = self._lifetimes.kinds["access"], token._claims.get("aud")
        issued = self._signer.sign(stated.request("access", now, lifetime, audience=audience))
        return TokenPair(issued.encoded, None, lifetime, stated.facts.scope)

    def _pair(
        self,
        stated: SessionContent,
        now: int,
        ends_at: int,
        session_id: str | None,
        *,
        fresh: bool | float = False,
        audience: str | tuple[str, ...] | None = None,
    ) -> tuple[TokenPair, str]:
        """Return a signed pair, and ``jti`` of the refresh token. Neither outlives the session."""
        rest, sign, request = ends_at - now, self._signer.sign, stated.request
        lifetime = _within(self._access_lifetime, rest)
        longest = _within(self._lifetimes.kinds[REFRESH], rest)
        access = sign(request("access", now, lifetime, session_id, audience, fresh=fresh))
        refresh = sign(request(REFRESH, now, longest, session_id, audience))
        scope = stated.facts.scope
        pair = TokenPair(access.encoded, refresh.encoded, lifetime, scope, session_id)
        return pair, refresh.token_id

    def _session_of(self, token: Token, now: int) -> Session:
        claims = token._claims
        session_id = claims.get("sid")
        if session_id is None:
            msg = "the token belongs to no session"
            raise IssueError(msg)
        store = self._store or self.store
        session = store.session(self._issuer, session_id, now=now)
        if session is None or session.subject != claims["sub"]:
            msg = "the session is over"
            raise RevokedTokenError(msg)
        return session

    def _end(self, now: int) -> int:
        return FOREVER if self._lifetimes.absolute is None else now + self._lifetimes.absolute

    def _idle_end(self, now: int, refresh_lifetime: int | None) -> int | None:
        """Return the idle end of a session that was last used *now*; None for never.

        Without an idle timeout it ends with its last token: it cannot be refreshed then, and is not
        listed any more.
        """
        idle, access_lifetime = self._lifetimes.idle, self._lifetimes.kinds["access"]
        if idle is not None:
            return now + idle
        if access_lifetime is None or refresh_lifetime is None:
            return None
        return now + max(access_lifetime, refresh_lifetime) + self._leeway

    def _prolonged(self, session: Session, now: int) -> int | None:
        """Return the idle end of *session* after a renewal, which keeps the refresh token."""
        end, earlier = self._idle_end(now, 0), session.idle_expires_at
        if self._lifetimes.idle is not None or end is None:
            return end
        return None if earlier is None else max(end, earlier)


def freshness(fresh: bool | timedelta, now: int) -> bool | float:
    """Return the claim ``fresh``: true, false, or its end in seconds since the epoch.

    Raises:
        IssueError: *fresh* is neither a bool nor a timedelta above 0.
    """
    if isinstance(fresh, timedelta):
        if fresh > timedelta(0):
            return now + fresh.total_seconds()
    elif type(fresh) is bool:
        return fresh
    msg = f"fresh is True, False or a timedelta above 0, not {fresh!r:.40}"
    raise IssueError(msg)


def _facts_of(session: Session, token: Token | None = None) -> Facts:
    """Return the facts of *session*; those of *token* where the session has none."""
    if session.facts is not None:
        return Facts.from_json(session.facts)
    return NO_FACTS if token is None else Facts.of(token)


def _end_of(session: Session, kind: str) -> int:
    """Return the latest ``exp`` of a token of *kind* in *session*."""
    if kind == REFRESH or session.idle_expires_at is None:
        return session.expires_at
    return min(session.expires_at, session.idle_expires_at)


def _within(lifetime: int | None, rest: int) -> int | None:
    """Return *lifetime*, cut where the session ends; None where neither ends."""
    if lifetime is None:
        return None if rest > _CENTURY else rest
    return min(lifetime, rest)
