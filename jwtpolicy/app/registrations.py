"""The registrations of a manager: schemas, loaders, hooks, checks, levels of blueprints."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol
from weakref import WeakSet

from flask import Blueprint

from ..exceptions import SetupError
from ..guards.origins import LevelOrigin, calling_line
from ..issuers.issuer import Issuer
from ..issuers.resolver import IssuerResolver
from ..policy.base import Policy
from ..schemas import SchemaRegistry
from ..sessions.additions import Hook
from ..sessions.revocation import RevocationCheck
from ..sessions.users import UserLoader
from .protected_resources import ProtectedResource


class Bindable(Protocol):
    """An application that is bound to the registrations at its first request."""

    name: str

    @property
    def is_bound(self) -> bool:
        """Whether it had its first request, which copies the registrations for its guards."""

    def has(self, blueprint: Blueprint) -> bool:
        """Whether it has registered *blueprint*, on its own or inside another one."""


class Registered(NamedTuple):
    """A frozen copy of the registrations of a manager; later registrations do not change it.

    Attributes:
        schemas: The claim schemas.
        revocation_checks: The application's functions that also decide whether a token is revoked.
        user_loader: The function that returns the user of a token, or None.
        is_lazy: Whether the user loader waits for the first use of the user.
        extra_claims: The hook that adds claims to tokens, or None.
        extra_headers: The hook that adds members to their JOSE header, or None.
        issuers: The other issuers whose tokens are trusted.
        resolver: What finds further ones, or None.
    """

    schemas: SchemaRegistry
    revocation_checks: tuple[RevocationCheck, ...]
    user_loader: UserLoader | None
    is_lazy: bool
    extra_claims: Hook | None
    extra_headers: Hook | None
    issuers: tuple[Issuer, ...]
    resolver: IssuerResolver | None

    @property
    def others(self) -> tuple[Issuer | IssuerResolver, ...]:
        """The issuers, and the resolver if there is one."""
        return (*self.issuers, *(() if self.resolver is None else (self.resolver,)))

    @property
    def trusts_others(self) -> bool:
        """Whether tokens of anybody else are trusted."""
        return bool(self.others)


class Registrations:
    """The registrations of one manager so far, for the applications that are not bound yet.

    An application is bound to a copy, at its first request, and guards and verbs go by that copy
    from then on: there is no moment at which a guard admits what a verb refuses. Until then verbs
    use what is registered when they are called. Where all applications are bound a registration
    would have no effect, and is an error.

    What a bound application holds may be registered anew for others, as a factory of applications
    does: it takes the place of the older one there. Checks and the levels of blueprints add up.

    Attributes:
        schemas: The claim schemas.
        blueprints: The levels of protected blueprints. No copy is made of them: those of a
            blueprint that a bound application has registered do not change any more (`add_level`),
            and others may be registered there later, with the levels that they have then.
        resources: The protected resources, by the blueprints that they are made of; as with levels,
            those of a bound application's blueprints do not change any more.
        written: The line that made the manager.
        lock: Serialises registering and binding: a registration during the first request of an
            application is in its copy, or is an error.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.schemas = SchemaRegistry()
        self.blueprints: dict[Blueprint, list[LevelOrigin]] = {}
        self.resources: dict[Blueprint, ProtectedResource] = {}
        self.written = calling_line()
        self._checks: list[RevocationCheck] = []
        self._hooks: dict[str, Callable[..., Any]] = {}
        self._issuers: dict[str, Issuer] = {}
        self._resolver: IssuerResolver | None = None
        self._is_lazy = False
        self._held: Registered | None = None
        # Weakly: a manager outlives the applications of a test suite.
        self._applications: WeakSet[Bindable] = WeakSet()

    def add_application(self, application: Bindable) -> None:
        """Remember an application that registrations may concern; only a weak reference is kept."""
        self._applications.add(application)

    def add_schema(self, schema: object, user_type: type, kind: str | None) -> None:
        """Register a claim schema.

        Raises:
            SetupError: All applications are bound, so that it would have no effect; or its prefix
                could be taken for that of a trusted issuer.
            SchemaError: The schema cannot describe a token, or the type and kind have one already.
        """
        with self.lock:
            self._check_open(f"claims_for({user_type.__name__})")
            held = None if self._held is None else self._held.schemas
            for issuer in self._others:
                prefix = str(getattr(schema, "subject_prefix", ""))
                _check_apart(issuer, f"users of the type {user_type.__name__}", prefix)
            self.schemas.register(schema, user_type, kind, over=held)

    def add_user_loader(self, loader: UserLoader, *, is_lazy: bool) -> None:
        """Register the user loader: the function that returns the user of a token.

        Raises:
            SetupError: All applications are bound, or there is one already.
        """
        with self.lock:
            self.add_hook("user_loader", loader)
            self._is_lazy = is_lazy

    def add_hook(self, name: str, hook: Callable[..., Any]) -> None:
        """Register a hook of which an application has at most one.

        Args:
            name: ``user_loader``, ``extra_claims`` or ``extra_headers``.
            hook: The function.

        Raises:
            SetupError: All applications are bound, or there is one already.
        """
        with self.lock:
            self._check_open(name)
            self._check_single(name)
            self._hooks[name] = hook

    def _check_single(self, name: str) -> None:
        """Refuse a second hook of one name where the first was for an application not bound yet.

        Raises:
            SetupError: Another function is registered under *name* already.
        """
        found = self._hooks.get(name)
        if found is not None and found is not getattr(self._held, name, None):
            msg = (
                f"there is a {name} already: {found!r:.80}; register it once, where the "
                "manager is created, and not in the application factory"
            )
            raise SetupError(msg)

    @property
    def trusts_others(self) -> bool:
        """Whether any other issuer is trusted so far."""
        return bool(self._others)

    @property
    def foreign_audiences(self) -> frozenset[str]:
        """The audiences of the other issuers that are trusted so far."""
        return frozenset[str]().union(*(other.audience for other in self._others))

    @property
    def _others(self) -> tuple[Issuer | IssuerResolver, ...]:
        """The other issuers that are trusted so far, and the resolver."""
        found = () if self._resolver is None else (self._resolver,)
        return (*self._issuers.values(), *found)

    def add_issuer(self, issuer: Issuer) -> None:
        """Register another issuer whose tokens are trusted; the same object is registered once.

        Raises:
            SetupError: All applications are bound, another `Issuer` has this URL, or its
                ``subject_prefix`` begins with another one, of an issuer or of a type of users, or
                another one with it; or another one has opaque tokens, too.
        """
        with self.lock:
            self._check_open(f"trust({issuer!r})")
            known = self._issuers.get(issuer.url)
            if known is not None and known is not issuer:
                msg = f"{issuer!r} is trusted already, with other arguments"
                raise SetupError(msg)
            for other in self._issuers.values():
                if other is not issuer:
                    _check_only_opaque(issuer, other)
            self._check_prefix(issuer)
            self._issuers[issuer.url] = issuer

    def add_resolver(self, resolver: IssuerResolver) -> None:
        """Register what finds further issuers; the same object is registered once.

        Raises:
            SetupError: All applications are bound, there is another one, or its ``subject_prefix``
                begins with one of an issuer or of a type of users, or another one with it.
        """
        with self.lock:
            self._check_open(f"trust({resolver!r})")
            if self._resolver is not None and self._resolver is not resolver:
                msg = f"{self._resolver!r} is trusted already; let one resolver find all of them"
                raise SetupError(msg)
            self._check_prefix(resolver)
            self._resolver = resolver

    def _check_prefix(self, mine: Issuer | IssuerResolver) -> None:
        """Refuse what has a ``subject_prefix`` by which a subject could be of others, too.

        Raises:
            SetupError: One begins with the other.
        """
        for other in self._others:
            if other is not mine:
                _check_apart(mine, repr(other), other.subject_prefix)
        for user_type, prefix in self.schemas.prefixes.items():
            _check_apart(mine, f"users of the type {user_type.__name__}", prefix)

    def add_check(self, check: RevocationCheck) -> None:
        """Register one more revocation check; the same function is asked once.

        Raises:
            SetupError: All applications are bound, so that it would have no effect.
        """
        with self.lock:
            self._check_open("revocation_check")
            if not any(_is_same(check, one) for one in self._checks):
                self._checks.append(check)

    def add_level(self, blueprint: Blueprint, level: Policy, guard: Callable[[], None]) -> None:
        """Put one more level on a blueprint; one that it has already changes nothing.

        Args:
            blueprint: The blueprint.
            level: The policy of its endpoints.
            guard: The hook that runs before each request to it.

        Raises:
            SetupError: A bound application has registered the blueprint.
        """
        with self.lock:
            levels = self.blueprints.get(blueprint, [])
            # By identity, and not by an `__eq__` of the application's: it is not asked otherwise.
            if level.identity in [one.policy.identity for one in levels]:
                return
            self._guard(blueprint, f"protect_blueprint({blueprint.name})", guard)
            origin = LevelOrigin("blueprint", level, blueprint.name, *calling_line())
            self.blueprints[blueprint] = [*levels, origin]

    def add_resource(
        self, blueprint: Blueprint, resource: ProtectedResource, guard: Callable[[], None]
    ) -> None:
        """Make a blueprint a protected resource, or a part of one.

        Args:
            blueprint: The blueprint.
            resource: The resource.
            guard: The hook that runs before each request to the blueprint.

        Raises:
            SetupError: The blueprint is another resource already, or a bound application has
                registered it.
        """
        with self.lock:
            if (known := self.resources.get(blueprint)) is not None:
                msg = f"the blueprint {blueprint.name} is the resource {known.identifier} already"
                raise SetupError(msg)
            self._guard(blueprint, f"resource_metadata_blueprint({blueprint.name})", guard)
            self.resources[blueprint] = resource

    def _guard(self, blueprint: Blueprint, what: str, guard: Callable[[], None]) -> None:
        """Let *guard* run before each request to *blueprint*.

        Raises:
            SetupError: A bound application has registered the blueprint.
        """
        bound = [one for one in self._applications if one.is_bound and one.has(blueprint)]
        if bound:
            raise SetupError(_late(what, bound))
        if blueprint not in self.blueprints:
            blueprint.before_request(guard)
            self.blueprints[blueprint] = []

    def copied(self) -> Registered:
        """Return a frozen copy of the registrations at this moment."""
        schemas = self.schemas.copied(one.subject_prefix for one in self._others)
        if "user_loader" in self._hooks:
            schemas.reload_users()
        return Registered(
            schemas=schemas,
            revocation_checks=tuple(self._checks),
            user_loader=self._hooks.get("user_loader"),
            is_lazy=self._is_lazy,
            extra_claims=self._hooks.get("extra_claims"),
            extra_headers=self._hooks.get("extra_headers"),
            issuers=tuple(self._issuers.values()),
            resolver=self._resolver,
        )

    def hold(self, registered: Registered) -> None:
        """Note that an application is bound to *registered* from now on."""
        self._held = registered

    def _check_open(self, what: str) -> None:
        """Refuse a registration that comes too late for every application.

        Raises:
            SetupError: The manager has applications, and all of them are bound.
        """
        applications = list(self._applications)
        if applications and all(one.is_bound for one in applications):
            raise SetupError(_late(what, applications))


def _check_only_opaque(issuer: Issuer, other: Issuer) -> None:
    """Refuse a second issuer of opaque tokens.

    Raises:
        SetupError: Both have an introspection endpoint.
    """
    if issuer.introspection is not None and other.introspection is not None:
        msg = (
            f"{issuer!r} and {other!r} have introspection= both: an opaque token does not say "
            "whose it is, so that each server would get the tokens of the other; leave out one"
        )
        raise SetupError(msg)


def _check_apart(issuer: Issuer | IssuerResolver, others: str, prefix: str) -> None:
    """Refuse a ``subject_prefix`` by which a subject could be of two kinds of users.

    Raises:
        SetupError: *prefix*, that of others, begins with that of *issuer*, or the other way round.
    """
    mine = issuer.subject_prefix
    if mine and prefix and (mine.startswith(prefix) or prefix.startswith(mine)):
        msg = (
            f"{issuer!r} has the subject_prefix {mine!r}, and {others} have {prefix!r}: a subject "
            "could be of either; neither may begin with the other"
        )
        raise SetupError(msg)


def _is_same(check: RevocationCheck, other: RevocationCheck) -> bool:
    """Whether two revocation checks are the same: a method is a new object at each access.

    No `__eq__` of the application's is asked: by that a check would not be asked either.
    """
    return check is other or (inspect.ismethod(check) and check == other)


def _late(what: str, concerned: Sequence[Bindable]) -> str:
    names = ", ".join(sorted({application.name for application in concerned}))
    return (
        f"{what} comes too late for {names}: its guards were made at its first request, from "
        "what was registered before; register it before the first request. For another "
        "application of this manager, call init_app(app) first"
    )
