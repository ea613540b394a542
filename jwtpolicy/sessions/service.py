"""Begin, renew and end what a login opens."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple, TypeVar

from ..clock import Clock
from ..exceptions import (
    IssueError,
    LoginFailedError,
    OtherUserError,
    RevokedTokenError,
    StoreNotConfiguredError,
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
from .content import NO_FACTS, Facts, Statement, Statements
from .results import TokenPair
from .revocation import Revocation, ref_of
from .sealed_pair import Keeping

logger = logging.getLogger("jwtpolicy")

#: Compare-and-set attempts to replace a refresh token that others keep using; then it is 503.
_ATTEMPTS: Final = 5

Made = TypeVar("Made")

#: More sessions than anybody has, and no more than every database takes for a number.
_MANY: Final = 2**31 - 1

#: Seconds; a session that ends later than this has no end of its own.
_CENTURY: Final = 100 * 365 * 86_400


class Lifetimes(NamedTuple):
    """How long tokens and sessions live, in seconds; None is for ever.

    Attributes:
        kinds: By kind of token; ``access`` and ``refresh`` are always there.
        idle: A session that is not used for so long ends; None: with the last of its tokens.
        absolute: A session ends after this, whatever happens.
        grace: For so long a used refresh token may be sent again.
    """

    kinds: Mapping[str, int | None]
    idle: int | None
    absolute: int | None
    grace: int


#: How a refresh token may stand that is used: no other is.
_USABLE: Final = frozenset({TokenStatus.GOOD, TokenStatus.IN_GRACE})


class IssueOptions(NamedTuple):
    """How one token is to be signed.

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
        lifetimes: How long things live.
        issuer: ``iss`` of own tokens, or the empty string.
        accepted_issuers: What ``iss`` of tokens may be beside it. What is revoked by its name
            alone is revoked for all of them: a token that still names the issuer of last year
            does not outlive its logout.
        maximum: How many sessions a user may have at once, or None for any number.
        leeway: Seconds by which clocks may differ; revocations are remembered as much longer.
    """

    lifetimes: Lifetimes
    issuer: str = ""
    accepted_issuers: Collection[str] = ()
    maximum: int | None = None
    leeway: float = 0


class Sessions:
    """Open, renew, step up and end sessions, and issue their tokens.

    Args:
        signer: What makes tokens.
        statements: What says what tokens say of users.
        revocation: What knows which tokens still stand. Its store is where sessions are
            remembered; without one nothing can be revoked, and refresh tokens are not rotated.
        rules: Lifetimes, number and issuers.
        clock: Where the time comes from.
        on_reuse: Called with the token when a used refresh token comes back.
    """

    def __init__(
        self,
        *,
        signer: Signer,
        statements: Statements,
        revocation: Revocation,
        rules: SessionRules,
        clock: Clock,
        on_reuse: Callable[[Token], None],
    ) -> None:
        self._signer = signer
        self._statements = statements
        self._revocation = revocation
        self._store = revocation.store
        self._lifetimes = lifetimes = rules.lifetimes
        self._maximum = rules.maximum
        self._clock = clock
        self._leeway = math.ceil(rules.leeway)
        # A used token may be repeated for so long, as far as clocks agree (REF-4).
        self._grace = lifetimes.grace + self._leeway if lifetimes.grace else 0
        self._issuer = rules.issuer
        self._issuers = {rules.issuer, *rules.accepted_issuers}
        self._on_reuse = on_reuse
        # An access token lives no longer than its session if that idles away: a store need not
        # remember the session after that, and then nobody could end it (REV-1).
        self._access_lifetime, idle = lifetimes.kinds["access"], lifetimes.idle
        if idle is not None and revocation.store is not None:
            self._access_lifetime = _within(self._access_lifetime, idle)

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
        """Return what a login says beside its user; raises what `Statements.copied` raises."""
        # Without `auth_time` nothing is recent: a remembered login is not an authentication.
        auth_time = int(self._clock()) if fresh else None
        return Facts(*self._statements.copied(claims, headers), scope, acr, amr, auth_time)

    def open(
        self,
        user: Any,
        facts: Facts,
        *,
        fresh: bool | timedelta,
        label: str | None,
        since: float | None,
    ) -> TokenPair:
        """Begin a session for *user*, who has just authenticated, and return its first pair.

        Raises:
            LoginFailedError: The user's sessions were ended since the login began at *since*.
        """
        moment = self._clock()
        now = int(moment)
        stated = self._statements.of(user, facts, is_login=True)
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
            OtherUserError: *user* is somebody else.
            IssueError: The token belongs to no session.
            RevokedTokenError: The session is over.
            StoreUnavailableError: Others change the session all the time.
        """
        now = int(self._clock())
        taken, _ = self._statements.copied(claims)

        def make(session: Session) -> tuple[TokenPair, Step]:
            facts = _facts_of(session, token).updated(taken, auth_time=now, acr=acr, amr=amr)
            stated = self._statements.again(user, token, facts)
            if stated.subject != token.subject:
                msg = "step_up is for the current user; to change users, log out and in"
                raise OtherUserError(msg)
            ends_at, sid = session.expires_at, session.session_id
            pair, refresh_id = self._pair(stated, now, ends_at, sid, fresh=True)
            idle_end = self._idle_end(now, self._lifetimes.kinds[REFRESH])
            return pair, Step(refresh_id, idle_end, stated.facts.to_json())

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
        """Use a refresh token up and return the next pair; one of many attempts makes it.

        Within the grace the others get the newest pair of the session. The pair is signed first
        and kept in the step that uses the token up, so that whatever breaks in between, there is
        never a second.

        Args:
            token: The refresh token.
            standing: What the guard of this request has just been told of it; None: ask.
            was_used_here: Whether it was this very request that used the token up, if somebody
                has.

        Raises:
            RevokedTokenError: It was revoked or replaced, its session is over, or it was used
                before: then the session is ended, because it is in two hands
                (:rfc:`9700#section-4.14.2`).
            StoreUnavailableError: The store cannot be asked, or the kept pair cannot be read.
            UnknownUserError: Its user is not known any more.
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
        keeping, grace = Keeping(self._signer, session, token), self._grace
        kept = keeping.seal(pair) if grace else None
        step = Step(refresh_id, self._idle_end(now, self._lifetimes.kinds[REFRESH]))
        rotation = self._store.rotate(ref, step, now=now, grace=grace, kept=kept)
        if rotation.state is RotationState.ROTATED:
            return pair
        return self._repeated(rotation, keeping)

    def _renewed(self, token: Token, facts: Facts) -> Statement:
        """Return what is true of the user now, if the token's key may say so.

        Raises:
            InvalidTokenError: It may not, or the user is not known any more; or the session names
                no client, and its access tokens have to.
        """
        stated = self._statements.renewed(token, facts)
        self._signer.check_renewal(token, stated.access.claims, stated.refresh.claims)
        return stated

    def _repeated(self, rotation: Rotation, keeping: Keeping) -> TokenPair:
        """Return the newest pair of a session whose token another attempt has used up.

        Raises:
            RevokedTokenError: The token was used before the grace, or its session is over.
            StoreUnavailableError: The kept pair cannot be read.
        """
        if rotation.state is RotationState.REPEATED and rotation.kept:
            return keeping.open(rotation.kept)
        if rotation.state is RotationState.REUSED:
            self._on_reuse(keeping.token)
        msg = f"the refresh token cannot be used: {rotation.state.value}"
        raise RevokedTokenError(msg)

    def notice_reuse(self, token: Token) -> None:
        """End the session of a refresh token that was used before; once, whoever meets it (REF-2).

        Nothing becomes of one that is not: the store judges it in the same step.

        Args:
            token: A verified refresh token.

        Raises:
            StoreUnavailableError: The store cannot be asked.
        """
        ref = self._ref(token)
        if self.store.present(ref, now=int(self._clock())).state is RotationState.REUSED:
            self._on_reuse(token)

    def end(self, token: Token) -> None:
        """End the session of *token*, or revoke the token where it belongs to none."""
        if token.session_id is None:
            self.revoke_token(token)
        else:
            self.revoke_session(token.session_id)

    def revoke_token(self, token: Token) -> None:
        """Revoke *token*; a refresh token takes its session along (:rfc:`7009#section-2.1`)."""
        if token.kind == REFRESH and token.session_id is not None:
            self.revoke_session(token.session_id)
            return
        ref, now, until = ref_of(token), int(self._clock()), self._forgotten_at(token)
        self.store.revoke_token(ref, expires_at=until, now=now)
        if token.kind == REFRESH:
            # The session that came of it, if one did.
            adopted_id = self._ref(token).session_id or ""
            self.store.revoke_session(self._issuer, adopted_id, now=now, until=until)

    def revoke_token_id(self, token_id: str, subject: str, expires_at: int | None) -> None:
        """Revoke the token of *subject* that has this id, whichever accepted issuer it names."""
        until = None if expires_at is None else expires_at + self._leeway
        now = int(self._clock())
        for issuer in self._issuers:
            ref = TokenRef(issuer, subject, token_id)
            self.store.revoke_token(ref, expires_at=until, now=now)

    def revoke_session(self, session_id: str) -> None:
        """End a session: its access and refresh tokens are dead from now on."""
        now = int(self._clock())
        for issuer in self._issuers:
            self.store.revoke_session(issuer, session_id, now=now)

    def revoke_subject(self, subject: str) -> float:
        """End all sessions of *subject*, and its tokens outside of any; return when.

        That is kept for ever, a few bytes for each subject: nothing remembers how long the tokens
        live that were issued with a lifetime of their own.
        """
        now = self._clock()
        for issuer in self._issuers:
            self.store.revoke_subject(issuer, subject, now=now, until=FOREVER)
        return now

    def end_others(self, token: Token) -> int:
        """End all sessions of the subject of *token* but its own, and return how many."""
        subject, keep, now = token.subject, token.session_id, self._clock()
        return sum(
            self.store.end_others(issuer, subject, keep, now=now) for issuer in self._issuers
        )

    def owner(self, session_id: str) -> str | None:
        """Return whose an open session is; None where there is no such one."""
        session = self.store.session(self._issuer, session_id, now=int(self._clock()))
        return None if session is None else session.subject

    def live(self, subject: str, limit: int, before: tuple[float, str] | None) -> list[Session]:
        """Return the open sessions of *subject*, the newest first; see `TokenStore.sessions`."""
        now, number = int(self._clock()), min(limit, _MANY)
        return self.store.sessions(self._issuer, subject, now=now, limit=number, before=before)

    def issue(self, user: Any, kind: str, given: Facts, options: IssueOptions) -> Issued:
        """Issue one token.

        One of an open session never outlives it, because what ended the session is not known for
        longer (REV-1), and says what the session's tokens say. A refresh token takes the place of
        the session's current one.

        Args:
            user: The user.
            kind: The kind of token.
            given: What this call says beside the user.
            options: How it is to be signed.

        Raises:
            IssueError: There is no such session, or it is somebody else's.
        """
        now, session_id = int(self._clock()), options.session_id
        alone = self._statements.single(user, kind, NO_FACTS, given)
        if session_id is None or self._store is None:
            return self._signed(alone, kind, now, options)

        def find() -> Session:
            return self._named(alone.subject, session_id, now)

        def make(session: Session) -> tuple[Issued, Step]:
            stated = self._statements.single(user, kind, _facts_of(session), given)
            lifetime = _within(options.lifetime, _end_of(session, kind) - now)
            issued = self._signed(stated, kind, now, options._replace(lifetime=lifetime))
            return issued, Step(issued.token_id, self._idle_end(now, lifetime))

        return self._superseded(find, make, now) if kind == REFRESH else make(find())[0]

    def _signed(self, stated: Statement, kind: str, now: int, options: IssueOptions) -> Issued:
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
        """Return what takes the place of a session's refresh token, whatever that is now.

        Nobody presents the old one here, so that a race with a refresh is no theft: whoever loses
        it looks again.

        Raises:
            StoreUnavailableError: Others were faster each time.
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
        """Return a refresh token as its session knows it, and the session that comes of it.

        One that was issued without a session opens it, once. Its id follows from the token's, and
        the token is its first refresh token: so whoever presents it again is judged as with any
        other session.

        Raises:
            RevokedTokenError: The session is over, or the token was revoked or used up.
        """
        ref = self._adoptive(ref)
        session = self.store.adopt(
            ref._replace(session_id=None),
            self._begun(ref, now, Facts.of(token)),
            token_expires_at=self._forgotten_at(token),
            leeway=self._revocation.leeway,
            maximum=self._maximum,
        )
        if session is None:
            msg = "the refresh token was revoked or used before"
            raise RevokedTokenError(msg)
        return ref, session

    def _ref(self, token: Token) -> TokenRef:
        """Return what the store knows a refresh token by, with the session that came of it.

        That is the current issuer's, whichever accepted one the token names.
        """
        ref = ref_of(token)
        return self._adoptive(ref) if ref.session_id is None else ref

    def _adoptive(self, ref: TokenRef) -> TokenRef:
        ref = ref._replace(issuer=self._issuer)
        return ref._replace(session_id=self.store.adopted_session_id(ref))

    def _begun(
        self, first: TokenRef, moment: float, facts: Facts, label: str | None = None
    ) -> Session:
        """Return a session that begins with the refresh token *first*."""
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

    def _access_only(self, stated: Statement, token: Token, now: int) -> TokenPair:
        """Return a new access token; without a store the refresh token stays the same."""
        lifetime, audience = self._lifetimes.kinds["access"], token._claims.get("aud")
        issued = self._signer.sign(stated.request("access", now, lifetime, audience=audience))
        return TokenPair(issued.encoded, None, lifetime, stated.facts.scope)

    def _pair(
        self,
        stated: Statement,
        now: int,
        ends_at: int,
        session_id: str | None,
        *,
        fresh: bool | float = False,
        audience: str | tuple[str, ...] | None = None,
    ) -> tuple[TokenPair, str]:
        """Return a signed pair, and the refresh token's id. Neither outlives the session."""
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

    def _forgotten_at(self, token: Token) -> int | None:
        """Return from when on nobody can use *token*, wherever the clocks stand; None for never."""
        expires_at = token._claims.get("exp")
        return None if expires_at is None else math.ceil(expires_at) + self._leeway

    def _end(self, now: int) -> int:
        return FOREVER if self._lifetimes.absolute is None else now + self._lifetimes.absolute

    def _idle_end(self, now: int, refresh_lifetime: int | None) -> int | None:
        """Return when a session is over that nobody uses from *now* on; None for never.

        Without an idle time, it is over with the last of its tokens: nobody can go on with it, and
        nobody has to see it listed.
        """
        idle, access_lifetime = self._lifetimes.idle, self._lifetimes.kinds["access"]
        if idle is not None:
            return now + idle
        if access_lifetime is None or refresh_lifetime is None:
            return None
        return now + max(access_lifetime, refresh_lifetime) + self._leeway

    def _prolonged(self, session: Session, now: int) -> int | None:
        """Return when *session* is over unless it is used again, whose refresh token stays."""
        end, earlier = self._idle_end(now, 0), session.idle_expires_at
        if self._lifetimes.idle is not None or end is None:
            return end
        return None if earlier is None else max(end, earlier)


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


def _facts_of(session: Session, token: Token | None = None) -> Facts:
    """Return what the login of *session* said; of one without facts, what its *token* says."""
    if session.facts is not None:
        return Facts.from_json(session.facts)
    return NO_FACTS if token is None else Facts.of(token)


def _end_of(session: Session, kind: str) -> int:
    """Return when a token of *kind* has to end that is issued in *session*."""
    if kind == REFRESH or session.idle_expires_at is None:
        return session.expires_at
    return min(session.expires_at, session.idle_expires_at)


def _within(lifetime: int | None, rest: int) -> int | None:
    """Return *lifetime*, cut where the session ends; None where neither ends."""
    if lifetime is None:
        return None if rest > _CENTURY else rest
    return min(lifetime, rest)
