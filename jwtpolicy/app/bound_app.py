"""`BoundApp`: the settings, components and plans of one Flask application."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from copy import copy
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple, Protocol, cast

from flask import Blueprint, Flask, Request, Response, current_app, has_request_context, request
from werkzeug.routing import Rule

from ..connections.deadlines import together
from ..exceptions import (
    AccessDeniedError,
    AccessError,
    ConfigurationError,
    NoTokenError,
    SetupError,
)
from ..guards.dry_services import DryServices, dry
from ..guards.enforcement import Enforcement
from ..guards.inner_access import InnerAccess
from ..guards.levels import METHODS, EndpointGuard, FunctionGuard, Guard
from ..guards.live_access import LiveAccess
from ..guards.origins import LevelOrigin
from ..guards.plan import Plan
from ..guards.presented_tokens import tokens_to_end, warn_if_presented
from ..guards.request_state import RequestState
from ..policy.base import Policy
from ..policy.request import PolicySettings
from ..sessions.revocation import REVOCATION_CHECKS, TOKENS_LET_IN, let_in_elsewhere
from ..settings import Settings
from ..tokens.token import Token
from ..transports import Places
from ..transports.cookies import REFRESH_PATHS
from .components import Components, Parts
from .error_handlers import add_handlers
from .planner import Demand, Planner, Target, WrittenGuards
from .protected_resources import ProtectedResources
from .registrations import Registrations
from .responses import ResponseHook
from .unnamed_issuers import warn_of_unnamed
from .view_functions import ViewFunctions

logger = logging.getLogger("jwtpolicy")

#: The key of the `BoundApp` in ``app.extensions``.
EXTENSION: Final = "jwtpolicy"

#: The attribute that marks the ``before_request`` hook of a protected blueprint.
GUARDS_BLUEPRINT: Final = "__jwtpolicy_guards_blueprint__"

#: The most plans of inner guards that are kept.
_MAX_INNER_PLANS: Final = 1024

#: The public plan of an `EndpointGuard` whose endpoint has no guard, or leaves the request to the
#: guards further in.
_NOTHING: Final = Plan(None, label="nothing")

#: Puts a guard around a view.
Guarding = Callable[[Any, Guard], Any]


class Manager(Protocol):
    """The part of `JWTManager` that a `BoundApp` calls."""

    def renewed(self, token: Token) -> str:
        """Return another access token for the live session of *token*."""


class DryRun(NamedTuple):
    """A request that is only explained.

    Attributes:
        bound: Its application.
        components: The components of the application, over a store that only looks.
        state: The state of the request.
        services: The services of *components*; they know what the real request would write.
    """

    bound: BoundApp
    components: Components
    state: RequestState
    services: DryServices


#: The dry run that is going on here. Async functions that are waited for inherit it.
DRY_RUN_HERE: Final[ContextVar[DryRun | None]] = ContextVar("jwtpolicy_dry_run", default=None)


class BoundApp:
    """One Flask application and its plans, which are made and frozen before its first request.

    Args:
        app: The application.
        settings: Its settings, as `JWTManager.init_app` has read them.
        make_components: Makes the components that guards and verbs share, of the registrations
            up to then.
        registrations: The schemas, hooks and levels, open until the first request.
        manager: The manager that guards it.
        parts: Its signer, verifier, store and transports.
        guarding: Puts a guard around a view, as ``@protect`` does.

    Attributes:
        name: The name of the application.
        planner: Makes the plans of single endpoints; calling it binds nothing.
    """

    def __init__(
        self,
        app: Flask,
        settings: Settings,
        make_components: Callable[[], Components],
        registrations: Registrations,
        manager: Manager,
        parts: Parts,
        guarding: Guarding,
    ) -> None:
        self.manager = manager
        self.parts = parts
        self.settings = settings
        self.name = app.name
        self._app = app
        self._make_components = make_components
        self._registrations = registrations
        self._guarding = guarding
        self._resources = ProtectedResources(
            app,
            lambda: registrations.resources,
            lambda: settings.accepted_audiences | registrations.foreign_audiences,
        )
        self.planner = self._planner(self._terms)
        self._key = f"jwtpolicy.{id(self)}"
        self._lock = threading.Lock()
        self._enforcement: Enforcement | None = None
        self._components: Components | None = None
        self._plans: dict[Target, Plan | None] = {}
        self._inner_plans: dict[tuple[Target, Guard], Plan] = {}
        self._views: Mapping[str, Any] = app.view_functions
        self._finishing: ResponseHook | None = None
        registrations.add_application(self)
        # The first hook, so that an answer of a later one, such as "closed for today", gets its
        # caching headers: binding adds the hook that sets them.
        app.before_request_funcs.setdefault(None, []).insert(0, self._bind_first)
        if settings.default_deny:
            app.before_request(self._deny_unguarded)

    @property
    def enforcement(self) -> Enforcement:
        """The enforcement of its plans; binds the application when it is first read.

        Raises:
            SetupError: A guard or a setting cannot work; raised again at every request.
        """
        return self._enforcement or self._bind()

    @property
    def is_bound(self) -> bool:
        """Whether its plans are made and its registrations closed."""
        return self._enforcement is not None

    @property
    def components(self) -> Components:
        """The components of its guards and verbs; until it is bound, made anew for each call.

        In a dry run they are those of the run, which write nothing.
        """
        dry_run = DRY_RUN_HERE.get()
        if dry_run is not None and dry_run.bound is self:
            return dry_run.components
        return self._components or self._make_components()

    def _terms(self) -> PolicySettings:
        return self.components.services.terms

    def has(self, blueprint: Blueprint) -> bool:
        """Whether it has registered *blueprint*, on its own or inside another one."""
        return blueprint in self._app.blueprints.values()

    def known_state(self) -> RequestState | None:
        """Return the state of the current request, or None; binds nothing."""
        if self._enforcement is None or not has_request_context():
            return None
        return self._state_of(_current_request())

    def state(self) -> RequestState:
        """Return the state of the current request; binds the application."""
        return self._state_of(_current_request())

    def begin_dry_run(self, current: Request) -> DryRun:
        """Give *current*, which no guard has seen yet, a state whose services only look.

        All that guards do for a request goes through its state, so that none of them has to know.
        """
        services = dry(self.enforcement.services, self.components.sessions)
        state = current.environ[self._key] = RequestState(services, current)
        components = self.components._replace(services=services, sessions=services.sessions)
        return DryRun(self, components, state, services)

    def _state_of(self, current: Request) -> RequestState:
        kept: RequestState | None = current.environ.get(self._key)
        if kept is None:
            return self._new_state(current)
        return kept.about(current) or self._new_state(current)

    def _new_state(self, current: Request) -> RequestState:
        made = RequestState((self._enforcement or self._bind()).services, current)
        # `setdefault` is atomic: threads that share a request agree on one state.
        kept: RequestState = current.environ.setdefault(self._key, made)
        if kept is made:
            return made
        with self._lock:
            return kept.about(current) or kept.nest(made)

    def admit(self, guard: Guard) -> InnerAccess | None:
        """Admit the current request by the plan of *guard*, or raise the refusal."""
        # `_current_request` without the call: every guarded request comes through here.
        current: Request = request._get_current_object()  # type: ignore[attr-defined] # a proxy
        enforcement = self._enforcement or self._bind()
        if self._app.view_functions is not self._views:
            self.guard_other_views()
        plan = self._plans.get((current.endpoint, current.method))
        if plan is None or guard not in plan.guards:
            plan = self._plan_for(guard, current)
        if plan.is_public:
            return None
        return enforcement.admit(plan, self._state_of(current), current)

    async def admit_async(self, guard: Guard) -> InnerAccess | None:
        """Do what `admit` does, awaiting async policies and loaders."""
        current = _current_request()
        state = self._state_of(current)
        self.guard_other_views()
        plan = self._plan_for(guard, current)
        if plan.is_public:
            return None
        return await self.enforcement.admit_async(plan, state, current)

    def admit_endpoint(self) -> None:
        """Let the current request pass its blueprint, where its endpoint has no guard."""
        current = _current_request()
        state = self._state_of(current)
        self.guard_other_views()
        plan = self._plan_of(current.endpoint, current.method)
        if plan is not None and not plan.guards and not _is_automatic(current):
            self.enforcement.admit(plan, state, current)

    def enforce(self, policy: Policy, resource: object) -> None:
        """Evaluate *policy* for the current request, inside a view; raises the refusal."""
        current = _current_request()
        with together():
            self.enforcement.enforce(policy, self._state_of(current), current, resource)

    async def enforce_async(self, policy: Policy, resource: object) -> None:
        """Do what `enforce` does, awaiting async policies and loaders."""
        current = _current_request()
        with together():
            await self.enforcement.enforce_async(policy, self._state_of(current), current, resource)

    def refused(self, error: AccessError, *, may_be_caught: bool = False) -> AccessError:
        """Log *error*, which a verb has raised, and set its realm; see `Refusals`.

        A `NoTokenError` without a guard is logged as a warning: the view lacks its ``@protect``.
        """
        state = self.known_state()
        is_guarded = state is None or state.access is not None
        is_forgotten = (
            type(error) is NoTokenError
            and not is_guarded
            and let_in_elsewhere(self._app.extensions) is None
        )
        return self.parts.refusals.sent(
            error,
            f"{request.method} {request.endpoint}" if has_request_context() else self.name,
            state,
            level=logging.WARNING if is_forgotten else None,
            may_be_caught=may_be_caught,
        )

    def tokens_to_end(self, current_token: Token | None) -> list[Token]:
        """Return the tokens to log out: the current one and those that the guard overlooked.

        Raises:
            CSRFError: There is no current token, and a browser may have sent the others by itself.
        """
        current = _current_request()
        state = self._state_of(current)
        plan = self._plan_of(current.endpoint, current.method)
        # An error page of a refused request ends nothing: any page of another site could have sent
        # that request.
        if plan is not None and not plan.is_public and state.access is not None:
            return tokens_to_end(current_token, plan, state.answers, current)
        if current_token is not None:
            return [current_token]
        warn_if_presented(str(current.endpoint), self.enforcement.places, current)
        return []

    def plan(self, endpoint: str | None, method: str) -> Plan | None:
        """Return the plan of *endpoint* for *method*, or None where it has no guard."""
        self._bind()
        return self._plan_of(endpoint, method)

    def slides(self, own: LiveAccess) -> bool:
        """Whether a request with *own* access gets a new access cookie, if its view sets none."""
        return self._finishing is not None and self._finishing.slides(own)

    def plan_met(self) -> Plan | None:
        """Return the plan that the current request meets, or None where it has no guard."""
        current = _current_request()
        return self._plan_met(current.endpoint, current)

    def levels(self, endpoint: str, method: str) -> tuple[LevelOrigin, ...]:
        """Return the levels of *method* of *endpoint* with where they were written."""
        return self.planner.origins(endpoint, method, self.baseline)

    @property
    def baseline(self) -> Policy | None:
        """The policy that every presented token has to pass, or None."""
        return self.components.baseline

    def _plan_of(self, endpoint: str | None, method: str) -> Plan | None:
        target = (endpoint, method)
        # Read once: a thread that replaces a view puts another dictionary there meanwhile.
        plans = self._plans
        if endpoint is None or target in plans:
            return plans.get(target)
        baseline = self.enforcement.baseline
        # Again, because its blueprint may have been registered after the binding.
        self._check_blueprints()
        plan = self.planner.plan(endpoint, method, baseline)
        if plan is not None:
            self._finish_answers([plan.places])
            self._note_addresses([endpoint], baseline)
        # A rule without methods matches every method that clients make up, so that plans of all of
        # them would grow without end.
        if method in METHODS:
            plans[target] = plan
        return plan

    def _plan_met(self, endpoint: str | None, current: Request) -> Plan | None:
        """Return the plan of *endpoint*, the same one for all guards of a request."""
        target = (endpoint, current.method)
        if current.method in METHODS:
            return self._plan_of(*target)
        state = self._state_of(current)
        if target not in state.late_plans:
            state.late_plans = {**state.late_plans, target: self._plan_of(*target)}
        return state.late_plans[target]

    def _plan_for(self, guard: Guard, current: Request) -> Plan:
        target = (current.endpoint, current.method)
        plan = self._plans.get(target) or self._plan_met(current.endpoint, current)
        if plan is not None and guard in plan.guards:
            return plan
        if isinstance(guard, EndpointGuard):
            return self._joined_plan(guard, current)
        # Frameworks that decorate anew for each request copy the guard that was written.
        if plan is not None and isinstance(guard, FunctionGuard) and guard.origin in plan.guards:
            return plan
        return self._inner_plan(guard, target)

    def _joined_plan(self, guard: EndpointGuard, current: Request) -> Plan:
        """Return the plan of an endpoint whose guards stand further in, to be enforced first.

        OPTIONS is left to them: a decorator above may answer a preflight of CORS. Endpoints
        without any guard are their blueprint's.
        """
        if current.method == "OPTIONS":
            return _NOTHING
        plan = self._plan_met(guard.endpoint, current)
        if plan is None or not plan.guards:
            return _NOTHING
        return (
            plan if guard.endpoint == current.endpoint else self._called_plan(plan, guard, current)
        )

    def _called_plan(self, plan: Plan, guard: EndpointGuard, current: Request) -> Plan:
        """Return *plan* for a view of another endpoint, which the current request has called.

        It is an inner guard there: the access that it admits is current while the function runs.
        """
        target = (current.endpoint, current.method)
        called = self._inner_plans.get((target, guard))
        if called is None:
            called = copy(plan)
            called.is_inner = True
            self._remember_inner(target, guard, called)
        return called

    def _inner_plan(self, guard: Guard, target: Target) -> Plan:
        """Return the plan of a guard that is not the endpoint's, whose function was just called."""
        plan = self._inner_plans.get((target, guard))
        if plan is None:
            endpoint, method = target
            demand = Demand(f"{endpoint} calling {guard!r}", method, [guard])
            plan = self.planner.joined(demand, self.enforcement.baseline_at(endpoint))
            plan.is_inner = True
            self._finish_answers([plan.places])
            self._remember_inner(target, guard, plan)
        return plan

    def _remember_inner(self, target: Target, guard: Guard, plan: Plan) -> None:
        # Without an endpoint, or in one of all methods, there is no end of targets; and some
        # frameworks decorate anew for each request, so that there is no end of guards.
        if target in self._plans and len(self._inner_plans) < _MAX_INNER_PLANS:
            self._inner_plans[target, guard] = plan

    def _bind_first(self) -> None:
        """Bind before the first request, whether or not its endpoint has a guard; runs once."""
        self._bind()
        # Again, because something may have bound it before all handlers were registered.
        self.parts.refusals.answers_all = add_handlers(self._app)
        with self._lock:
            hooks = self._app.before_request_funcs[None]
            self._app.before_request_funcs[None] = [f for f in hooks if f != self._bind_first]

    def _bind(self) -> Enforcement:
        """Return the enforcement, made once.

        Under both locks, so that no other thread registers a schema or a hook meanwhile.
        """
        with self._lock, self._registrations.lock:
            if self._enforcement is None:
                self.check_config()
                self._enforcement = self._bound_to(self._make_components())
            return self._enforcement

    def _bound_to(self, components: Components) -> Enforcement:
        """Check the setup, make all plans, install the hooks, and close the registrations.

        An error leaves the application unbound and its registrations open, so that the next
        request raises it again.
        """
        self._check_blueprints()
        if self.parts.store is not None:
            self.parts.store.check()
        enforcement = self.parts.enforcement(components)
        terms, baseline = components.services.terms, components.baseline
        planner = self._planner(lambda: terms)
        self._plans = dict(planner.plans(baseline))
        enforcement.baseline_at = lambda endpoint: self._resources.baseline(endpoint, baseline)
        self._note_addresses({rule.endpoint for rule in self._app.url_map.iter_rules()}, baseline)
        bound = [plan for plan in self._plans.values() if plan is not None]
        self._finish_answers([self.parts.places(), *(plan.places for plan in bound)])
        self.parts.refusals.answers_all = add_handlers(self._app)
        self._guard_views()
        for left in (REVOCATION_CHECKS, TOKENS_LET_IN):
            # A tuple, so that an extension that appends to it too late gets an error.
            self._app.extensions[left] = tuple(self._app.extensions.get(left, ()))
        self._app.extensions[REFRESH_PATHS] = frozenset(self._app.extensions.get(REFRESH_PATHS, ()))
        self.parts.note_testing(self._app)
        self.parts.refusals.began_in_debug = self._app.debug is True
        if self._app.debug:
            warn_of_unnamed(planner.written_levels(), terms)
        self.planner, self._components = planner, components
        self._registrations.hold(components.registered)
        return enforcement

    def _planner(self, terms: Callable[[], PolicySettings]) -> Planner:
        """Return a planner that goes by *terms*.

        The levels of blueprints are read as they stand: one that is registered after the binding
        may have got its levels after it, too. Those of one that was there before stay as they are.
        """
        levels, written = self._registrations.blueprints, self._registrations.written
        return Planner(self._app, self.parts, levels, terms, self._resources, written)

    def _note_addresses(self, endpoints: Iterable[str], baseline: Policy | None) -> None:
        """Let challenges of *endpoints* lead to their protected resources."""
        for endpoint in endpoints:
            address = self.planner.address(endpoint, baseline)
            if address is not None:
                self.parts.refusals.addresses[endpoint] = address

    def _check_blueprints(self) -> None:
        """Refuse blueprints that only another manager protects: their levels are not known here.

        Raises:
            ConfigurationError: No token can be for the protected resource that a blueprint is.
            SetupError: A blueprint has the hook of another manager, and no levels of this one. Or
                nobody serves the metadata of a protected resource.
        """
        self._resources.check()
        for name, blueprint in self._app.blueprints.items():
            hooks = self._app.before_request_funcs.get(name, ())
            is_guarded = any(hasattr(hook, GUARDS_BLUEPRINT) for hook in hooks)
            if is_guarded and blueprint not in self._registrations.blueprints:
                msg = (
                    f"the blueprint {name} is protected by another JWTManager than that of "
                    f"{self.name}; call protect_blueprint of this one too, before it is registered"
                )
                raise SetupError(msg)

    def _guarded(self, endpoint: str, view: Any) -> Any:
        """Return the view function for Flask: behind an `EndpointGuard`, if it may be passed by."""
        written = WrittenGuards(view)
        if not written.is_passed_by:
            return written.view
        return self._guarding(written.view, EndpointGuard(endpoint))

    def _guard_views(self) -> None:
        """Put an `EndpointGuard` around each view that needs it, also when a view is replaced."""
        views = ViewFunctions(self._app.view_functions, self._guarded, self._forget)
        self._app.view_functions = self._views = views

    def guard_other_views(self) -> None:
        """Guard the views of another mapping that was assigned to ``app.view_functions``.

        It is noticed when a guard runs: until then, a decorator above a guard may have answered by
        itself.
        """
        with self._lock:
            if self._app.view_functions is self._views:
                return  # As it is; or another request has noticed it as well, and was faster.
            logger.warning(
                "%s: app.view_functions was replaced after the first request, and is guarded from "
                "now on; put single views into it instead",
                self.name,
            )
            self._guard_views()
            self._plans = {}

    def _forget(self, endpoint: str) -> None:
        """Drop the plans of *endpoint*, whose view was replaced."""
        plans = dict(self._plans)
        self._plans = {target: plan for target, plan in plans.items() if target[0] != endpoint}

    def _finish_answers(self, places: Iterable[Places]) -> None:
        """Install the `ResponseHook`, once a plan has a transport that needs caching headers."""
        if self._finishing is None and any(listed.careful for listed in places):
            self._finishing = ResponseHook(self.parts, self.manager.renewed)
            # Flask runs the first one last, when the application has set its own headers.
            self._app.after_request_funcs.setdefault(None, []).insert(0, self._finished)

    def _finished(self, response: Response) -> Response:
        """The after_request hook: finish *response* of a view, an error handler or Flask."""
        current = _current_request()
        kept: RequestState | None = current.environ.get(self._key)
        # Another request may have the same environ.
        state = None if kept is None else kept.about(current)
        # Also of a request that an earlier hook has answered, so that no guard ran.
        plan = self._plans.get((current.endpoint, current.method))
        is_free = plan is None or plan.is_public
        if is_free or (current.method == "OPTIONS" and _is_automatic(current)):
            plan = None
        if state is not None or plan is not None:
            cast(ResponseHook, self._finishing).finish(response, current, state, plan)
        return response

    def check_config(self) -> None:
        """Refuse settings that were changed too late.

        Raises:
            ConfigurationError: A setting has changed since `JWTManager.init_app` read it.
        """
        changed = self.settings.changed_in(self._app.config)
        if changed:
            msg = (
                f"{', '.join(changed)} changed after init_app read it; set it before, or call "
                "init_app later"
            )
            raise ConfigurationError(msg)

    def _deny_unguarded(self) -> None:
        """Refuse endpoints without a guard (``JWT_DEFAULT_DENY``).

        Raises:
            UnguardedError: The endpoint has no guard, and ``JWT_PUBLIC_ENDPOINTS`` does not list
                it.
        """
        endpoint = request.endpoint
        self.enforcement  # noqa: B018 # binds the plans
        if endpoint is None or _is_automatic(request) or is_listed(endpoint, self.settings):
            return
        if self._plan_of(endpoint, request.method) is None:
            msg = f"{request.method} {endpoint} has no guard and JWT_DEFAULT_DENY is on"
            error, state = UnguardedError(msg), self.state()
            # A warning, because here a guard was forgotten: other refusals are what a policy says.
            raise self.parts.refusals.sent(error, endpoint, state, level=logging.WARNING)


class UnguardedError(AccessDeniedError):
    """``JWT_DEFAULT_DENY`` closes an endpoint that has no guard."""


def application() -> BoundApp:
    """Return the `BoundApp` of the current application.

    Raises:
        SetupError: The current application has no `JWTManager`.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # a proxy
    found: BoundApp | None = app.extensions.get(EXTENSION)
    # Not through `bound_app_of`: every guarded request comes through here.
    return found or bound_app_of(app)


def bound_app_of(app: Flask) -> BoundApp:
    """Return the `BoundApp` of *app*.

    Raises:
        SetupError: The application *app* has no `JWTManager`.
    """
    found: BoundApp | None = app.extensions.get(EXTENSION)
    if found is None:
        msg = "this application has no JWTManager; write JWTManager(app) or jwt.init_app(app)"
        raise SetupError(msg)
    return found


def _current_request() -> Request:
    current: Request = request._get_current_object()  # type: ignore[attr-defined] # a proxy
    return current


def is_listed(endpoint: str, settings: Settings) -> bool:
    """Whether ``JWT_PUBLIC_ENDPOINTS`` opens *endpoint*."""
    return any(fnmatchcase(endpoint, pattern) for pattern in settings.public_endpoints)


def is_automatic(rule: Rule | None, method: str) -> bool:
    """Whether Flask answers this OPTIONS request itself (HTTP-8)."""
    return method == "OPTIONS" and bool(getattr(rule, "provide_automatic_options", False))


def _is_automatic(current: Request) -> bool:
    return is_automatic(current.url_rule, current.method)
