"""Put the parts together for an application: `JWTManager`."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any, Generic, TypeVar, cast, overload

from flask import Blueprint, Flask, Response, current_app, has_request_context

from .access import DEFAULT_TERMS, NOT_LOADED, AccessRequest
from .additions import Additions, Hook
from .binding import Application
from .clock import Clock, system_clock
from .decision import Decision
from .enforcement import Enforcement
from .exceptions import (
    AccessError,
    ConfigurationError,
    InvalidTokenError,
    IssueError,
    NoTokenError,
    PolicyDefinitionError,
    ResourceNotFoundError,
    RevokedTokenError,
    SetupError,
    WrongKindError,
)
from .globals import EXTENSION, application, current_token, template_user
from .guards import level_of
from .keys import KeyRing
from .logout import Logout
from .open_session import OpenSession
from .outcomes import Outcome
from .parts import Parts
from .policy.base import Policy, as_policy
from .policy.credentials import Access, KnownUser, NotRevoked, Public
from .revocation import REVOCATION_CHECKS, TOKENS_LET_IN, Revocation, RevocationCheck
from .schemas import ClaimSchema, SchemaRegistry
from .sentinels import ANY, NOT_GIVEN, Any_, Never, NotGiven
from .sessions import Sessions, freshness
from .settings import Settings
from .signals import logged_in, logged_out, refresh_reused
from .state import Answers, Sources
from .stores.base import TokenStore
from .token import Token, TokenPair
from .transports import CookieTransport, Transport
from .users import UserLoader, Users

logger = logging.getLogger("jwtpolicy")

User = TypeVar("User")
Loader = TypeVar("Loader", bound=Callable[..., Any])
AnyHook = TypeVar("AnyHook", bound=Hook)
AnyCheck = TypeVar("AnyCheck", bound=RevocationCheck)
Schema = TypeVar("Schema", bound=type[ClaimSchema])

#: Seconds, a timedelta, or `NEVER`.
Lifetime = float | timedelta | Never


class JWTManager(Generic[User]):
    """The extension: what issues, verifies, renews and revokes the tokens of applications.

    The type parameter is the type of `current_user`. One manager may serve several
    applications; each has its own settings, keys and store.

    Args:
        app: The application, or None: then call `init_app` later.
        baseline: What every presented token has to pass, on every guarded endpoint. None is the
            explicit word for nothing at all; tokens cannot be revoked then.
        store: Where sessions and revocations are remembered; None means what ``JWT_STORE_URL``
            says.
        keys: The keys; None means those of the settings.
        transports: Places of your own where tokens may stand, beside ``JWT_TOKEN_LOCATION``.
        add_context_processor: Whether templates know `current_user` and `current_token`; nothing
            is loaded before a template touches them. A user who is not known any more is none
            there; what the ``user_loader`` raises passes through.
        clock: Where the time comes from.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        baseline: Policy | None = NotRevoked(),  # noqa: B008 # policies are frozen
        store: TokenStore | None = None,
        keys: KeyRing | None = None,
        transports: Iterable[Transport] = (),
        add_context_processor: bool = False,
        clock: Clock = system_clock,
    ) -> None:
        self._baseline = None if baseline is None else as_policy(baseline, "baseline")
        self._store = store
        self._keys = keys
        self._transports = tuple(transports)
        self._add_context_processor = add_context_processor
        self._clock = clock
        self._schemas = SchemaRegistry()
        self._user_loader: UserLoader | None = None
        self._is_lazy = False
        self._revocation_checks: list[RevocationCheck] = []
        self._extra_claims: Hook | None = None
        self._extra_headers: Hook | None = None
        self._blueprints: dict[Blueprint, list[Policy]] = {}
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Read the settings of *app* and guard it.

        Raises:
            ConfigurationError: A setting or a key cannot be used.
            SetupError: *app* has a `JWTManager` already.
        """
        if EXTENSION in app.extensions:
            msg = "this application has a JWTManager already; use that one"
            raise SetupError(msg)
        settings = Settings.from_mapping(app.config)
        parts = Parts(
            app, settings, self._keys, self._store, self._transports, self._schemas, self._clock
        )
        parts.check_store([] if self._baseline is None else [self._baseline])
        app.extensions[EXTENSION] = Application(
            app, settings, lambda: self._enforcement(app, parts), self._blueprints, self, parts
        )
        if self._add_context_processor:
            app.context_processor(
                lambda: {"current_user": template_user, "current_token": current_token}
            )

    def _enforcement(self, app: Flask, parts: Parts) -> Enforcement:
        """Put together what judges requests, when everything has been registered."""
        baseline = self._baseline
        if baseline is not None and self._user_loader is not None and not self._is_lazy:
            baseline = baseline & KnownUser()
        return Enforcement(
            places=parts.places(),
            csrf=parts.csrf,
            sources=Sources(
                verifier=parts.verifier,
                revocation=self._revocation(app, parts),
                users=Users(self._user_loader, app.ensure_sync),
                terms=parts.terms,
                ensure_sync=app.ensure_sync,
            ),
            baseline=baseline,
            realm=parts.settings.realm,
            resource_metadata=parts.settings.resource_metadata,
        )

    def claims_for(self, user_type: type, kind: str | None = None) -> Callable[[Schema], Schema]:
        """Register a claim schema: it serialises *user_type* into claims, and back.

        Args:
            user_type: The type of the objects, with its subclasses.
            kind: The kind of token; None for all kinds but refresh.

        Raises:
            SchemaError: The schema cannot describe a token, or there is one already.
        """

        def register(schema: Schema) -> Schema:
            self._schemas.register(schema, user_type, kind)
            return schema

        return register

    def user_loader(self, loader: Any = NOT_GIVEN, *, lazy: bool = False) -> Any:
        """Register what returns the user of a `Token`, or None where there is none any more.

        It is called once in a request, before the view; None is answered with 401, an exception
        with 503. A user who was disabled is therefore shut out at once. It may be async.

        Args:
            loader: The function, where the decorator is written without parentheses.
            lazy: Wait for the first touch of `current_user`; a token of an unknown user then
                passes views that do not touch it.

        Raises:
            SetupError: There is one already, or it is no function.
        """
        if loader is NOT_GIVEN:
            return lambda function: self.user_loader(function, lazy=lazy)
        if not callable(loader):
            msg = f"user_loader takes a function, not {loader!r:.40}"
            raise SetupError(msg)
        _check_single(self._user_loader, "user_loader")
        self._user_loader, self._is_lazy = loader, lazy
        return loader

    def revocation_check(self, check: AnyCheck) -> AnyCheck:
        """Register what is asked beside the store whether a token was revoked.

        It is called with the `Token`, for every token that the store lets pass, and returns True
        for one that was revoked. Anything else than True and False is an error 500, an exception
        is 503: neither lets anybody in.

        Raises:
            SetupError: It is an async function.
        """
        _check_plain(check, "a revocation check")
        self._revocation_checks.append(check)
        return check

    def extra_claims(self, hook: AnyHook) -> AnyHook:
        """Register what adds claims to all tokens: called with the user and the kind of token.

        What it returns is copied; it may not name reserved claims. Dates, decimals and the like
        are written as the application's JSON provider writes them.

        Raises:
            SetupError: There is one already, or it is an async function.
        """
        _check_single(self._extra_claims, "extra_claims")
        _check_plain(hook, "extra_claims")
        self._extra_claims = hook
        return hook

    def extra_headers(self, hook: AnyHook) -> AnyHook:
        """Register what adds members to the JOSE header of all tokens, like `extra_claims`.

        Raises:
            SetupError: There is one already, or it is an async function.
        """
        _check_single(self._extra_headers, "extra_headers")
        _check_plain(hook, "extra_headers")
        self._extra_headers = hook
        return hook

    def protect_blueprint(self, blueprint: Blueprint, *policies: Policy) -> None:
        """Guard every endpoint of *blueprint*, nested blueprints included.

        The policies are one more level for endpoints that have a guard of their own; the others
        ask for an access token beside it.

        Raises:
            PolicyDefinitionError: What was passed is not policies.
        """
        where = f"protect_blueprint({blueprint.name})"
        level = level_of(policies or (Access(),), where)
        if isinstance(level, Public):
            msg = f"{where}: Public() opens single endpoints, never a blueprint"
            raise PolicyDefinitionError(msg)
        if blueprint not in self._blueprints:
            blueprint.before_request(_admit_endpoint)
        self._blueprints.setdefault(blueprint, []).append(level)

    def login(
        self,
        user: Any,
        *,
        fresh: bool | timedelta = True,
        acr: str | None = None,
        amr: tuple[str, ...] | None = None,
        scope: str | None = None,
        claims: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        label: str | None = None,
    ) -> TokenPair:
        """Open a session for *user*, who has just authenticated, and return its tokens.

        Args:
            user: An object that a schema was registered for, or a ``str``, ``int`` or ``UUID``.
            fresh: Whether this was an authentication; False for a remembered one. Without,
                there is no ``auth_time`` and no `Fresh` policy passes. A timedelta: ``Fresh()``
                passes for so long.
            acr: The authentication context class that was reached (:rfc:`9470`).
            amr: The methods that were used (:rfc:`8176`).
            scope: The scopes granted, space-separated.
            claims: More claims; none of the reserved names.
            headers: More members of the JOSE header; none of the reserved names.
            label: What the user may know the session by.

        Raises:
            IssueError: The claims cannot be signed.
            StoreUnavailableError: The store cannot be asked.
        """
        with self._answering():
            pair = self._sessions().open(
                user,
                fresh=fresh,
                acr=acr,
                amr=amr,
                scope=scope,
                claims=claims,
                headers=headers,
                label=label,
            )
        logged_in.send(_app(), session_id=pair.session_id)
        return self._answerable(pair)

    def step_up(self, user: Any, acr: str | None = None) -> TokenPair:
        """Return a fresh pair for the current session, whose user authenticated again.

        Raises:
            OtherUserError: *user* is not the current one.
            IssueError: The token belongs to no session.
            NoTokenError: There is no current token.
            RevokedTokenError: The session is over.
        """
        with self._answering():
            return self._answerable(self._sessions().step_up(user, acr, self._current()))

    def refresh(self, token: str | Token) -> TokenPair:
        """Use a refresh token up and return the next pair.

        Args:
            token: The refresh token, encoded or verified.

        Raises:
            InvalidTokenError: It is not a refresh token of ours, was revoked or used before.
                Using one twice ends its session, because it is in two hands.
            StoreUnavailableError: The store cannot be asked; nothing was used up.
        """
        with self._answering():
            verified = self._verified(token, frozenset({"refresh"}))
            pair = self._sessions().refresh(verified)
        if pair.refresh_token is None and isinstance(token, str):
            pair = replace(pair, refresh_token=token)
        return self._answerable(pair)

    def renewed(self, token: Token) -> str:
        """Return another access token for the live session of *token*, an access token.

        What ``JWT_COOKIE_RENEW_WITHIN`` does for cookies. The new token is not fresh.

        Raises:
            RevokedTokenError: The token was revoked, or its session is over.
            UnknownUserError: Its user is not known any more.
            StoreUnavailableError: The store cannot be asked.
        """
        with self._answering():
            return self._sessions().renew(token)

    def logout(self, response: Response | None = None) -> Logout:
        """End the current session: its access and refresh tokens are dead.

        A token without a session is revoked by itself; without a token nothing is. The token may
        be one that the bridge to Flask-JWT-Extended has let in. Where cookies
        are a place for tokens they are unset, by `Logout.as_response` and in *response*.

        Args:
            response: An answer of your own, whose cookies are to be unset.

        Raises:
            InvalidTokenError: The bridge's token is none here, so that it cannot be revoked.
            StoreNotConfiguredError: There is no store to remember it in.
            StoreUnavailableError: The store cannot be asked: the session lives on.
        """
        state = application().state() if has_request_context() else None
        token = None if state is None else state.token or self._let_in_elsewhere()
        if state is not None:
            state.is_logged_out = True
        if token is not None:
            with self._answering():
                self._sessions().end(token)
            self._forget()
            logged_out.send(_app(), token=token)
        if response is not None:
            self.unset_cookies(response)
        takes_cookies = self._parts().takes_cookies
        session_id = None if token is None else token.session_id
        return Logout(session_id, self.unset_cookies if takes_cookies else None)

    def set_cookies(
        self, response: Response, tokens: TokenPair | str, *, domain: str | None = None
    ) -> None:
        """Put tokens that were just issued into cookies, with their CSRF values.

        Args:
            response: The answer that sets them.
            tokens: A pair, or one encoded token of any kind that has a cookie.
            domain: Another domain than ``JWT_COOKIE_DOMAIN``.

        Raises:
            IssueError: A cookie would be too long for browsers, or has no path yet.
            ConfigurationError: Cookies are no place for tokens here.
        """
        cookies = self._cookies()
        listed = (
            (tokens,) if isinstance(tokens, str) else (tokens.access_token, tokens.refresh_token)
        )
        for encoded in filter(None, listed):
            cookies.write(response, encoded, domain=domain)
        response.headers["Cache-Control"] = "no-store"

    def unset_cookies(self, response: Response, *, domain: str | None = None) -> None:
        """Unset the cookies of all kinds of token, and of their CSRF values.

        Args:
            response: The answer that unsets them.
            domain: The domain that they were set for, where it is not ``JWT_COOKIE_DOMAIN``.

        Raises:
            ConfigurationError: Cookies are no place for tokens here.
        """
        self._cookies().erase(response, domain=domain)
        if has_request_context():
            application().state().is_logged_out = True

    def _cookies(self) -> CookieTransport:
        parts = self._parts()
        if not parts.takes_cookies:
            msg = "cookies are no place for tokens here; add 'cookies' to JWT_TOKEN_LOCATION"
            raise ConfigurationError(msg)
        return parts.cookies

    def _answerable(self, pair: TokenPair) -> TokenPair:
        """Let a pair know how it goes into cookies, and whether that is the only way."""
        parts = self._parts()
        if not parts.takes_cookies:
            return pair
        is_only = parts.settings.token_location == ("cookies",)
        return replace(pair, set_cookies=self.set_cookies, in_cookies=is_only)

    def issue(
        self,
        user: Any,
        kind: str = "access",
        *,
        fresh: bool | timedelta = False,
        expires_in: Lifetime | None = None,
        scope: str | None = None,
        audience: str | tuple[str, ...] | None = None,
        session: str | None = None,
        claims: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> str:
        """Return one encoded token: for a machine, a password reset, a session of your own.

        Args:
            user: As for `login`.
            kind: ``access``, ``refresh`` or a name of your own, which only ``TokenKind(name)``
                accepts.
            fresh: Whether the user has just authenticated, as for `login`; access tokens only.
            expires_in: Seconds or a timedelta; None means ``JWT_<KIND>_TOKEN_EXPIRES``.
            scope: The scopes granted, space-separated.
            audience: ``aud``, where it is another one than the configured.
            session: The session it belongs to, which it never outlives; a refresh token takes
                the place of its current one.
            claims: More claims; none of the reserved names.
            headers: More members of the JOSE header; none of the reserved names.

        Raises:
            IssueError: The token cannot be made, or could never be verified here.
            StoreUnavailableError: The store cannot be asked about the session.
        """
        parts, additions, now = self._parts(), self._additions(), int(self._clock())
        added = additions.claims_of(user, kind, claims)
        dumped = self._schemas.dump(user, kind if kind != "refresh" else "access", added)
        if fresh and kind != "access":
            msg = f"fresh=True is for access tokens, not for the kind {kind!r}"
            raise IssueError(msg)
        arguments: dict[str, Any] = {
            "kind": kind,
            "subject": dumped.subject,
            "claims": dumped.claims,
            "schema": dumped.schema,
            "lifetime": parts.lifetime(kind, expires_in),
            "fresh": freshness(fresh, now),
            "auth_time": now if fresh else None,
            "session_id": session,
            "scope": scope,
            "audience": audience,
            "headers": additions.headers_of(user, kind, headers) or None,
        }
        if session is None:
            if kind == "refresh":
                msg = "issue(kind='refresh') needs session=; jwt.login(user) opens one"
                raise IssueError(msg)
            return parts.signer.sign(**arguments).encoded
        with self._answering():
            return self._sessions().issue(dumped.subject, session, arguments).encoded

    def verify(
        self, encoded: str, *, kind: str | Any_ = "access", allow_expired: bool = False
    ) -> Token:
        """Return the token that *encoded* is; policies and revocation are not asked.

        Args:
            encoded: A JWS in compact serialization (:rfc:`7515#section-7.1`).
            kind: The kind it has to be of; `ANY` where that does not matter.
            allow_expired: Take one whose ``exp`` has passed, for clean-up work.

        Raises:
            InvalidTokenError: It is none, or of another kind; `ExpiredTokenError`,
                `WrongKindError` where they apply.
        """
        kinds = None if isinstance(kind, Any_) else frozenset({kind})
        with self._answering():
            return self._parts().verifier.verify(encoded, kinds=kinds, allow_expired=allow_expired)

    def revoke(self, token: str | Token) -> None:
        """Revoke one token; a refresh token takes its session along (:rfc:`7009`).

        Raises:
            InvalidTokenError: It is not a token of ours; an expired one is.
            StoreUnavailableError: The store cannot be asked: nothing was revoked.
        """
        with self._answering():
            verified = self._verified(token, None, allow_expired=True)
            self._sessions().revoke_token(verified)
        self._forget()

    def revoke_session(self, session_id: str) -> None:
        """End a session: all its tokens are dead. Raises what `revoke` raises."""
        with self._answering():
            self._sessions().revoke_session(session_id)
        self._forget()

    def revoke_subject(self, subject: str) -> None:
        """End all sessions of *subject* and revoke its tokens outside of any.

        Tokens outside of sessions are refused if they were issued up to this second.
        """
        with self._answering():
            self._sessions().revoke_subject(subject)
        self._forget()

    def revoke_other_sessions(self) -> int:
        """End all sessions of the current user but the current one, and return how many.

        For "log out my other devices", and after a change of the password. Tokens outside of
        sessions stay as they are: only `revoke_subject` ends those too.

        Raises:
            NoTokenError: There is no current token.
            StoreUnavailableError: The store cannot be asked; some sessions may have been ended.
        """
        with self._answering():
            return self._sessions().end_others(self._current())

    def sessions(self, subject: str) -> list[OpenSession]:
        """Return the open sessions of *subject*, the newest first.

        Raises:
            StoreUnavailableError: The store cannot be asked.
        """
        token = application().state().token if has_request_context() else None
        current_id = None if token is None else token.session_id
        with self._answering():
            live = self._sessions().live(subject)
        return [OpenSession.of(session, current_id) for session in live]

    def consume(self) -> None:
        """Use the current token up, after ``SingleUse(consume=False)``.

        Raises:
            NoTokenError: There is no current token.
            RevokedTokenError: It was used before.
        """
        application_ = application()
        with self._answering():
            if not application_.enforcement.sources.consume(self._current()):
                msg = "the token was used before"
                raise RevokedTokenError(msg)
        application_.state().answers.forget()

    def enforce(self, policy: Policy, resource: object = NOT_GIVEN) -> None:
        """Let the view go on if *policy* allows, or raise what answers the request.

        The current token is judged by the bare policy. Where no guard has run, the token is read
        and the policy closed, and the baseline asked, as a guard would.

        Args:
            policy: What has to be true.
            resource: The object it is about, where it is not the endpoint's own. None is what was
                looked for and does not exist: 404, where it depends on the object.

        Raises:
            AccessError: It was refused.
            PolicyDefinitionError: *policy* is none, or is async and a loop is running.
        """
        application().enforce(policy, resource)

    async def enforce_async(self, policy: Policy, resource: object = NOT_GIVEN) -> None:
        """Do what `enforce` does, awaiting async policies."""
        await application().enforce_async(policy, resource)

    @overload
    def explain(self, policy: Policy, request: AccessRequest, /) -> Decision: ...
    @overload
    def explain(
        self,
        policy: Policy,
        token: str | Token | NotGiven | None = NOT_GIVEN,
        *,
        method: str = "GET",
        endpoint: str | None = None,
        view_args: Mapping[str, Any] | None = None,
        resource: object = NOT_GIVEN,
        remote_addr: str | None = None,
        transport: str | None = None,
    ) -> Decision: ...
    def explain(
        self,
        policy: Policy,
        token: AccessRequest | str | Token | NotGiven | None = NOT_GIVEN,
        **described: Any,
    ) -> Decision:
        """Return what *policy* says, and why, without admitting or refusing anybody.

        Args:
            policy: The policy; judged as it is, neither closed nor with the baseline.
            token: The token, encoded or verified; None for a request without one. Not given, it
                is the current token, or none where there is none. Or an `AccessRequest`, which
                has all the rest.
            **described: What else the request is: its ``method``, ``endpoint``, ``view_args``,
                ``remote_addr`` and ``transport``, and the ``resource`` that it is about, where
                None is what was looked for and does not exist.

        Raises:
            InvalidTokenError: *token* is encoded, and not a token of ours.
            TypeError: An `AccessRequest` was described once more by keywords.
        """
        as_policy(policy, "explain")
        sources = application().enforcement.sources
        if isinstance(token, AccessRequest):
            if described:
                msg = f"explain: an AccessRequest says itself what {', '.join(described)} is"
                raise TypeError(msg)
            access = copy(token)
        else:
            access = AccessRequest(token=self._token_of(token), **described)
        access._services = access._services or Answers(sources)
        access.terms = sources.terms if access.terms is DEFAULT_TERMS else access.terms
        return _explained(policy, access)

    def _token_of(self, token: str | Token | NotGiven | None) -> Token | None:
        if isinstance(token, NotGiven):
            return application().state().token if has_request_context() else None
        return None if token is None else self._verified(token, None)

    @property
    def current_transport(self) -> str | None:
        """Where the current token stood: ``headers``, ``cookies`` …; None without a token."""
        access = application().state().access
        return None if access is None else access.transport

    @property
    def current_user(self) -> User:
        """The user of the current token.

        Raises:
            NoTokenError: There is no current token.
        """
        return cast(User, application().state().answers.load_user(self._current()))

    def _current(self) -> Token:
        token = application().state().token
        if token is None:
            msg = "no guard has let a token in"
            raise NoTokenError(msg)
        return token

    def _verified(
        self, token: str | Token, kinds: frozenset[str] | None, *, allow_expired: bool = False
    ) -> Token:
        if not isinstance(token, Token):
            return self._parts().verifier.verify(token, kinds=kinds, allow_expired=allow_expired)
        if kinds is not None and token.kind not in kinds:
            msg = f"the token is of the kind {token.kind!r}"
            raise WrongKindError(msg)
        return token

    def _let_in_elsewhere(self) -> Token | None:
        """Return the token that another extension has let the current request in with.

        Raises:
            InvalidTokenError: It is no token here.
        """
        found = (find() for find in current_app.extensions.get(TOKENS_LET_IN, ()))
        encoded = next(filter(None, found), None)
        return None if encoded is None else self.verify(encoded, kind=ANY, allow_expired=True)

    def _forget(self) -> None:
        if has_request_context():
            application().state().answers.forget()

    def _parts(self) -> Parts:
        found = application()
        if found.manager is not self:
            msg = "the current application belongs to another JWTManager"
            raise SetupError(msg)
        return found.parts

    def _sessions(self) -> Sessions:
        parts = self._parts()
        load = None
        if self._user_loader is not None:
            load = Users(self._user_loader, current_app.ensure_sync).load
        revocation = self._revocation(_app(), parts)
        return parts.sessions(revocation, load, _reused, self._additions())

    def _revocation(self, app: Flask, parts: Parts) -> Revocation:
        checks = (*self._revocation_checks, *app.extensions.get(REVOCATION_CHECKS, ()))
        return Revocation(parts.store, checks)

    def _denies(self, encoded: str) -> bool:
        """Whether a revocation check denies what the bridge has let in so far.

        It denies what no check can be asked about, because it is no token here: guards of both
        sides ask the same, and a logout counts for both (REV-1).
        """
        if not self._revocation_checks:
            return False
        try:
            token = self._parts().verifier.verify(encoded, kinds=None, allow_expired=True)
        except InvalidTokenError as error:
            logger.warning("no revocation_check can be asked about a token: %s", error.reason)
            return True
        return Revocation(None, self._revocation_checks).denies(token)

    def _additions(self) -> Additions:
        return Additions(current_app.json.dumps, self._extra_claims, self._extra_headers)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Say in whose name a refusal is, when it comes from a verb and not from a guard.

        An outage is logged: whatever the application answers, somebody has to mend it.
        """
        try:
            yield
        except AccessError as error:
            if error.outcome is Outcome.ERROR:
                logger.error("%s", error)
            settings = self._parts().settings
            raise error.addressed(settings.realm, settings.resource_metadata) from error.__cause__


def _check_single(registered: object, name: str) -> None:
    if registered is not None:
        msg = f"there is a {name} already"
        raise SetupError(msg)


def _check_plain(function: object, name: str) -> None:
    """Refuse what would have to be awaited where views and guards of both kinds call it."""
    if inspect.iscoroutinefunction(function):
        msg = f"{name} is a plain function: async views and others call it"
        raise SetupError(msg)


def _app() -> Flask:
    return cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined] # a proxy


def _reused(token: Token) -> None:
    logger.warning("a used refresh token came back, its session is ended: jti=%r", token.token_id)
    refresh_reused.send(_app(), token=token)


def _admit_endpoint() -> None:
    """Guard the endpoints of a blueprint; registered once on each."""
    application().admit_endpoint()


def _explained(policy: Policy, access: AccessRequest) -> Decision:
    """Return the decision; where the tree waits for a resource of None, there is none (404)."""
    if access._resource is not None:
        return policy.evaluate(access)
    access._resource = NOT_LOADED
    decision = policy.evaluate(access)
    if decision.outcome is not Outcome.PENDING:
        return decision
    reason = "there is no such resource"
    error = ResourceNotFoundError(reason)
    return replace(decision, outcome=Outcome.NOT_FOUND, reason=reason, error=error)
