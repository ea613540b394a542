"""Keep what was registered with a manager, and hand out the copies that applications go by."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from weakref import WeakSet

from flask import Blueprint

from ..exceptions import SetupError
from ..policy.base import Policy
from ..schemas import SchemaRegistry
from ..sessions.additions import Hook
from ..sessions.revocation import RevocationCheck
from ..sessions.users import UserLoader


class Bindable(Protocol):
    """An application, as far as registrations concern it."""

    name: str

    @property
    def is_bound(self) -> bool:
        """Whether its guards and verbs go by what was registered before its first request."""

    def has(self, blueprint: Blueprint) -> bool:
        """Whether it has registered *blueprint*, on its own or inside another one."""


class Registered(NamedTuple):
    """What was registered with a manager at one moment; later registrations do not change it.

    Attributes:
        schemas: The claim schemas.
        blueprints: The levels of protected blueprints.
        revocation_checks: What is asked beside the store whether a token was revoked.
        user_loader: What returns the user of a token, or None.
        is_lazy: Whether it waits for the first touch of the user.
        extra_claims: What adds claims to tokens, or None.
        extra_headers: What adds members to their JOSE header, or None.
    """

    schemas: SchemaRegistry
    blueprints: Mapping[Blueprint, Sequence[Policy]]
    revocation_checks: tuple[RevocationCheck, ...]
    user_loader: UserLoader | None
    is_lazy: bool
    extra_claims: Hook | None
    extra_headers: Hook | None


class Registrations:
    """What applications of one manager have registered so far.

    An application is bound to a copy, at its first request, and guards and verbs go by that copy
    from then on: there is no moment at which a guard admits what a verb refuses. Until then verbs
    use what is registered when they are called. So a registration concerns the applications that
    are not bound yet. Where all of them are bound it would be heard by nobody, and is an error.

    What a bound application holds may be registered anew for others, as a factory of applications
    does: it takes the place of the older one there. Checks and the levels of blueprints add up.

    Attributes:
        schemas: The claim schemas.
        blueprints: The levels of protected blueprints.
        lock: Held while something is registered, and while an application is bound: what a thread
            registers during the first request of another one is heard, or is an error.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.schemas = SchemaRegistry()
        self.blueprints: dict[Blueprint, list[Policy]] = {}
        self._checks: list[RevocationCheck] = []
        self._hooks: dict[str, Callable[..., Any]] = {}
        self._is_lazy = False
        self._held: Registered | None = None
        # Weakly: a manager outlives the applications of a test suite.
        self._applications: WeakSet[Bindable] = WeakSet()

    def add_application(self, application: Bindable) -> None:
        """Remember whom registrations may concern, as long as it exists."""
        self._applications.add(application)

    def add_schema(self, schema: object, user_type: type, kind: str | None) -> None:
        """Register a claim schema.

        Raises:
            SetupError: All applications are bound.
            SchemaError: It cannot describe a token, or there is one already.
        """
        with self.lock:
            self._check_open(f"claims_for({user_type.__name__})")
            held = None if self._held is None else self._held.schemas
            self.schemas.register(schema, user_type, kind, over=held)

    def add_user_loader(self, loader: UserLoader, *, is_lazy: bool) -> None:
        """Register what returns the user of a token.

        Raises:
            SetupError: All applications are bound, or there is one already.
        """
        with self.lock:
            self.add_hook("user_loader", loader)
            self._is_lazy = is_lazy

    def add_hook(self, name: str, hook: Callable[..., Any]) -> None:
        """Register a hook of which there is one.

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
        """Refuse a second hook where the first was for an application that is not bound.

        Raises:
            SetupError: So it is.
        """
        found = self._hooks.get(name)
        if found is not None and found is not getattr(self._held, name, None):
            msg = (
                f"there is a {name} already: {found!r:.80}; register one, beside the manager and "
                "not in what makes applications"
            )
            raise SetupError(msg)

    def add_check(self, check: RevocationCheck) -> None:
        """Register one more revocation check; the same function is asked once.

        Raises:
            SetupError: All applications are bound.
        """
        with self.lock:
            self._check_open("revocation_check")
            if not any(_is_same(check, one) for one in self._checks):
                self._checks.append(check)

    def add_level(self, blueprint: Blueprint, level: Policy, guard: Callable[[], None]) -> None:
        """Put one more level on a blueprint; one that it has already changes nothing.

        Args:
            blueprint: The blueprint.
            level: What its endpoints demand.
            guard: What runs before each request to it.

        Raises:
            SetupError: A bound application has registered the blueprint.
        """
        with self.lock:
            levels = self.blueprints.get(blueprint, [])
            # By identity, and not by an `__eq__` of the application's: it is not asked otherwise.
            if level.identity in [one.identity for one in levels]:
                return
            bound = [one for one in self._applications if one.is_bound and one.has(blueprint)]
            if bound:
                raise SetupError(_late(f"protect_blueprint({blueprint.name})", bound))
            if not levels:
                blueprint.before_request(guard)
            self.blueprints[blueprint] = [*levels, level]

    def copied(self) -> Registered:
        """Return what is registered at this moment."""
        schemas = self.schemas.copied()
        if "user_loader" in self._hooks:
            schemas.reload_users()
        return Registered(
            schemas=schemas,
            blueprints={name: tuple(levels) for name, levels in self.blueprints.items()},
            revocation_checks=tuple(self._checks),
            user_loader=self._hooks.get("user_loader"),
            is_lazy=self._is_lazy,
            extra_claims=self._hooks.get("extra_claims"),
            extra_headers=self._hooks.get("extra_headers"),
        )

    def hold(self, registered: Registered) -> None:
        """Note that an application goes by *registered* from now on."""
        self._held = registered

    def _check_open(self, what: str) -> None:
        """Refuse what no application would hear.

        Raises:
            SetupError: There are applications, and all of them are bound.
        """
        applications = list(self._applications)
        if applications and all(one.is_bound for one in applications):
            raise SetupError(_late(what, applications))


def _is_same(check: RevocationCheck, other: RevocationCheck) -> bool:
    """Whether both are one: a method is another object each time that it is read.

    No `__eq__` of the application's is asked: by that a check would not be asked either.
    """
    return check is other or (inspect.ismethod(check) and check == other)


def _late(what: str, concerned: Sequence[Bindable]) -> str:
    names = ", ".join(sorted({application.name for application in concerned}))
    return (
        f"{what} comes too late for {names}: an application is bound at its first request, and "
        "its guards go by what was registered before; register it before that. For another "
        "application of this manager, call init_app(app) first"
    )
