"""Build the services of one application from its settings and registrations."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final, NamedTuple

from flask import Flask

from ..clock import Clock
from ..exceptions import ConfigurationError, IssueError
from ..guards.answers import Services
from ..guards.csrf import CSRFCheck, CSRFNames
from ..guards.enforcement import Enforcement
from ..guards.levels import Place
from ..guards.presentation import PresentationCheck
from ..guards.refusal_log import Refusals
from ..issuers.issuer import Issuer
from ..issuers.issuer_verifier import ForeignRules
from ..keys import KeyRing
from ..keys.folder import KeyFolder, NoKeys
from ..keys.reloading import ReloadingKeys
from ..keys.ring import KeySource
from ..markers import NEVER
from ..policy.base import Policy
from ..policy.closing import leaves
from ..policy.credentials import KnownForeignUser, KnownUser, NotRevoked
from ..policy.request import PolicySettings
from ..schemas import SchemaRegistry
from ..sessions.additions import Additions
from ..sessions.content import ContentFactory
from ..sessions.revocation import REVOCATION_CHECKS, Revocation
from ..sessions.service import Lifetimes, SessionRules, Sessions
from ..sessions.users import Users
from ..settings import Settings, check_own_tokens, cookie_shapes
from ..stores.base import TokenStore
from ..stores.caching import CachedStore
from ..stores.opening import open_store
from ..stores.outages import checked
from ..tokens.claims import ClaimRules
from ..tokens.signer import Signer, SigningRules
from ..tokens.token import Token
from ..tokens.verifier import Verifier
from ..transports import (
    CookieTransport,
    HeaderTransport,
    JSONTransport,
    Places,
    QueryTransport,
    Transport,
)
from .registrations import Registered
from .trust import Trust

logger = logging.getLogger("jwtpolicy")

_NO_KEY = """no key is configured; set JWT_SECRET_KEY to at least 32 random bytes, for example from
  python -c "import secrets; print(secrets.token_urlsafe(48))"
and keep it out of the source. To verify tokens of others only, call jwt.trust(Issuer(…)) before
init_app, or set JWT_PUBLIC_KEY.
A folder of keys that can be changed without a restart is JWT_KEYS."""


#: Of an application that trusts other issuers alone.
_NO_KEYS: Final = NoKeys()


class Components(NamedTuple):
    """The services that depend on registrations: schemas, loaders, hooks, revocation checks.

    A bound application has one for good. Before that each verb gets one of its own.

    Attributes:
        registered: The registrations that they are built from.
        services: Verifies tokens, loads their users and asks the token store.
        additions: The application's extra claims and headers.
        sessions: Opens, renews and ends sessions.
        baseline: The policy that every presented token has to pass, or None.
    """

    registered: Registered
    services: Services
    additions: Additions
    sessions: Sessions
    baseline: Policy | None

    @property
    def schemas(self) -> SchemaRegistry:
        """The claim schemas."""
        return self.registered.schemas


class Parts:
    """The services of one application: signer, verifier, store, transports, CSRF check.

    They depend on its settings alone, and never change.

    Args:
        app: The application.
        settings: Its settings.
        keys: The key ring passed to the manager, or the function that returns it; None for the
            keys of the settings.
        store: The token store passed to the manager; None for the store of the settings.
        transports: The application's own transports.
        clock: Returns seconds since the epoch.
        trusts_others: Whether other issuers are trusted, so that it needs no key of its own.

    Raises:
        ConfigurationError: A key is missing or unusable, the store cannot be opened, or the
            service would refuse the tokens that it issues.

    Attributes:
        takes_cookies: Whether ``JWT_TOKEN_LOCATION`` contains cookies.
        keys: Where the ring in use is asked for; it changes if keys are read again.
        trust: The other issuers that are trusted, with their keys.
    """

    def __init__(
        self,
        app: Flask,
        settings: Settings,
        keys: KeyRing | Callable[[], KeyRing] | None,
        store: TokenStore | None,
        transports: tuple[Transport, ...],
        clock: Clock,
        *,
        trusts_others: bool = False,
    ) -> None:
        self.settings = settings
        self._name = app.name
        self._lifetimes = settings.lifetimes
        self.takes_cookies = "cookies" in settings.token_location
        self.clock = clock
        self.keys = _key_source(app, settings, keys, clock, trusts_others)
        ring = self.keys.current()
        has_own_keys = type(ring).signing_key_for is not KeyRing.signing_key_for
        self.can_sign = ring.signing_key is not None or has_own_keys
        self._chose_file = store is None and settings.store_url is None and not app.testing
        self.trust = Trust(
            # Not *clock* itself, so that nothing of other issuers keeps the time on its own.
            ForeignRules(
                self.now,
                settings.decode_leeway,
                settings.clock_skew,
                settings.roles_claim,
                settings.identity_claim,
            ),
            self.own_issuers,
            has_keys=self.keys is not _NO_KEYS,
        )
        self.store = self._cached(self._opened(app) if store is None else checked(store))
        _check_sessions(settings, self.store)
        if self.can_sign:
            check_own_tokens(settings)
        self._own_places = transports
        self.signer = _signer(settings, self.keys, with_csrf=self.has_csrf)
        self.cookies = _cookies(settings, clock)
        self.csrf = _csrf(settings)
        self.refusals = Refusals(settings.realm, settings.resource_metadata)
        self._named: dict[str, Transport] = {
            "headers": HeaderTransport(settings.header_name, settings.header_type),
            "cookies": self.cookies,
            "query_string": QueryTransport(
                settings.query_string_name, settings.query_string_value_prefix
            ),
            "json": JSONTransport(
                {
                    "access": settings.json_key,
                    "refresh": settings.refresh_json_key,
                    **settings.custom_json_keys,
                }
            ),
        }

    def now(self) -> float:
        """Return the time of the application, in seconds since the epoch."""
        return self.clock()

    @property
    def own_issuers(self) -> frozenset[str]:
        """``iss`` of own tokens: what is written into new ones, and what others may have."""
        settings = self.settings
        return frozenset({settings.encode_issuer or "", *settings.accepted_issuers})

    def places(self, written: Iterable[Place] | None = None) -> Places:
        """Return the transports that a guard names; None: those of ``JWT_TOKEN_LOCATION``.

        Raises:
            ConfigurationError: A transport that browsers fill by themselves, such as cookies, is
                named here and not in ``JWT_TOKEN_LOCATION``: tokens would have no CSRF value.
        """
        usual: tuple[Place, ...] = (*self.settings.token_location, *self._own_places)
        listed = usual if written is None else tuple(written)
        if "cookies" in listed and not self.takes_cookies:
            msg = (
                "transports= names cookies, but JWT_TOKEN_LOCATION does not: tokens would have no "
                "CSRF value; add 'cookies' to JWT_TOKEN_LOCATION"
            )
            raise ConfigurationError(msg)
        found = [self._named[place] if isinstance(place, str) else place for place in listed]
        places = Places(dict.fromkeys(found))
        if places.has_ambient and not self.has_csrf:
            msg = (
                f"{places!r}: browsers fill one of these by themselves, so that tokens need a CSRF "
                "value; pass it to JWTManager(transports=…) too, which gives them one"
            )
            raise ConfigurationError(msg)
        return places

    def checks(self, places: Places, *, csrf: bool) -> tuple[PresentationCheck, ...]:
        """Return the checks of verified tokens that were presented in *places*.

        Args:
            places: The transports of an endpoint.
            csrf: Whether tokens that browsers send by themselves need a CSRF value.
        """
        return (self.csrf,) if csrf and places.has_ambient else ()

    @property
    def has_csrf(self) -> bool:
        """Whether tokens carry a CSRF value, because browsers may send them by themselves."""
        return self.takes_cookies or any(place.is_ambient for place in self._own_places)

    def _opened(self, app: Flask) -> TokenStore | None:
        url = self.settings.store_url
        if url is None and not self.can_sign:
            # Whoever only verifies has no sessions of its own to remember.
            return None
        return open_store(
            url,
            instance_path=app.instance_path,
            timeout=self.settings.store_timeout,
            testing=app.testing,
            create_tables=self.settings.store_create_tables,
            lost=self.settings.store_lost,
            near_cache=self.settings.store_near_cache,
            clock=self.clock,
        )

    def note_testing(self, app: Flask) -> None:
        """Warn that tests share the default store's file because ``TESTING`` was set too late.

        Flask's own fixtures set it when the application is made. The store is not exchanged for
        one in memory then: what was issued meanwhile is known to the file alone.
        """
        if app.testing and self._chose_file and self.store is not None:
            logger.warning(
                "%s: TESTING was set after init_app, which has chosen a file for the store, that "
                "all tests share: %r; set TESTING before, or JWT_STORE_URL to 'memory://'",
                app.name,
                self.store,
            )

    def _cached(self, store: TokenStore | None) -> TokenStore | None:
        seconds = self.settings.store_cache_seconds
        return CachedStore(store, seconds) if store is not None and seconds else store

    def check_store(self, policies: Iterable[Policy]) -> None:
        """Refuse policies about revocation in an application without a token store.

        Raises:
            ConfigurationError: `NotRevoked` or `SingleUse` is among them, and there is no store.
        """
        asking = (leaf for policy in policies for leaf in leaves(policy))
        if self.store is None and any(isinstance(leaf, NotRevoked) for leaf in asking):
            msg = (
                "NotRevoked() and SingleUse() need a token store, and there is none: set "
                "JWT_STORE_URL to the store of the tokens' issuer, or say "
                "JWTManager(baseline=None) if tokens need not be revocable"
            )
            raise ConfigurationError(msg)

    def lifetime(self, kind: str, expires_in: float | timedelta | Any) -> int | None:
        """Return the lifetime of a token of *kind*, in seconds; None: it never expires.

        Raises:
            IssueError: No lifetime is given or configured, or it is less than one second.
        """
        if expires_in is NEVER:
            self._check_endless(kind)
            return None
        if expires_in is None:
            return self._configured(kind)
        seconds = expires_in.total_seconds() if isinstance(expires_in, timedelta) else expires_in
        if type(seconds) not in (int, float) or not math.isfinite(seconds) or seconds < 1:
            msg = f"expires_in takes at least one second, a timedelta or NEVER, not {expires_in!r}"
            raise IssueError(msg)
        return int(seconds)

    def _configured(self, kind: str) -> int | None:
        if kind not in self._lifetimes:
            key = f"JWT_{kind.upper()}_TOKEN_EXPIRES"
            msg = f"a token of the kind {kind!r} needs expires_in= or {key}"
            raise IssueError(msg)
        lifetime = self._lifetimes[kind]
        if lifetime is None:
            self._check_endless(kind)
        return lifetime

    def _check_endless(self, kind: str) -> None:
        if self.settings.require_exp:
            msg = (
                f"a token of the kind {kind!r} that never expires would not verify here; set "
                "JWT_REQUIRE_EXP to False, or give it an end"
            )
            raise IssueError(msg)

    def components(
        self,
        app: Flask,
        registered: Registered,
        baseline: Policy | None,
        on_reuse: Callable[[Token], None],
    ) -> Components:
        """Return the services of the application for the registrations in *registered*."""
        checks = (*registered.revocation_checks, *app.extensions.get(REVOCATION_CHECKS, ()))
        terms = _terms(self.settings, self.clock, registered, self.trust)
        # As far ahead as `iat` may lie: a token of a machine that is ahead passes its guards, and
        # so it must not outlive its revocation (REV-1).
        revocation = Revocation(
            self.store,
            checks,
            clock=self.clock,
            leeway=terms.ahead,
            issuer=self.settings.encode_issuer or "",
            accepted_issuers=self.settings.accepted_issuers,
        )
        _check_users(registered, self.trust)
        users = Users(registered.user_loader, app.ensure_sync)
        additions = Additions(app.json.dumps, registered.extra_claims, registered.extra_headers)
        has_loader = registered.user_loader is not None
        load_user = users.load_in_verb if has_loader else None
        sessions = self._sessions(registered, revocation, load_user, on_reuse, additions)
        verifier, guard_verifier = self._verifiers(registered)
        return Components(
            registered=registered,
            services=Services(
                verifier=verifier,
                guard_verifier=guard_verifier,
                revocation=revocation,
                users=users,
                terms=terms,
                ensure_sync=app.ensure_sync,
                notice_reuse=sessions.notice_reuse,
            ),
            additions=additions,
            sessions=sessions,
            baseline=_with_users(baseline, registered, self.trust),
        )

    def _verifiers(self, registered: Registered) -> tuple[Verifier, Verifier]:
        """Return the verifier of own tokens, and that of guards, which takes those of others too.

        Where the tokens of the only issuer count as own, it is one.
        """
        own = _verifier(self.settings, self.keys, self.clock, registered.schemas)
        prefixes = registered.schemas.prefixes.values()
        issuers, resolver = registered.issuers, registered.resolver
        if not registered.trusts_others:
            return own, own
        base = _verifier(self.settings, self.keys, self.clock, registered.schemas)
        trusting = self.trust.trusting(base, issuers, resolver, prefixes)
        return trusting if self.trust.counts_as_own(issuers, resolver) else own, trusting

    def enforcement(self, components: Components) -> Enforcement:
        """Return the enforcement of policies on requests, with these components."""
        registered = components.registered
        self.trust.begin(self._name, registered.issuers, registered.resolver)
        places = self.places()
        return Enforcement(
            places=places,
            checks=self.checks(places, csrf=True),
            services=components.services,
            baseline=components.baseline,
            refusals=self.refusals,
        )

    def _sessions(
        self,
        registered: Registered,
        revocation: Revocation,
        load_user: Callable[[Token], Any] | None,
        on_reuse: Callable[[Token], None],
        additions: Additions,
    ) -> Sessions:
        """Return the service that opens, renews and ends sessions."""
        settings = self.settings
        return Sessions(
            signer=self.signer,
            contents=ContentFactory(
                registered.schemas,
                additions,
                settings.identity_claim,
                load_user,
                has_store=self.store is not None,
            ),
            revocation=revocation,
            rules=self._session_rules(registered),
            clock=self.clock,
            on_reuse=on_reuse,
        )

    def _session_rules(self, registered: Registered) -> SessionRules:
        rules, issuers = _session_rules(self.settings), registered.issuers
        if not self.trust.counts_as_own(issuers, registered.resolver):
            return rules
        # So that the end of an own subject is the end of the tokens that count as own.
        return rules._replace(accepted_issuers=[*rules.accepted_issuers, issuers[0].url])


def _check_users(registered: Registered, trust: Trust) -> None:
    """Refuse a ``user_loader`` of the manager that nobody would ever call.

    Raises:
        ConfigurationError: All tokens are of other issuers, because there is no key.
    """
    has_own = trust.has_keys or not registered.trusts_others
    if registered.user_loader is not None and not has_own:
        names = " and ".join(
            f"the Issuer of {one.url}" if isinstance(one, Issuer) else str(one)
            for one in registered.others
        )
        msg = (
            "jwt.user_loader is for tokens that own keys have signed, and there is no key; pass "
            f"the function as user_loader= to {names}"
        )
        raise ConfigurationError(msg)


def _with_users(baseline: Policy | None, registered: Registered, trust: Trust) -> Policy | None:
    """Return the baseline; guards load the users of all tokens that have a loader."""
    if baseline is None or registered.is_lazy:
        return baseline
    if registered.user_loader is not None:
        return baseline & KnownUser()
    if any(other.user_loader is not None for other in registered.others):
        # Where they count as own, `KnownForeignUser` is left out like all that is true of own ones.
        counts_as_own = trust.counts_as_own(registered.issuers, registered.resolver)
        return baseline & (KnownUser() if counts_as_own else KnownForeignUser())
    return baseline


def _check_sessions(settings: Settings, store: TokenStore | None) -> None:
    """Refuse settings about sessions in an application without a token store.

    Raises:
        ConfigurationError: ``JWT_COOKIE_RENEW_WITHIN`` or ``JWT_SESSION_MAX`` is set, and there
            is no store.
    """
    for key, value in (
        ("JWT_COOKIE_RENEW_WITHIN", settings.cookie_renew_within),
        ("JWT_SESSION_MAX", settings.session_max),
    ):
        if value is not None and store is None:
            msg = f"{key} needs a token store, and there is none: set JWT_STORE_URL"
            raise ConfigurationError(msg)


def _key_source(
    app: Flask,
    settings: Settings,
    keys: KeyRing | Callable[[], KeyRing] | None,
    clock: Clock,
    trusts_others: bool,
) -> KeySource:
    """Return the source of the keys: the ring itself, or what is asked again for it.

    Raises:
        ConfigurationError: There is no key, or one cannot be used.
    """
    if keys is not None and settings.keys is not None:
        msg = "JWT_KEYS is set, and JWTManager(keys=…) has keys too; remove one of them"
        raise ConfigurationError(msg)
    if isinstance(keys, KeyRing):
        return keys
    if keys is None and settings.keys is None:
        return _ring(settings, trusts_others)
    return ReloadingKeys(keys or key_folder(app, settings, clock), settings.keys_reload, clock)


def key_folder(app: Flask, settings: Settings, clock: Clock) -> KeyFolder:
    """Return the folder of ``JWT_KEYS``; a relative path begins at the instance folder."""
    return KeyFolder(
        os.path.join(app.instance_path, settings.keys or ""),
        clock,
        algorithm=settings.algorithm,
        delay=settings.key_publish_delay,
        is_shared=settings.keys_folder_shared,
    )


def _ring(settings: Settings, trusts_others: bool) -> KeyRing:
    if not (settings.secret_key or settings.private_key or settings.public_key):
        if trusts_others:
            return _NO_KEYS
        raise ConfigurationError(_NO_KEY)
    return KeyRing.from_config(
        algorithm=settings.algorithm,
        secret=settings.secret_key,
        fallbacks=settings.secret_key_fallbacks,
        private_key=settings.private_key,
        public_key=settings.public_key,
        is_shared=settings.keys_folder_shared,
    )


def _session_rules(settings: Settings) -> SessionRules:
    return SessionRules(
        Lifetimes(
            settings.lifetimes,
            settings.session_idle,
            settings.session_absolute,
            settings.refresh_grace,
        ),
        issuer=settings.encode_issuer or "",
        accepted_issuers=settings.accepted_issuers,
        maximum=settings.session_max,
        leeway=settings.decode_leeway,
    )


def _signer(settings: Settings, ring: KeySource, *, with_csrf: bool) -> Signer:
    rules = SigningRules(
        issuer=settings.encode_issuer,
        audience=_audience(settings.encode_audience),
        not_before=settings.encode_nbf,
        access_profile=settings.access_token_profile,
        client_id=settings.client_id,
        demanded=_demanded(settings),
        identity_claim=settings.identity_claim,
        with_csrf=with_csrf,
        max_length=settings.max_token_length,
    )
    return Signer(ring, rules)


def _demanded(settings: Settings) -> frozenset[str]:
    accepted = {"iss": settings.accepted_issuers, "aud": settings.accepted_audiences}
    return frozenset(name for name, values in accepted.items() if values)


def _terms(
    settings: Settings, clock: Clock, registered: Registered, trust: Trust
) -> PolicySettings:
    types = registered.schemas.prefixes
    prefixes = tuple({prefix for prefix in types.values() if prefix})
    return PolicySettings(
        clock=clock,
        leeway=settings.decode_leeway,
        roles_claim=settings.roles_claim,
        types=types,
        prefixes=prefixes,
        skew=settings.clock_skew,
        issuers={issuer.url: issuer for issuer in registered.issuers},
        own_issuers=trust.own_issuers,
        has_keys=trust.has_keys,
        identity_claim=settings.identity_claim,
        resolver=registered.resolver,
    )


def _cookies(settings: Settings, clock: Clock) -> CookieTransport:
    return CookieTransport(
        cookie_shapes(settings),
        domain=settings.cookie_domain,
        secure=settings.cookie_secure,
        partitioned=settings.cookie_partitioned,
        csrf_in_cookies=settings.csrf_in_cookies,
        clock=clock,
    )


def _csrf(settings: Settings) -> CSRFCheck:
    has_form = settings.csrf_check_form
    access = settings.access_csrf_field_name if has_form else None
    refresh = settings.refresh_csrf_field_name if has_form else None
    return CSRFCheck(
        CSRFNames(settings.access_csrf_header_name, access),
        CSRFNames(settings.refresh_csrf_header_name, refresh),
        frozenset(settings.csrf_trusted_origins),
    )


def _audience(audience: tuple[str, ...]) -> str | tuple[str, ...] | None:
    """Return the ``aud`` claim: one audience as a string, as RFC 7519 section 4.1.3 allows."""
    return audience[0] if len(audience) == 1 else audience or None


def _verifier(
    settings: Settings, ring: KeySource, clock: Clock, schemas: SchemaRegistry
) -> Verifier:
    rules = ClaimRules(
        issuers=settings.accepted_issuers,
        audiences=settings.accepted_audiences,
        leeway=settings.decode_leeway,
        skew=settings.clock_skew,
        require_exp=settings.require_exp,
        accept_integer_subject=settings.accept_integer_subject,
        access_profile=settings.access_token_profile,
        identity_claim=settings.identity_claim,
    )
    return Verifier(
        ring=ring,
        rules=rules,
        clock=clock,
        load_principal=schemas.load,
        max_length=settings.max_token_length,
    )
