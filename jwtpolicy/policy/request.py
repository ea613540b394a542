"""The request that policies judge, and their settings and services, without a web framework."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType, NoneType
from typing import Any, Final, Protocol, cast

from werkzeug.exceptions import HTTPException

from ..clock import Clock, system_clock
from ..decision import Cure, Finding, Outcome
from ..exceptions import AccessError, SetupError, expect
from ..issuers.issuer import Issuer
from ..issuers.resolver import IssuerResolver
from ..markers import NOT_GIVEN, NotGiven
from ..tokens.status import TokenStatus
from ..tokens.token import Token


class PolicyServices(Protocol):
    """Services of the application for policies: token status, user loader, runner of async code."""

    def standing(self, token: Token) -> TokenStatus:
        """Return the status of *token* in the store.

        Raises:
            StoreUnavailableError: The store cannot be reached.
        """

    def load_user(self, token: Token) -> Any:
        """Return the token's user.

        Raises:
            UnknownUserError: There is no such user.
            UserUnavailableError: The application's user loader raised an exception.
        """

    async def load_user_async(self, token: Token) -> Any:
        """Return the token's user, awaiting an async loader; raises what `load_user` raises."""

    def run_async(
        self, function: Callable[[AccessRequest], Awaitable[Any]]
    ) -> Callable[[AccessRequest], Any]:
        """Return *function* wrapped for a synchronous caller, who waits for its end."""


class NotLoaded(Enum):
    """The type of `NOT_LOADED`."""

    NOT_LOADED = "NOT_LOADED"

    def __repr__(self) -> str:
        return self.value


#: The resource has a loader, which has not run yet.
NOT_LOADED: Final = NotLoaded.NOT_LOADED


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """Settings of an application that policies judge by: clock, leeway, claims, prefixes.

    Attributes:
        clock: Where the time comes from.
        leeway: Seconds by which clocks may differ.
        roles_claim: Where the bearer's roles are; a dotted path.
        types: What stands before the subjects of each type of users; nothing for one of them.
        prefixes: All of these that are not empty.
        skew: Seconds that a beginning may lie ahead, where that is more.
        issuers: The other issuers that are trusted, by ``iss``.
        resolver: What finds further ones, or None.
        own_issuers: ``iss`` of own tokens: the one that is written, and others that are accepted.
        has_keys: Whether the application has a key of its own, so that there are own tokens.
    """

    clock: Clock = system_clock
    leeway: float = 0
    roles_claim: str = "roles"
    types: Mapping[type, str] = field(default_factory=dict)
    prefixes: tuple[str, ...] = ()
    skew: float = 0
    issuers: Mapping[str, Issuer] = field(default_factory=dict)
    own_issuers: frozenset[str] = frozenset()
    has_keys: bool = True
    resolver: IssuerResolver | None = None

    @property
    def others(self) -> frozenset[str | IssuerResolver]:
        """All that is trusted besides the application: issuers by ``iss``, and the resolver."""
        found = () if self.resolver is None else (self.resolver,)
        return frozenset((*self.issuers, *found))

    @property
    def ahead(self) -> float:
        """Seconds that a time may lie ahead, because another machine's clock has written it."""
        return max(self.leeway, self.skew)

    @property
    def reserved_prefixes(self) -> tuple[str, ...]:
        """What no plain subject of an own token may begin with: prefixes of types and issuers."""
        abroad = [issuer.subject_prefix for issuer in self.issuers.values()]
        if self.resolver is not None:
            abroad.append(self.resolver.subject_prefix)
        return (*self.prefixes, *(prefix for prefix in abroad if prefix))

    def is_over(self, expires_at: float | None) -> bool:
        """Whether ``exp`` has passed (:rfc:`7519#section-4.1.4`); None never does."""
        return expires_at is not None and self.clock() >= expires_at + self.leeway

    def prefix_of(self, user_type: type | None) -> str | None:
        """Return the prefix of the subjects of a type of users, which its subclasses share.

        Args:
            user_type: The type; None for the one without a prefix.

        Returns:
            The prefix, or None where no users of that type are known.
        """
        if user_type is None:
            return ""
        return next((self.types[cls] for cls in user_type.__mro__ if cls in self.types), None)


DEFAULT_SETTINGS = PolicySettings()


class NoApplicationError(LookupError):
    """A policy needs the application, and the `AccessRequest` was made by hand, without one."""


class ResourcePending(Exception):  # noqa: N818 # not an error: it asks for the resource
    """A policy read the resource, and it is not loaded yet."""


class UserPending(SetupError):  # noqa: N818 # it asks for the user, where somebody can await it
    """A policy read the user, whose loader is async, where a loop is running."""


_NO_ARGS: Final[Mapping[str, Any]] = MappingProxyType({})


class AccessRequest:
    """One request as policies see it: its token, method, URL values and resource.

    Attributes:
        token: The verified token, or None.
        credential_error: The reason why the token that was sent cannot be used. None if no token
            was sent, or if it was verified.
        method: The HTTP method.
        endpoint: The name of the endpoint, or None outside of one.
        view_args: The values of the URL's variables, read-only.
        remote_addr: The client's address as text, or None.
        transport: The name of the place where the token was: ``headers``, ``cookies`` …; None
            without a token.
        terms: The clock, the leeway and the name of the roles' claim.
        is_dry_run: Whether the request is only explained. A policy that counts requests, or writes
            anything else, must not write then.

    Args:
        resource: The object that the endpoint is about. None if it was searched for and does not
            exist; `NOT_GIVEN` if the endpoint has none.
        services: The services of the application, or None.

    Raises:
        TypeError: *token* is not a verified `Token`, or *view_args* is not a mapping.
    """

    # Defaults of the class, because most requests change few of them.
    credential_error: AccessError | None = None
    transport: str | None = None
    is_dry_run: bool = False
    #: Whether the resource was asked for before it was there.
    touched: bool = False
    #: Whether whoever asks policies can await the user, and whether one of them waits for that.
    awaits_user: bool = False
    waits_for_user: bool = False
    #: Why the user could not be loaded: no user, or the loader's own answer.
    user_error: HTTPException | None = None
    terms: PolicySettings = DEFAULT_SETTINGS
    _resource: Any = NOT_GIVEN
    _services: PolicyServices | None = None
    method: str
    endpoint: str | None
    view_args: Mapping[str, Any]
    remote_addr: str | None

    def __init__(
        self,
        *,
        token: Token | None = None,
        method: str = "GET",
        endpoint: str | None = None,
        view_args: Mapping[str, Any] | None = None,
        resource: object = NOT_GIVEN,
        remote_addr: str | None = None,
        transport: str | None = None,
        credential_error: AccessError | None = None,
        services: PolicyServices | None = None,
        terms: PolicySettings = DEFAULT_SETTINGS,
    ) -> None:
        verified = "AccessRequest(token=…) takes None or a verified Token: jwt.verify(encoded)"
        expect(token, (Token, NoneType), verified, is_secret=True)
        expect(view_args, (Mapping, NoneType), "AccessRequest(view_args=…) takes a mapping")
        self.token = token
        self.method = method
        self.endpoint = endpoint
        self.view_args = MappingProxyType(dict(view_args)) if view_args else _NO_ARGS
        self.remote_addr = remote_addr
        self.transport = transport
        self.credential_error = credential_error
        self.terms = terms
        self._resource = resource
        self._services = services

    @property
    def resource(self) -> Any:
        """The object that the endpoint is about.

        Raises:
            ResourcePending: It is not loaded yet; the guard loads it and asks again.
            LookupError: The guard has no loader of a resource.
        """
        if self._resource is NOT_LOADED:
            self.touched = True
            raise ResourcePending
        if self._resource is NOT_GIVEN:
            msg = "this guard has no resource: define load_resource or pass resource="
            raise LookupError(msg)
        return self._resource

    @property
    def has_resource(self) -> bool:
        """Whether the resource was loaded; True also if it is None because it does not exist."""
        return not isinstance(self._resource, NotGiven | NotLoaded)

    @property
    def services(self) -> PolicyServices:
        """The services of the application.

        Raises:
            NoApplicationError: The request was made by hand, without an application.
        """
        if self._services is None:
            msg = "the AccessRequest was made without an application; jwt.explain asks one"
            raise NoApplicationError(msg)
        return self._services

    @property
    def user(self) -> Any:
        """The token's user, loaded at the first use; None without a token.

        Raises:
            HTTPException: The token's user does not exist, or the application's loader raised it.
            UserPending: The loader has to be awaited; the guard awaits it and asks again.
        """
        if self.token is None:
            return None
        if self.user_error is not None:
            raise self.user_error
        try:
            return self.services.load_user(self.token)
        except HTTPException as error:
            self.user_error = error
            raise

    async def load_user(self) -> None:
        """Load the user, so that `user` returns it, or raises why it could not be loaded."""
        try:
            # Without a token nobody waits.
            await self.services.load_user_async(cast(Token, self.token))
        except HTTPException as error:
            self.user_error = error

    def deny(
        self,
        reason: str,
        outcome: Outcome = Outcome.FORBIDDEN,
        retry_after: int | None = None,
    ) -> Finding:
        """Return a refusal with its reason, for `Policy.decide` to return.

        Args:
            reason: The reason for the log and `Decision.explain`; clients do not see it.
            outcome: The kind of refusal; anything except ``ALLOW`` and ``PENDING``.
            retry_after: Seconds, for ``RATE_LIMITED``.

        Raises:
            ValueError: *outcome* is not a refusal.
        """
        if outcome <= Outcome.PENDING:
            msg = f"deny() takes a refusal, not {outcome.name}; return True to allow"
            raise ValueError(msg)
        if retry_after is None:
            return Finding(outcome, reason)
        # A limiter says fractions; the header takes whole seconds (RFC 9110 section 10.2.3).
        return Finding(outcome, reason, Cure(retry_after=math.ceil(retry_after)))
