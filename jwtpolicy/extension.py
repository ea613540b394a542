"""`JWTManager`, the extension: registration of hooks, and the verbs that delegate."""

from __future__ import annotations

import inspect
import logging
import math
from collections.abc import Callable, Coroutine, Iterable, Mapping
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, cast, overload

from flask import Blueprint, Flask, Response, current_app
from werkzeug.wrappers import Response as BaseResponse

from .app.bound_app import EXTENSION, GUARDS_BLUEPRINT, BoundApp, application
from .app.components import Components, Parts
from .app.protected_resources import ProtectedResource
from .app.registrations import Registrations
from .app.subjects import (
    CurrentSubject,
    IssuerName,
    Subject,
    issuer_named,
    refuse_foreign,
    refuse_foreign_user,
    subject_meant,
)
from .clock import Clock, checked_clock, system_clock
from .decision import Decision, Outcome
from .exceptions import (
    AccessError,
    BridgeTokenError,
    ConfigurationError,
    ForeignSubjectError,
    InvalidTokenError,
    IssueError,
    LoginFailedError,
    NotATokenError,
    NoTokenError,
    PolicyDefinitionError,
    ResourceNotFoundError,
    RevokedTokenError,
    SchemaError,
    SetupError,
    WrongKindError,
    expect,
    expect_several,
)
from .guards.answers import RequestServices, Services
from .guards.issuer_checks import policy_for
from .guards.levels import level_of
from .guards.presented_tokens import warn_of_nothing
from .guards.request_state import RequestState
from .issuers.issuer import Issuer
from .issuers.resolver import IssuerResolver
from .issuers.trusting_verifier import TrustingVerifier
from .keys import KeyRing
from .markers import NOT_GIVEN, Any_, Never, NotGiven
from .policy.base import Policy, as_policy
from .policy.credentials import Access, NotRevoked, Public
from .policy.request import DEFAULT_SETTINGS, NOT_LOADED, AccessRequest
from .proxies import (
    ManagerProxy,
    NativeUser,
    current_token,
    current_user,
    known_state,
    place_let_in,
    template_token,
    template_user,
    token_let_in,
    unwrapped,
)
from .schemas import ClaimSchema
from .sessions.additions import Hook
from .sessions.results import Logout, OpenSession, TokenPair, place_of, session_id_of, text_of
from .sessions.revocation import Revocation, RevocationCheck, let_in_elsewhere
from .sessions.service import IssueOptions, freshness
from .sessions.users import User
from .settings import Settings
from .signals import logged_in, logged_out, refresh_reused
from .stores.base import PAGE, REFRESH, TokenRef, TokenStore
from .tokens.claims import MAX_TIME, Purpose, id_of, is_storable
from .tokens.status import TokenStatus
from .tokens.token import Token
from .tokens.verifier import Verifier
from .transports import CookieTransport, Transport
from .views import guarded

logger = logging.getLogger("jwtpolicy")

Loader = TypeVar("Loader", bound=Callable[..., Any])
AnyHook = TypeVar("AnyHook", bound=Hook)
AnyCheck = TypeVar("AnyCheck", bound=RevocationCheck)
Schema = TypeVar("Schema", bound=type[ClaimSchema])

#: Seconds, a timedelta, or `NEVER`.
Lifetime = float | timedelta | Never

if TYPE_CHECKING:
    from .app.explanation import Explanation

    class UserLoaderDecorator(Protocol[User]):
        """The decorator that ``user_loader(lazy=…)`` returns."""

        @overload
        def __call__(self, loader: Callable[[Token], User], /) -> Callable[[Token], User]: ...
        @overload
        def __call__(
            self, loader: Callable[[Token], User | None], /
        ) -> Callable[[Token], User | None]: ...
        @overload
        def __call__(
            self, loader: Callable[[Token], Coroutine[Any, Any, User | None]], /
        ) -> Callable[[Token], Coroutine[Any, Any, User | None]]: ...


#: The kinds of token that `JWTManager.refresh` takes.
_REFRESH: Final = frozenset({REFRESH})


class _Answering:
    """Log a refusal that a verb raises, and set the realm of its challenge, as guards do.

    An outage is logged at once, because an operator has to see it even if the application catches
    the error. A refusal that is caught is not logged.
    """

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, AccessError):
            try:
                raise application().refused(error, may_be_caught=True) from error.__cause__
            finally:
                # The traceback refers to this frame: a reference back would be a cycle, which
                # keeps the request until the garbage is collected.
                del error


class JWTManager(Generic[User]):
    """The Flask extension: it issues, verifies, renews and revokes the tokens of applications.

    The type parameter is the type of `current_user`, and of the user that a ``user_loader``
    returns; without a type parameter it is Any. One manager may serve several applications; each
    application has its own settings, keys and store.

    .. warning:: **Revoked tokens are accepted until they expire** if ``baseline=None``. The same
        is true of tokens after a logout, and of tokens of deleted users.

    Args:
        app: The application. If None, call `init_app` later.
        baseline: The policy that every token has to pass on every guarded endpoint. If None, only
            the policies of the endpoint apply.
        store: The token store, which keeps sessions and revocations. If None, it is the store of
            ``JWT_STORE_URL``.
        keys: The key ring, or a function that returns one and is called again every
            ``JWT_KEYS_RELOAD`` seconds. If None, the keys are those of the settings.
        transports: Your own transports. Tokens are read from them and from
            ``JWT_TOKEN_LOCATION``.
        add_context_processor: Whether templates have `current_user` and `current_token`. The user
            is loaded when a template uses it. If the ``user_loader`` returns None, `current_user`
            is false in templates; if it raises, the exception is passed on.
        clock: A function that returns the time in seconds since the epoch. `init_app` takes
            another one for a single application.

    Raises:
        ConfigurationError: An argument is not of its type, such as a URL passed as *store*.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        baseline: Policy | None = NotRevoked(),  # noqa: B008 # policies are frozen
        store: TokenStore | None = None,
        keys: KeyRing | Callable[[], KeyRing] | None = None,
        transports: Iterable[Transport] = (),
        add_context_processor: bool = False,
        clock: Clock = system_clock,
    ) -> None:
        _check_parts(store, keys, transports, add_context_processor)
        self._baseline = None if baseline is None else as_policy(baseline, "baseline")
        self._store = store
        self._keys = keys
        self._transports = tuple(transports)
        self._add_context_processor = add_context_processor
        self._clock = checked_clock(clock)
        self._registrations = Registrations()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, *, clock: Clock | None = None) -> None:
        """Read the settings of *app* and guard it.

        Args:
            app: The application.
            clock: A function that returns the time for this application. If None, it is the
                manager's clock.

        Raises:
            ConfigurationError: A setting or a key cannot be used, or *clock* is not a function
                that returns seconds.
            SetupError: *app* has a `JWTManager` already.
        """
        how = "JWTManager takes a Flask application: JWTManager(app)"
        expect(app, Flask, how, ConfigurationError)
        if EXTENSION in app.extensions:
            msg = "this application has a JWTManager already; use that one"
            raise SetupError(msg)
        settings = Settings.from_mapping(app.config)
        own_clock = self._clock if clock is None else checked_clock(clock)
        parts = Parts(
            app,
            settings,
            self._keys,
            self._store,
            self._transports,
            own_clock,
            trusts_others=self._registrations.trusts_others,
        )
        parts.check_store([] if self._baseline is None else [self._baseline])
        app.extensions[EXTENSION] = BoundApp(
            app,
            settings,
            lambda: parts.components(app, self._registrations.copied(), self._baseline, _reused),
            self._registrations,
            self,
            parts,
            guarded,
        )
        if self._add_context_processor:
            app.context_processor(
                lambda: {"current_user": template_user, "current_token": template_token}
            )

    def claims_for(self, user_type: type, kind: str | None = None) -> Callable[[Schema], Schema]:
        """Register a claim schema: it turns objects of *user_type* into claims, and back.

        Args:
            user_type: The type of the objects; subclasses are included.
            kind: The kind of token. If None, the schema is for all kinds except refresh.

        Raises:
            SchemaError: The schema cannot describe a token, or the type has a schema for this kind
                already.
            SetupError: All applications of this manager have had their first request, so none
                would use the schema.
        """
        _check_user_type(user_type, kind)

        def register(schema: Schema) -> Schema:
            self._registrations.add_schema(schema, user_type, kind)
            return schema

        return register

    @overload
    def user_loader(
        self, loader: Callable[[Token], User], *, lazy: bool = False
    ) -> Callable[[Token], User]: ...
    @overload
    def user_loader(
        self, loader: Callable[[Token], User | None], *, lazy: bool = False
    ) -> Callable[[Token], User | None]: ...
    @overload
    def user_loader(
        self, loader: Callable[[Token], Coroutine[Any, Any, User | None]], *, lazy: bool = False
    ) -> Callable[[Token], Coroutine[Any, Any, User | None]]: ...
    @overload
    def user_loader(self, *, lazy: bool = False) -> UserLoaderDecorator[User]: ...
    def user_loader(self, loader: Any = NOT_GIVEN, *, lazy: bool = False) -> Any:
        """Register the function that loads the user of a `Token`; it may be async.

        The function is called once in a request, before the view. If it returns None, the answer
        is 401 ``invalid_token``. If it raises, the answer is 503 ``temporarily_unavailable``. So a
        user who was disabled is refused at once.

        Args:
            loader: The function, if the decorator is written without parentheses.
            lazy: Whether the user is loaded at the first use of `current_user`. A view that does
                not use `current_user` then accepts tokens of unknown users. For an async view, an
                async loader still runs in the guard, because `current_user` cannot be awaited.

        Raises:
            SetupError: There is a user loader already, *loader* is not a function, or all
                applications of this manager have had their first request.
        """
        expect(lazy, bool, "user_loader(lazy=…) is True or False", SetupError)
        if loader is NOT_GIVEN:
            return lambda function: self.user_loader(function, lazy=lazy)
        if not callable(loader):
            msg = f"user_loader takes a function, not {loader!r:.40}"
            raise SetupError(msg)
        self._registrations.add_user_loader(loader, is_lazy=lazy)
        return loader

    def revocation_check(self, check: AnyCheck) -> AnyCheck:
        """Register a function that checks, in addition to the store, whether a token was revoked.

        The function is called with every `Token` that is not revoked in the store. It returns True
        if the token was revoked, else False. If it returns anything else, the answer is 500; if it
        raises, the answer is 503. In both cases the request is refused.

        Raises:
            SetupError: *check* is an async function, or all applications of this manager have had
                their first request.
        """
        _check_plain(check, "revocation_check")
        self._registrations.add_check(check)
        return check

    def extra_claims(self, hook: AnyHook) -> AnyHook:
        """Register a function that adds claims to all tokens.

        The function is called with the user and the kind of token, and returns a mapping without
        reserved names. Values such as dates and decimals are encoded by the JSON provider of the
        application.

        Raises:
            SetupError: There is such a function already, *hook* is async, or all applications of
                this manager have had their first request.
        """
        _check_plain(hook, "extra_claims")
        self._registrations.add_hook("extra_claims", hook)
        return hook

    def extra_headers(self, hook: AnyHook) -> AnyHook:
        """Register a function that adds members to the JOSE header of all tokens.

        It works like `extra_claims`.

        Raises:
            SetupError: There is such a function already, *hook* is async, or all applications of
                this manager have had their first request.
        """
        _check_plain(hook, "extra_headers")
        self._registrations.add_hook("extra_headers", hook)
        return hook

    def trust(self, issuer: Issuer | IssuerResolver) -> None:
        """Trust another issuer: accept its access tokens where a policy names it.

        An application without a key of its own has to call this before `init_app`; all others
        before their first request.

        Args:
            issuer: The issuer, with its audience, keys and rules; or what finds those of tenants,
                of which an application has at most one.

        Raises:
            SetupError: All applications had their first request, or the issuer is trusted already
                with other arguments, or another one has the same ``subject_prefix``, or there is
                another resolver.
            ConfigurationError: The argument is neither an `Issuer` nor an `IssuerResolver`.

        Example:
            >>> jwt.trust(Issuer("https://login.example.com", audience="https://api.example.com"))
        """
        if isinstance(issuer, IssuerResolver):
            self._registrations.add_resolver(issuer)
            return
        how = (
            "trust takes an Issuer: jwt.trust(Issuer('https://…', audience=…)), "
            "or an IssuerResolver"
        )
        expect(issuer, Issuer, how, ConfigurationError)
        self._registrations.add_issuer(issuer)

    def protect_blueprint(self, blueprint: Blueprint, *policies: Policy) -> None:
        """Guard every endpoint of *blueprint*, nested blueprints included.

        An endpoint that has a guard of its own needs both: its own policies and these. Any other
        endpoint needs these policies and an access token. If the blueprint has these policies
        already, nothing changes.

        Raises:
            PolicyDefinitionError: *blueprint* is not a Blueprint, an argument is not a policy, or
                one of the policies is ``Public()``.
            SetupError: An application that registered *blueprint* has had its first request.
        """
        how = "protect_blueprint takes a Blueprint first, then policies"
        expect(blueprint, Blueprint, how, PolicyDefinitionError)
        where = f"protect_blueprint({blueprint.name})"
        level = level_of(policies or (Access(),), where)
        if isinstance(level, Public):
            msg = f"{where}: Public() opens single endpoints, never a blueprint"
            raise PolicyDefinitionError(msg)
        self._registrations.add_level(blueprint, level, _admit_endpoint)

    def _add_resource(self, blueprints: Iterable[Blueprint], resource: ProtectedResource) -> None:
        """Let the endpoints of *blueprints* demand tokens for *resource*.

        Raises:
            SetupError: One of them is another resource already, or an application that registered
                it has had its first request.
        """
        for blueprint in blueprints:
            self._registrations.add_resource(blueprint, resource, _admit_endpoint)

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
        since: float | None = None,
    ) -> TokenPair:
        """Open a session for *user*, who has just authenticated, and return its tokens.

        Args:
            user: An object that a schema was registered for, a ``str``, ``int`` or ``UUID``, or
                one of the proxies.
            fresh: Whether the user has just authenticated. If False, as for a remembered login,
                the tokens have no ``auth_time``, and `Fresh` refuses them. If a timedelta,
                ``Fresh()`` allows for this time.
            acr: The authentication context class that was reached (:rfc:`9470`).
            amr: The methods that were used (:rfc:`8176`).
            scope: The granted scopes, separated by spaces.
            claims: More claims, without reserved names. Like *acr*, *amr*, *scope* and *headers*,
                they belong to the session: its later tokens have them too.
            headers: More members of the JOSE header, without reserved names.
            label: The name of the session for the user, such as the device. At most 80 characters
                are kept. Control characters, such as line breaks, become ``?``.
            since: When the login began, before the password was compared, in seconds since the
                epoch by the application's clock. If None, now.

        Raises:
            SubjectError: *user* has no schema and is not a plain subject; it is a `TypeError`.
            NotAnIdError: The subject is too long, or contains NUL or a lone surrogate.
            TypeError: *label* is not text, or *since* is not a finite number of seconds.
            IssueError: The claims cannot be signed. Or there is a `user_loader`, and the user's
                schema or a hook sets one of the claims too.
            LoginFailedError: All sessions of the user were ended after *since*, by another
                request. Or the subject begins with the prefix of another type of users: a user
                who may choose a name may choose ``machine:1``.
            ForeignTokenError: *user* is `current_user`, and the current token is another issuer's.
            StoreUnavailableError: The token store cannot be asked.
        """
        with self._answering():
            bound = self._application()
            components = bound.components
            sessions, found = components.sessions, self._own_user(user, components, "login")
            facts = sessions.facts(claims, headers, fresh=fresh, scope=scope, acr=acr, amr=amr)
            began = None if since is None else self._since(since)
            shown = None if label is None else text_of(label)
            try:
                pair = sessions.open(found, facts, fresh=fresh, label=shown, since=began)
            except ForeignSubjectError as error:
                raise LoginFailedError(str(error)) from error
        if not components.services.is_dry_run:
            logged_in.send(_app(), session_id=pair.session_id)
        return self._for_cookies(pair) if bound.parts.takes_cookies else pair

    def _since(self, since: float) -> float:
        """Return when a login began, moved past the end of sessions that this request has ended.

        Raises:
            TypeError: *since* is no finite number of seconds.
        """
        if type(since) not in (int, float) or not math.isfinite(since):
            msg = f"since is None or seconds since the epoch, not {since!r:.40}"
            raise TypeError(msg)
        state = application().known_state()
        # Not in the future: the login would survive an end of all sessions that comes before then.
        return max(min(since, self._parts().clock()), 0 if state is None else state.ended_at)

    def step_up(
        self,
        user: Any,
        *,
        acr: str | None = None,
        amr: tuple[str, ...] | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> TokenPair:
        """Return a fresh token pair for the current session, whose user authenticated again.

        The refresh token of the session is replaced. The old one is refused with 401, but does not
        count as stolen. If the answer is lost, the user has to log in again.

        Args:
            user: The current user, as for `login`; `current_user` is always possible.
            acr: The authentication context class that was reached (:rfc:`9470`).
            amr: The methods that were used (:rfc:`8176`).
            claims: Claims that the session's tokens have from now on, in addition to those of the
                login. A value of None removes a claim.

        Raises:
            SubjectError: *user* has no schema and is not a plain subject.
            OtherUserError: *user* is not the current user.
            IssueError: The current token belongs to no session.
            NoTokenError: There is no current token.
            ForeignTokenError: The current token is another issuer's.
            RevokedTokenError: The session was ended or has expired.
            StoreUnavailableError: The token store cannot be asked.
        """
        with self._answering():
            token, bound = self._current(), self._application()
            refuse_foreign(token, "step_up")
            found, components = unwrapped(user), bound.components
            if found is not token.principal:
                found = self._own_user(found, components, "step_up")
            pair = components.sessions.step_up(found, token, acr=acr, amr=amr, claims=claims)
            self._forget()
            return self._for_cookies(pair) if bound.parts.takes_cookies else pair

    def refresh(self, token: str | Token) -> TokenPair:
        """Use up a refresh token and return the next token pair.

        Args:
            token: The refresh token, encoded or verified; or `current_token`, if it is one.

        Raises:
            InvalidTokenError: *token* is not a refresh token of this application, was revoked, or
                was used before. If it was used before, its session is ended, because the token
                was probably stolen.
            StoreUnavailableError: The token store cannot be asked; *token* was not used up.
        """
        with self._answering():
            bound = self._application()
            state = bound.known_state()
            # The proxy would look up the state of the request once more.
            access = state.access if state is not None and token is current_token else None
            let_in = None if access is None else access.token
            given = unwrapped(token) if let_in is None else let_in
            verified, sessions = self._verified(given, _REFRESH), bound.components.sessions
            if state is None:
                pair = sessions.refresh(verified)
            else:
                answers = state.answers
                standing = answers.known_standing(verified)
                pair = sessions.refresh(verified, standing, answers.was_used_here)
                # So that a later guard of this request does not take the used token for a theft.
                answers.forget()
                answers.used_up.add(verified)
        if pair.refresh_token is None and isinstance(given, str):
            pair = replace(pair, refresh_token=given)
        return self._for_cookies(pair) if bound.parts.takes_cookies else pair

    def renewed(self, token: Token) -> str:
        """Return a new access token for the open session of *token*, an access token.

        The new token is not fresh. For cookies, ``JWT_COOKIE_RENEW_WITHIN`` does this.

        Raises:
            ForeignTokenError: Another issuer has issued *token*.
            RevokedTokenError: The token was revoked, or its session was ended or has expired.
            UnknownUserError: The ``user_loader`` returned None for the user of the token.
            StoreUnavailableError: The token store cannot be asked.
            TypeError: *token* is not a verified `Token`, but encoded text, for example.
        """
        found = unwrapped(token)
        expect(found, Token, "renewed takes a verified Token: jwt.verify(encoded)", is_secret=True)
        with self._answering():
            refuse_foreign(found, "renewed")
            return self._components().sessions.renew(found)

    def logout(self, response: Response | None = None) -> Logout:
        """End the current session: its access and refresh tokens are revoked.

        If the guard of the endpoint also accepts requests without a valid token, the sessions of
        the tokens that it ignored are ended too, as long as their signatures verify: tokens that
        have expired, are not valid yet, or were revoked or used. A token without a session is
        revoked alone. If the request has no token, nothing is revoked. If it has one and nothing
        could be ended, a warning is logged. The token may also be one that the bridge to
        Flask-JWT-Extended accepted.

        A token of another issuer is revoked if it has a ``jti``.

        If tokens are read from cookies, `Logout.as_response` unsets the cookies, and so does this
        method in *response*.

        Args:
            response: Your own response, in which the cookies are unset.

        Raises:
            TypeError: *response* is not a response, but the text that a view returns, for example.
            CSRFError: The guard ignored tokens in cookies, and the request has no CSRF value of
                them.
            InvalidTokenError: The bridge's token does not verify by the rules for native tokens,
                so it cannot be revoked.
            StoreNotConfiguredError: The application has no token store to keep the revocation.
            StoreUnavailableError: The token store cannot be asked: the session is still open.
        """
        if response is not None:
            _check_response(response, "logout")
        state = application().known_state()
        tokens = [] if state is None else self._tokens_to_end(state)
        tokens = [token for token in tokens if _can_end(token)]
        for token in tokens:
            with self._answering():
                self._components().sessions.end(token)
            self._forget()
            if not self._services().is_dry_run:
                logged_out.send(_app(), token=token)
        if response is not None:
            self.unset_cookies(response)
        takes_cookies = self._parts().takes_cookies
        session_id = tokens[0].session_id if tokens else None
        return Logout(session_id, self.unset_cookies if takes_cookies else None)

    def set_cookies(
        self, response: Response, tokens: TokenPair | str, *, domain: str | None = None
    ) -> None:
        """Put tokens that were just issued into cookies, with their CSRF values.

        Args:
            response: The response that sets them.
            tokens: A pair, or one encoded token of any kind that has a cookie.
            domain: Another domain than ``JWT_COOKIE_DOMAIN``.

        Raises:
            IssueError: A cookie would be too long for browsers, or has no path yet.
            ConfigurationError: ``JWT_TOKEN_LOCATION`` does not contain cookies.
            TypeError: *response* is not a response, or *tokens* is neither a pair nor text.
        """
        _check_response(response, "set_cookies")
        how = "set_cookies takes a TokenPair or an encoded token"
        expect(tokens, (TokenPair, str), how, is_secret=True)
        cookies = self._cookies()
        listed = (
            (tokens,) if isinstance(tokens, str) else (tokens.access_token, tokens.refresh_token)
        )
        for encoded in filter(None, listed):
            cookies.write(response, encoded, domain=domain)
        response.headers["Cache-Control"] = "no-store"

    def unset_cookies(self, response: Response, *, domain: str | None = None) -> None:
        """Unset the cookies of all kinds of token, and of their CSRF values.

        .. warning:: **A copied cookie can still be used**, because no token is revoked. `logout`
            revokes the tokens and unsets the cookies.

        Args:
            response: The response in which the cookies are unset.
            domain: The domain that they were set for, if it is not ``JWT_COOKIE_DOMAIN``.

        Raises:
            ConfigurationError: ``JWT_TOKEN_LOCATION`` does not contain cookies.
            TypeError: *response* is not a response, but the text that a view returns, for example.
        """
        _check_response(response, "unset_cookies")
        self._cookies().erase(response, domain=domain)
        if (state := application().known_state()) is not None:
            state.is_logged_out = True

    def _cookies(self) -> CookieTransport:
        parts = self._parts()
        if not parts.takes_cookies:
            msg = "tokens are not read from cookies here; add 'cookies' to JWT_TOKEN_LOCATION"
            raise ConfigurationError(msg)
        return parts.cookies

    def _for_cookies(self, pair: TokenPair) -> TokenPair:
        """Return *pair* with `set_cookies`, and whether cookies are the only token location."""
        is_only = self._parts().settings.token_location == ("cookies",)
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
        session: str | OpenSession | TokenPair | None = None,
        claims: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> str:
        """Return one encoded token, for example for a machine or a password reset.

        Args:
            user: As for `login`.
            kind: ``access``, ``refresh`` or a name of your own, which only ``TokenKind(name)``
                accepts.
            fresh: Whether the user has just authenticated, as for `login`; access tokens only.
            expires_in: The lifetime in seconds, or a timedelta. If None, it is
                ``JWT_<KIND>_TOKEN_EXPIRES``.
            scope: The granted scopes, separated by spaces.
            audience: ``aud``, if it is not ``JWT_ENCODE_AUDIENCE``.
            session: The session of the token: its id, or the result of `sessions` or `login`. The
                token expires with the session at the latest, and gets the claims, scope, *acr* and
                *amr* of the login. A refresh token replaces the session's current one.
            claims: More claims, without reserved names.
            headers: More members of the JOSE header, without reserved names.

        Raises:
            SubjectError: *user* has no schema and is not a plain subject; it is a `TypeError`.
            NotAnIdError: The subject, or *session*, contains NUL or a lone surrogate.
            TypeError: *session* names no session, or *kind* is not text.
            IssueError: The token cannot be signed, or could never be verified here.
            ForeignTokenError: *user* is `current_user`, and the current token is another issuer's.
            StoreUnavailableError: The token store cannot be asked about the session.
        """
        expect(kind, str, "issue(kind=…) takes the name of a kind, such as 'access'")
        bound = self._application()
        parts, components = bound.parts, bound.components
        if fresh and kind != "access":
            msg = f"fresh=True is for access tokens, not for the kind {kind!r}"
            raise IssueError(msg)
        if session is None and kind == REFRESH:
            msg = "issue(kind='refresh') needs session=; jwt.login(user) opens one"
            raise IssueError(msg)
        options = IssueOptions(
            parts.lifetime(kind, expires_in),
            freshness(fresh, int(parts.clock())),
            audience,
            None if session is None else session_id_of(session),
        )
        with self._answering():
            sessions = components.sessions
            of_kind = kind if kind != REFRESH else "access"
            found = self._own_user(user, components, "issue", of_kind)
            given = sessions.facts(claims, headers, fresh=fresh, scope=scope)
            return sessions.issue(found, kind, given, options).encoded

    def verify(
        self,
        encoded: str,
        *,
        kind: str | Any_ = "access",
        allow_expired: bool = False,
        issuer: IssuerName = NOT_GIVEN,
    ) -> Token:
        """Check the signature and the registered claims of *encoded*, and return the `Token`.

        It has to be a token of this application, or of *issuer* alone.

        .. warning:: **A revoked token passes, and so does the token of a deleted user**: neither
            the store nor a policy is asked. To admit a request, use a guard or `enforce`.

        Args:
            encoded: A JWS in compact serialization (:rfc:`7515#section-7.1`).
            kind: The kind that the token has to be of, or `ANY`.
            allow_expired: Whether a token whose ``exp`` has passed is accepted, for clean-up work.
                It is for own tokens only.
            issuer: Another issuer, which is trusted: its URL or `Issuer`.

        Raises:
            InvalidTokenError: *encoded* is not a valid token, or is of another kind or issuer. It
                is an `ExpiredTokenError` or a `WrongKindError` if that is the reason.
            ConfigurationError: The application does not trust *issuer*.
            TypeError: *allow_expired* is neither True nor False, or *kind* is not text; or
                *allow_expired* is True for another issuer.
            KeysUnavailableError: The keys of *issuer* could not be fetched.
        """
        allows: object = allow_expired
        if not isinstance(allows, bool):
            msg = f"allow_expired is True or False, not {allows!r:.40}"
            raise TypeError(msg)
        expect(kind, (str, Any_), "verify(kind=…) takes the name of a kind, or ANY")
        kinds = None if isinstance(kind, Any_) else frozenset({kind})
        services = self._components().services
        other = self._issuer_named(issuer, services)
        if other is not None and allow_expired:
            msg = "verify(allow_expired=True) is for own tokens, and has no issuer="
            raise TypeError(msg)
        with self._answering():
            if other is not None:
                # The only verifier that knows another issuer.
                verifier = cast(TrustingVerifier, services.guard_verifier)
                token = verifier.verify_of(other.url, encoded)
                return self._verified(token, kinds)
            purpose = Purpose.EXAMINE if allow_expired else Purpose.ADMIT
            return services.verifier.verify(encoded, kinds=kinds, purpose=purpose)

    def revoke(self, token: str | Token) -> None:
        """Revoke one token; if it is a refresh token, its session ends too (:rfc:`7009`).

        The token may have expired, or not be valid yet: by the clock of another machine it may be
        valid.

        Args:
            token: The token, encoded or verified, or `current_token`.

        Raises:
            NotATokenError: *token* is encoded, and malformed or its signature does not verify.
            ForeignTokenError: *token* is of another issuer and has no ``jti``.
            TypeError: *token* is neither text nor a `Token`.
            StoreUnavailableError: The token store cannot be asked; nothing was revoked.
        """
        with self._answering():
            verified = self._argument(token, Purpose.END)
            self._components().sessions.revoke_token(verified)
        self._forget()

    def revoke_token_id(
        self,
        token_id: str,
        *,
        subject: Any,
        expires_at: datetime | float | None,
        issuer: IssuerName = NOT_GIVEN,
    ) -> None:
        """Revoke one token by its ``jti``, from a log of issued tokens.

        The session of the token stays open; `revoke_session` ends a session.

        Args:
            token_id: The ``jti`` of the token.
            subject: The user of the token, as for `revoke_subject`. Tokens are looked up by both.
            expires_at: When the token expires, as an aware datetime or in seconds since the epoch,
                or None if it never expires. The store keeps the revocation until then.
            issuer: As for `revoke_subject`.

        Raises:
            ConfigurationError: The application does not trust *issuer*.
            TypeError: *token_id* is not text or empty, or *expires_at* is neither an aware
                datetime nor a number of seconds.
            NotAnIdError: *token_id* or the subject contains NUL or a lone surrogate.
            StoreUnavailableError: The token store cannot be asked: nothing was revoked.
        """
        named, until = _token_id(token_id), _seconds(expires_at)
        with self._answering():
            owner = self._subject(subject, issuer)
            sessions = self._components().sessions
            sessions.revoke_token_id(named, owner.text, until, owner.issuer)
        self._forget()

    def revoke_session(self, session_id: str | OpenSession | TokenPair) -> None:
        """End a session: all its tokens are revoked.

        Args:
            session_id: The id of the session, or the result of `sessions` or `login`.

        Raises:
            TypeError: *session_id* names no session, such as empty text.
            NotAnIdError: The id is too long, or contains NUL or a lone surrogate.
            StoreUnavailableError: The token store cannot be asked: the session is still open.
        """
        named = session_id_of(session_id)
        with self._answering():
            self._components().sessions.revoke_session(named)
        self._forget()

    def revoke_subject(self, subject: Any, *, issuer: IssuerName = NOT_GIVEN) -> None:
        """End all sessions of *subject*, and revoke its tokens that belong to no session.

        Another issuer may give its user new ones.

        A token that belongs to no session is refused if it was issued before this call, or within
        the greater one of `JWT_CLOCK_SKEW` and `JWT_DECODE_LEEWAY` after it, because the clocks of
        machines may differ.

        Args:
            subject: The user, as for `login`. If it is an object with a schema, only ``sub`` is
                read. If it is `current_user`, it is the subject of the current token, and of its
                issuer. A user of another issuer is named by its ``sub``.
            issuer: The URL of a trusted issuer, or its `Issuer`. By default it is ``OWN``, this
                application.

        Raises:
            SubjectError: *subject* has no schema and is not a plain subject; it is a `TypeError`.
            ConfigurationError: The application does not trust *issuer*.
            ForeignTokenError: *subject* is `current_user`, and its token is not of *issuer*; or it
                is text that is the subject of another issuer's current token, and *issuer* is not
                given.
            NotAnIdError: The subject is too long, or contains NUL or a lone surrogate.
            StoreUnavailableError: The token store cannot be asked.
        """
        with self._answering():
            meant = self._subject(subject, issuer)
            ended_at = self._components().sessions.revoke_subject(meant.text, meant.issuer)
        self._forget()
        self._note_end(ended_at)

    def revoke_other_sessions(self) -> int:
        """End all sessions of the current user except the current one, and return their number.

        Use it for "log out my other devices", and after a change of the password. Tokens that
        belong to no session stay valid; `revoke_subject` revokes those too.

        Raises:
            NoTokenError: There is no current token.
            ForeignTokenError: The current token is another issuer's, which has the sessions.
            StoreUnavailableError: The token store cannot be asked; some sessions may have been
                ended.
        """
        with self._answering():
            token = self._current()
            refuse_foreign(token, "revoke_other_sessions")
            ended = self._components().sessions.end_others(token)
        self._note_end(self._parts().clock())
        return ended

    def sessions(
        self,
        subject: Any,
        *,
        limit: int = PAGE,
        before: OpenSession | None = None,
        issuer: IssuerName = NOT_GIVEN,
    ) -> list[OpenSession]:
        """Return the open sessions of *subject*, the newest first.

        None are listed of users of another issuer.

        Args:
            subject: As for `revoke_subject`.
            limit: The size of a page, at least 1.
            before: The last session of the previous page, or None for the first page.
            issuer: As for `revoke_subject`.

        Raises:
            SubjectError: *subject* has no schema and is not a plain subject; it is a `TypeError`.
            NotAnIdError: The subject is too long, or contains NUL or a lone surrogate.
            TypeError: *limit* is not a whole number above 0, or *before* is not an `OpenSession`.
            StoreUnavailableError: The token store cannot be asked.
        """
        place = place_of(limit, before)
        with self._answering():
            return self._page(self._subject(subject, issuer), limit, place)

    def _page(
        self, subject: Subject, limit: int, place: tuple[float, str] | None
    ) -> list[OpenSession]:
        """Return a page of the open sessions of *subject*: those after *place*, the cursor."""
        token = self._token()
        current_id = None if token is None else token.session_id
        with self._answering():
            live = self._components().sessions.live(subject.text, limit, place, subject.issuer)
        return [OpenSession.of(session, current_id) for session in live]

    def _owner(self, session_id: str) -> str | None:
        """Return the subject of an open session; None where no such session is open."""
        if not is_storable(session_id):
            return None
        with self._answering():
            return self._components().sessions.owner(session_id)

    def consume(self) -> None:
        """Use up the current token, after ``SingleUse(consume=False)``.

        Raises:
            NoTokenError: There is no current token.
            RevokedTokenError: The token was used up before, or was revoked.
        """
        with self._answering():
            if not self._services().consume(self._current()):
                msg = "the token was used before"
                raise RevokedTokenError(msg)
        self._forget()

    def enforce(self, policy: Policy, resource: object = NOT_GIVEN) -> None:
        """Return if *policy* allows the request; else raise the refusal, which is the answer.

        Behind a guard, only *policy* decides about the current token. If no guard has run, the
        token is read as a guard would read it: an access token is required unless *policy* says
        otherwise, and the baseline applies too.

        Args:
            policy: The policy that has to allow.
            resource: The resource, if it is not the endpoint's own. If it is None and the decision
                depends on it, the answer is 404.

        Raises:
            AccessError: The policy refuses the request, or the token cannot be checked.
            PolicyDefinitionError: *policy* is not a policy, or it is async and a loop is running.
        """
        application().enforce(policy, resource)

    async def enforce_async(self, policy: Policy, resource: object = NOT_GIVEN) -> None:
        """Do the same as `enforce`, and await async policies."""
        await application().enforce_async(policy, resource)

    @overload
    def explain(self, policy: Policy, request: AccessRequest, /) -> Decision: ...
    @overload
    def explain(
        self,
        /,
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
    @overload
    def explain(
        self,
        method: str,
        path: str,
        /,
        *,
        token: str | None = None,
        place: str | None = None,
        csrf: bool = True,
        **request: Any,
    ) -> Explanation: ...
    def explain(
        self, policy: Any = NOT_GIVEN, token: Any = NOT_GIVEN, /, **described: Any
    ) -> Decision | Explanation:
        """Explain the decision of a policy, or what the answer to a request would be.

        With a policy, the result is a `Decision` with its reasons. Only the policy is evaluated,
        without the baseline, and without the access token that a guard requires by default. A token
        of another issuer passes only the parts that name its issuer, as everywhere.
        *token* is an encoded or verified token, or None for a request without a token. If it is
        not given, it is the current token, if there is one. It may also be an `AccessRequest`,
        which describes the whole request. Otherwise keywords describe the request: ``method``,
        ``endpoint``, ``view_args``, ``remote_addr``, ``transport`` and ``resource``; a
        ``resource`` of None was not found.

        With a method and a path, the result is an `Explanation` of that request. The application
        handles the request as usual, hooks included, but the view does not run. Nothing is used
        up, ended, logged or sent. *token* is an encoded token. It is sent in *place*, or in a place
        from which the endpoint reads tokens: if possible in a cookie, with its CSRF value unless
        *csrf* is False. ``headers``, ``json``, ``query_string`` and the other keywords are those
        of `flask.testing.EnvironBuilder`.

        Raises:
            NotATokenError: With a policy: *token* is encoded, and has expired or is not a valid
                token of this application or of an issuer that it trusts. With a request, the
                explanation says it instead.
            TypeError: *token* is neither text nor a `Token`; or there are keywords beside an
                `AccessRequest`; or a keyword describes no part of a request; or a method is given
                without a path.
            ValueError: The endpoint does not read tokens from *place*, or the request has a value
                there already; or *token* begins with the word of its header; or no client can send
                such a method or path.
            SetupError: The application cannot start, so there is nothing to explain.
        """
        asked = tuple(one for one in (policy, token) if one is not NOT_GIVEN)
        if isinstance(policy, str):
            if len(asked) < 2:
                # Not repeated, because it may be a token.
                msg = "explain: expected a policy, or a method and a path: explain('GET', '/path')"
                raise TypeError(msg)
            return self._walked(*asked, **described)
        return self._evaluated(*asked, **described)

    def _walked(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        place: str | None = None,
        csrf: bool = True,
        **request: Any,
    ) -> Explanation:
        # Here, because it imports Flask's test client, which nobody needs who explains nothing.
        from .app.dry_run import walk
        from .app.explained_request import ExplainedRequest

        bound = self._application()
        expect(path, str, "explain(method, path) takes the path of a URL: explain('GET', '/')")
        how = "explain(token=…) takes the encoded token of a request, or None"
        expect(token, (str, NoneType), how, is_secret=True)
        explained = ExplainedRequest(_app(), bound, method.upper(), path, request)
        if token is not None:
            explained.add(token, place, csrf=csrf)
        return walk(_app(), explained.environ)

    def _evaluated(
        self,
        policy: Policy,
        token: AccessRequest | str | Token | NotGiven | None = NOT_GIVEN,
        **described: Any,
    ) -> Decision:
        as_policy(policy, "explain")
        services = self._components().services
        if isinstance(token, AccessRequest):
            if described:
                msg = f"explain: an AccessRequest has its own; leave out {', '.join(described)}"
                raise TypeError(msg)
            access = copy(token)
        else:
            access = AccessRequest(token=self._token_of(token), **described)
        access.is_dry_run = True
        access._services = access._services or RequestServices(services)
        access.terms = services.terms if access.terms is DEFAULT_SETTINGS else access.terms
        return _explained(policy_for(policy, access.token, services.terms, "explain"), access)

    def _token_of(self, token: str | Token | NotGiven | None) -> Token | None:
        if isinstance(token, NotGiven):
            return _token_let_in()
        if token is None:
            return None
        return self._argument(token, verifier=self._components().services.guard_verifier)

    @property
    def current_transport(self) -> str | None:
        """The transport of the current token: ``headers``, ``cookies`` …; None without a token."""
        state = known_state()
        return None if state is None else place_let_in(state)

    @property
    def current_user(self) -> User:
        """The user of the current token.

        Raises:
            NoTokenError: There is no current token.
        """
        token = self._current()
        return cast(User, application().state().answers.load_user(token))

    def _token(self) -> Token | None:
        """Return the current token; None without one, or where only the bridge accepts it."""
        try:
            return _token_let_in()
        except BridgeTokenError:
            return None

    def _current(self) -> Token:
        token = _token_let_in()
        if token is None:
            msg = "no guard has let a token in: is @protect() missing?"
            raise NoTokenError(msg)
        return token

    def _subject(self, subject: Any, issuer: IssuerName = NOT_GIVEN) -> Subject:
        """Return the ``sub`` claim of a user's tokens, and who issues them.

        `current_user` stands for the subject of the current token, whatever the ``user_loader`` has
        returned; so does the principal of that token, if it has no schema.

        Raises:
            SubjectError: *subject* has no schema and is no plain subject.
            ConfigurationError: The application does not trust *issuer*.
            ForeignTokenError: Nobody can tell whose subject is meant.
        """
        components, current = self._components(), self._current_subject(subject)
        other = self._issuer_named(issuer, components.services)
        is_said = issuer is not NOT_GIVEN
        return subject_meant(unwrapped(subject), other, is_said, current, components.schemas)

    def _current_subject(self, given: object) -> CurrentSubject:
        return CurrentSubject(self._token(), given is current_user or given is template_user)

    def _issuer_named(self, issuer: IssuerName, services: Services) -> Issuer | None:
        """Return another issuer; None for the application itself.

        Raises:
            ConfigurationError: The application does not trust *issuer*.
        """
        if isinstance(issuer, NotGiven):
            return None
        return issuer_named(issuer, services.guard_verifier, self._parts().own_issuers)

    def _own_user(self, user: Any, components: Components, verb: str, kind: str = "access") -> Any:
        """Return the user that *verb* issues own tokens of *kind* for.

        Raises:
            SubjectError: *user* has no schema for *kind* and is no plain subject.
            ForeignTokenError: *user* is the current one, and its token is another issuer's.
        """
        found = unwrapped(user)
        if isinstance(components.services.guard_verifier, TrustingVerifier):
            refuse_foreign_user(found, self._current_subject(user), verb)
        components.registered.schemas.check(found, kind)
        return found

    def _argument(
        self,
        token: str | Token,
        purpose: Purpose = Purpose.ADMIT,
        verifier: Verifier | None = None,
    ) -> Token:
        """Return the verified token of a verb's argument, which need not be the caller's.

        So its error is not an `InvalidTokenError`, which would answer the caller with 401.

        Raises:
            NotATokenError: *token* is encoded, and does not verify for *purpose*.
            TypeError: *token* is neither text nor a `Token`.
            NoTokenError: *token* is `current_token`, and there is no current token.
        """
        found = unwrapped(token)
        if not isinstance(found, str | Token):
            msg = f"pass a token, encoded as str or verified, not {type(found).__name__}"
            raise TypeError(msg)
        try:
            return self._verified(found, None, purpose, verifier)
        except InvalidTokenError as error:
            raise NotATokenError(error.reason) from error

    def _verified(
        self,
        token: str | Token,
        kinds: frozenset[str] | None,
        purpose: Purpose = Purpose.ADMIT,
        verifier: Verifier | None = None,
    ) -> Token:
        if not isinstance(token, Token):
            verifier = verifier or self._components().services.verifier
            return verifier.verify(token, kinds=kinds, purpose=purpose)
        if kinds is not None and token._claims["type"] not in kinds:
            msg = f"the token is of the kind {token.kind!r}"
            raise WrongKindError(msg)
        return token

    def _named(self, encoded: str) -> Token:
        """Verify *encoded* in order to end its session or revoke it; raises what `verify` does."""
        with self._answering():
            return self._verified(encoded, None, Purpose.END)

    def _tokens_to_end(self, state: RequestState) -> list[Token]:
        """Return the tokens of the current request whose sessions a logout ends.

        Raises:
            CSRFError: There is no current token, and a browser may have sent the others by itself.
            InvalidTokenError: The bridge's token does not verify by the rules for native tokens.
        """
        with self._answering():
            tokens = application().tokens_to_end(state.token or self._let_in_elsewhere())
        state.is_logged_out = True
        return tokens

    def _let_in_elsewhere(self) -> Token | None:
        """Return the token with which another extension has let the current request in, or None.

        Raises:
            InvalidTokenError: That token does not verify by the rules for native tokens.
        """
        found = let_in_elsewhere(current_app.extensions)
        if found is None or found.encoded is None:
            return None
        return self._verified(found.encoded, None, Purpose.END)

    def _forget(self) -> None:
        """Drop the cached token status of the request, which a verb has changed in the store."""
        if (state := application().known_state()) is not None:
            state.answers.forget()

    def _note_end(self, ended_at: float) -> None:
        """Note when this request has ended all sessions, so that its own login is not refused."""
        if (state := application().known_state()) is not None:
            state.ended_at = max(state.ended_at, ended_at)

    def _stands(self, claims: Mapping[str, Any], encoded: str) -> bool:
        """Whether the store lets a token of the bridge pass.

        As for native guards: a used refresh token passes within its grace, and after it ends its
        session. A ``sid`` that is no text, or that no store can keep, is refused, because its
        session cannot be looked up.
        """
        if not isinstance(sid := claims.get("sid"), str | None):
            return False
        issuer, kind = claims.get("iss", ""), claims["type"]
        subject = str(claims[self._parts().settings.identity_claim])
        if not all(map(is_storable, (str(issuer), subject, str(claims["jti"]), sid or ""))):
            return False
        ref = TokenRef(issuer, subject, claims["jti"], sid, claims.get("iat", 0), kind)
        components = self._components()
        standing = components.services.revocation.standing_of(ref)
        if standing is TokenStatus.CONSUMED and kind == REFRESH:
            self._notice_reuse(encoded)
        return standing in (TokenStatus.GOOD, TokenStatus.IN_GRACE)

    def _is_spoofed(self, subject: str, encoded: str | None) -> bool:
        """Whether *subject* has the prefix of a type of users, and its token is not of that type.

        The prefix of an issuer is that of nobody who has an own token.

        A user who may choose a name may choose ``machine:1``: to the store, and to views that read
        the identity from the bridge, that is the machine.

        Args:
            subject: The subject.
            encoded: The token that the bridge has verified, or None for one that it will issue.
        """
        if not subject.startswith(self._components().services.terms.reserved_prefixes):
            return False
        if encoded is None:
            return True
        try:
            self._verified(encoded, None, Purpose.EXAMINE)
        except InvalidTokenError:
            return True
        return False

    def _native_user(self) -> NativeUser | None:
        """Return a user for the bridge that raises on use, if only a native guard has run."""
        return None if self._token() is None else NativeUser()

    def _notice_reuse(self, encoded: str) -> None:
        """End the session of a used refresh token, unless this request has used it up itself."""
        try:
            token = self._verified(encoded, frozenset({REFRESH}))
        except InvalidTokenError:
            return
        if not _was_used_here(token):
            self._services().notice_reuse(token)

    def _application(self) -> BoundApp:
        found = application()
        if found.manager is not self:
            msg = "the current application belongs to another JWTManager"
            raise SetupError(msg)
        return found

    def _parts(self) -> Parts:
        return self._application().parts

    def _components(self) -> Components:
        return self._application().components

    def _services(self) -> Services:
        """Return the services of the current request, which only look where it is a dry run."""
        bound = self._application()
        state = bound.known_state()
        return bound.components.services if state is None else state.answers.services

    def _denies(self, encoded: str) -> bool:
        """Whether a revocation check denies a token that the bridge has verified.

        A token that does not verify here cannot be passed to the checks, and is denied: guards of
        both sides must agree, so that a logout counts for both (REV-1).
        """
        components = self._components()
        checks = components.registered.revocation_checks
        if not checks:
            return False
        try:
            token = self._verified(encoded, None, Purpose.EXAMINE)
        except InvalidTokenError as error:
            logger.warning("no revocation_check can be asked about a token: %s", error.reason)
            return True
        return Revocation(None, checks).denies(token)

    _answering = _Answering


def _check_plain(function: object, name: str) -> None:
    """Refuse an async function as a hook: sync views and guards call it too.

    Raises:
        SetupError: *function* is async, or no function at all.
    """
    expect(function, Callable, f"{name} takes a function", SetupError)  # type: ignore[arg-type]
    if inspect.iscoroutinefunction(function):
        msg = f"{name} is a plain function: async views and others call it"
        raise SetupError(msg)


def _check_parts(store: object, keys: object, transports: object, adds: object) -> None:
    """Check the types of the arguments of `JWTManager`.

    Raises:
        ConfigurationError: An argument is not of its type, such as a URL passed as the store.
    """
    has_store = "JWTManager(store=…) takes a TokenStore; a URL belongs into JWT_STORE_URL"
    expect(store, (TokenStore, NoneType), has_store, ConfigurationError, is_secret=True)
    has_ring = "JWTManager(keys=…) takes a KeyRing, such as KeyRing(Key(…, algorithm)), or a "
    has_ring += "function that returns one"
    if not callable(keys) or isinstance(keys, type):
        expect(keys, (KeyRing, NoneType), has_ring, ConfigurationError, is_secret=True)
    has_places = "JWTManager(transports=…) takes a list of Transport objects; names belong into "
    has_places += "JWT_TOKEN_LOCATION"
    for place in expect_several(transports, has_places, ConfigurationError):
        expect(place, Transport, has_places, ConfigurationError)
    says = "JWTManager(add_context_processor=…) is True or False"
    expect(adds, bool, says, ConfigurationError)


def _check_user_type(user_type: object, kind: object) -> None:
    """Refuse a schema class in place of the user type: ``@jwt.claims_for`` without a call.

    Raises:
        SchemaError: *user_type* is no class or a schema, or *kind* is no text.
    """
    types = "claims_for takes the type of the users: @jwt.claims_for(User)"
    expect(user_type, type, types, SchemaError)
    if issubclass(cast(type, user_type), ClaimSchema):
        expect(user_type, (), types, SchemaError)
    expect(kind, (str, NoneType), "claims_for(kind=…) takes the name of a kind", SchemaError)


def _check_response(response: object, verb: str) -> None:
    """Refuse an object that cannot carry cookies, such as the text that a view returns.

    Raises:
        TypeError: *response* is no response of werkzeug or Flask.
    """
    expect(response, BaseResponse, f"{verb} takes a response: make_response(…)")


def _app() -> Flask:
    return cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined] # a proxy


def _token_let_in() -> Token | None:
    """Return the current token, or None where no guard has let one in.

    Raises:
        BridgeTokenError: The bridge's token does not verify by the rules for native tokens.
    """
    state = known_state()
    return None if state is None else token_let_in(state)


def _can_end(token: Token) -> bool:
    """Whether a logout can end *token*, or its session; one that it cannot end is logged."""
    if token._origin is None or token.token_id is not None:
        return True
    reason = f"a token of {token.issuer} without jti ends by itself alone"
    warn_of_nothing("logout", reason)
    return False


def _was_used_here(token: Token) -> bool:
    """Whether the current request has used a refresh token up itself."""
    state = application().known_state()
    return state is not None and state.answers.was_used_here(token)


def _reused(token: Token) -> None:
    """Log the reuse of a refresh token and send the signal, once its session is ended."""
    logger.warning("a used refresh token came back, its session is ended: jti=%r", token.token_id)
    refresh_reused.send(_app(), token=token)


def _token_id(token_id: object) -> str:
    if isinstance(token_id, str) and token_id:
        return id_of(token_id)
    msg = f"token_id is text that is not empty, not {token_id!r:.40}"
    raise TypeError(msg)


def _seconds(expires_at: datetime | float | None) -> int | None:
    """Return when a token expires, in seconds since the epoch; None for never.

    Raises:
        TypeError: *expires_at* is a naive datetime, or no number that ``exp`` may have.
    """
    if expires_at is None:
        return None
    found: object = expires_at
    if isinstance(expires_at, datetime) and expires_at.utcoffset() is not None:
        found = expires_at.timestamp()
    if isinstance(found, int | float) and type(found) is not bool and 0 <= found <= MAX_TIME:
        return math.ceil(found)
    msg = (
        "expires_at is an aware datetime, seconds since the epoch, or None for a token that never "
        f"expires, not {expires_at!r:.60}"
    )
    raise TypeError(msg)


def _admit_endpoint() -> None:
    """The before_request hook of a protected blueprint, for endpoints without a guard."""
    application().admit_endpoint()


setattr(_admit_endpoint, GUARDS_BLUEPRINT, True)


def manager_here() -> JWTManager[Any]:
    """Return the manager of the current application.

    Raises:
        SetupError: The application has no `JWTManager`.
    """
    return cast("JWTManager[Any]", application().manager)


#: The manager of the current application, for modules that do not make it themselves. Outside of
#: an application context its use is the `RuntimeError` that `flask.current_app` raises, in an
#: application without a manager a `SetupError`.
current_manager = cast("JWTManager[Any]", ManagerProxy(manager_here))


def _explained(policy: Policy, access: AccessRequest) -> Decision:
    """Return the decision; NOT_FOUND where it depends on a resource that is None."""
    if access._resource is not None:
        return policy.evaluate(access)
    # Not loaded, so that only a tree whose decision depends on the resource is PENDING.
    access._resource = NOT_LOADED
    decision = policy.evaluate(access)
    if decision.outcome is not Outcome.PENDING:
        return decision
    reason = "there is no such resource"
    error = ResourceNotFoundError(reason)
    return replace(decision, outcome=Outcome.NOT_FOUND, said=reason, error=error)
