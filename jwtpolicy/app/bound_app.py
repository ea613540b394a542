"""Bind an application's guards to their plans, once, before its first request."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from copy import copy
from fnmatch import fnmatchcase
from typing import Any, Final, Protocol, cast

from flask import Blueprint, Flask, Request, Response, current_app, has_request_context, request
from werkzeug.routing import Rule

from ..exceptions import (
    AccessDeniedError,
    AccessError,
    ConfigurationError,
    NoTokenError,
    SetupError,
)
from ..guards.enforcement import Enforcement
from ..guards.inner_access import InnerAccess
from ..guards.levels import METHODS, EndpointGuard, FunctionGuard, Guard
from ..guards.plan import Plan
from ..guards.presented_tokens import tokens_to_end, warn_if_presented
from ..guards.request_state import RequestState
from ..policy.base import Policy
from ..policy.request import PolicySettings
from ..sessions.revocation import REVOCATION_CHECKS, TOKENS_LET_IN, let_in_elsewhere
from ..settings import Settings
from ..stores.deadlines import together
from ..tokens.token import Token
from ..transports import Places
from ..transports.cookies import REFRESH_PATHS
from .components import Components, Parts
from .error_handlers import add_handlers
from .planner import Demand, Planner, Target, WrittenGuards
from .registrations import Registrations
from .responses import ResponseHook
from .view_functions import ViewFunctions

logger = logging.getLogger("jwtpolicy")

#: Where Flask keeps what belongs to this extension.
EXTENSION: Final = "jwtpolicy"

#: The name under which the hook of a protected blueprint says that it is one.
GUARDS_BLUEPRINT: Final = "__jwtpolicy_guards_blueprint__"

#: Plans of inner guards that are remembered.
_MAX_INNER_PLANS: Final = 1024

#: By which an endpoint's own guard lets pass what the endpoint does not guard, or guards within.
_NOTHING: Final = Plan(None, label="nothing")

#: Puts a guard around a view.
Guarding = Callable[[Any, Guard], Any]


class Manager(Protocol):
    """What an application asks of its manager."""

    def renewed(self, token: Token) -> str:
        """Return another access token for the live session of *token*."""


class BoundApp:
    """One application and its guards.

    Args:
        app: The application.
        settings: Its settings, as they were at the start.
        make_components: Puts together what guards and verbs share, as it is registered then.
        registrations: What may still be registered until the first request.
        manager: The manager that guards it.
        parts: What the manager issues and verifies its tokens with.
        guarding: Puts a guard around a view, as ``@protect`` does.

    Attributes:
        name: Its name.
        planner: What says what single endpoints demand; asking it binds nothing.
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
        self.planner = Planner(app, parts, registrations.blueprints, self._terms)
        self._key = f"jwtpolicy.{id(self)}"
        self._lock = threading.Lock()
        self._enforcement: Enforcement | None = None
        self._components: Components | None = None
        self._plans: dict[Target, Plan | None] = {}
        self._inner_plans: dict[tuple[Target, Guard], Plan] = {}
        self._views: Mapping[str, Any] = app.view_functions
        self._finishing: ResponseHook | None = None
        registrations.add_application(self)
        # What a hook before it answers, such as "closed for today", is finished by what it binds.
        app.before_request_funcs.setdefault(None, []).insert(0, self._bind_first)
        if settings.default_deny:
            app.before_request(self._deny_unguarded)

    @property
    def enforcement(self) -> Enforcement:
        """What judges requests; everything is bound when it is first asked for.

        Raises:
            SetupError: Something cannot work; again at every request, until it is mended.
        """
        return self._enforcement or self._bind()

    @property
    def is_bound(self) -> bool:
        """Whether its guards and verbs go by what was registered before its first request."""
        return self._enforcement is not None

    @property
    def components(self) -> Components:
        """What its verbs use: what its guards do; until it is bound, what is registered now."""
        return self._components or self._make_components()

    def _terms(self) -> PolicySettings:
        return self.components.services.terms

    def has(self, blueprint: Blueprint) -> bool:
        """Whether it has registered *blueprint*, on its own or inside another one."""
        return blueprint in self._app.blueprints.values()

    def known_state(self) -> RequestState | None:
        """Return what is known of the current request, without binding anything; None: nothing."""
        if self._enforcement is None or not has_request_context():
            return None
        return self._state_of(_current_request())

    def state(self) -> RequestState:
        """Return what is known of the current request."""
        return self._state_of(_current_request())

    def _state_of(self, current: Request) -> RequestState:
        kept: RequestState | None = current.environ.get(self._key)
        if kept is None:
            return self._new_state(current)
        return kept.about(current) or self._new_state(current)

    def _new_state(self, current: Request) -> RequestState:
        made = RequestState((self._enforcement or self._bind()).services, current)
        # One step, because threads may share a request.
        kept: RequestState = current.environ.setdefault(self._key, made)
        if kept is made:
            return made
        with self._lock:
            return kept.about(current) or kept.nest(made)

    def admit(self, guard: Guard) -> InnerAccess | None:
        """Let the current request pass *guard*, or raise what answers it; see `Enforcement`."""
        current: Request = request._get_current_object()  # type: ignore[attr-defined] # a proxy
        enforcement = self._enforcement or self._bind()
        if self._app.view_functions is not self._views:
            self._guard_other_views()
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
        self._guard_other_views()
        plan = self._plan_for(guard, current)
        if plan.is_public:
            return None
        return await self.enforcement.admit_async(plan, state, current)

    def admit_endpoint(self) -> None:
        """Let the current request pass its blueprint, where its endpoint has no guard."""
        current = _current_request()
        state = self._state_of(current)
        self._guard_other_views()
        plan = self._plan_of(current.endpoint, current.method)
        if plan is not None and not plan.guards and not _is_automatic(current):
            self.enforcement.admit(plan, state, current)

    def enforce(self, policy: Policy, resource: object) -> None:
        """Judge *policy* about the current request, inside a view."""
        current = _current_request()
        with together():
            self.enforcement.enforce(policy, self._state_of(current), current, resource)

    async def enforce_async(self, policy: Policy, resource: object) -> None:
        """Do what `enforce` does, awaiting async policies and loaders."""
        current = _current_request()
        with together():
            await self.enforcement.enforce_async(policy, self._state_of(current), current, resource)

    def refused(self, error: AccessError, *, may_be_caught: bool = False) -> AccessError:
        """Log *error*, which no guard has raised, and say in whose name it is; see `Refusals`.

        Where it is that there is no token, and no guard has let the request in, one was forgotten.
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
        """Return what a logout ends: the current token, and what the endpoint's guard overlooked.

        Raises:
            CSRFError: There is no current one, and a browser may have sent the others by itself.
        """
        current = _current_request()
        state = self._state_of(current)
        plan = self._plan_of(current.endpoint, current.method)
        # Where the guard has refused the request, whoever answers for it ends nothing: any page of
        # another site could have sent it.
        if plan is not None and not plan.is_public and state.access is not None:
            return tokens_to_end(current_token, plan, state.answers, current)
        if current_token is not None:
            return [current_token]
        warn_if_presented(str(current.endpoint), self.enforcement.places, current)
        return []

    def plan(self, endpoint: str | None, method: str) -> Plan | None:
        """Return what *endpoint* demands for *method*, or None where it has no guard."""
        self._bind()
        return self._plan_of(endpoint, method)

    @property
    def baseline(self) -> Policy | None:
        """What every presented token has to pass, as far as it was registered."""
        return self.components.baseline

    def _plan_of(self, endpoint: str | None, method: str) -> Plan | None:
        target = (endpoint, method)
        # One look at the attribute: who replaces a view puts another dictionary there.
        plans = self._plans
        if endpoint is None or target in plans:
            return plans.get(target)
        plan = self.planner.plan(endpoint, method, self.enforcement.baseline)
        if plan is not None:
            self._finish_answers([plan.places])
        # A rule without methods matches all that clients can think of.
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
        """Return the plan of an endpoint whose guards stand further in, to be judged first.

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

        It is an inner guard there: what it lets in is current while the function runs.
        """
        target = (current.endpoint, current.method)
        called = self._inner_plans.get((target, guard))
        if called is None:
            called = copy(plan)
            called.is_inner = True
            self._remember_inner(target, guard, called)
        return called

    def _inner_plan(self, guard: Guard, target: Target) -> Plan:
        """Return the plan of a guard that is not the endpoint's: its function was just called."""
        plan = self._inner_plans.get((target, guard))
        if plan is None:
            endpoint, method = target
            demand = Demand(f"{endpoint} calling {guard!r}", method, [guard])
            plan = self.planner.joined(demand, self.enforcement.baseline)
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
        """Bind before the first request, whether or not it meets a guard, and then no more."""
        self._bind()
        # Again, because something may have bound it before all handlers were registered.
        add_handlers(self._app)
        with self._lock:
            hooks = self._app.before_request_funcs[None]
            self._app.before_request_funcs[None] = [f for f in hooks if f != self._bind_first]

    def _bind(self) -> Enforcement:
        with self._lock, self._registrations.lock:
            if self._enforcement is None:
                self.check_config()
                self._enforcement = self._bound_to(self._make_components())
            return self._enforcement

    def _bound_to(self, components: Components) -> Enforcement:
        """Make the plans, and hold on to what they were made of."""
        self._check_blueprints(components.registered.blueprints)
        if self.parts.store is not None:
            self.parts.store.check()
        enforcement = self.parts.enforcement(components)
        registered, terms = components.registered, components.services.terms
        planner = Planner(self._app, self.parts, registered.blueprints, lambda: terms)
        self._plans = dict(planner.plans(components.baseline))
        bound = [plan for plan in self._plans.values() if plan is not None]
        self._finish_answers([self.parts.places(), *(plan.places for plan in bound)])
        add_handlers(self._app)
        self._guard_views()
        for left in (REVOCATION_CHECKS, TOKENS_LET_IN):
            # A tuple, so that what another extension leaves too late is an error there.
            self._app.extensions[left] = tuple(self._app.extensions.get(left, ()))
        self._app.extensions[REFRESH_PATHS] = frozenset(self._app.extensions.get(REFRESH_PATHS, ()))
        self.parts.note_testing(self._app)
        self.planner, self._components = planner, components
        self._registrations.hold(components.registered)
        return enforcement

    def _check_blueprints(self, protected: Collection[Blueprint]) -> None:
        """Notice blueprints that another manager protects, whose levels nobody would ask here.

        Raises:
            SetupError: There is one, and this manager does not protect it.
        """
        for name, blueprint in self._app.blueprints.items():
            hooks = self._app.before_request_funcs.get(name, ())
            is_guarded = any(hasattr(hook, GUARDS_BLUEPRINT) for hook in hooks)
            if is_guarded and blueprint not in protected:
                msg = (
                    f"the blueprint {name} is protected by another JWTManager than that of "
                    f"{self.name}; call protect_blueprint of this one too, before it is registered"
                )
                raise SetupError(msg)

    def _guarded(self, endpoint: str, view: Any) -> Any:
        """Return what Flask is to call: a guard, wherever one was written."""
        written = WrittenGuards(view)
        if not written.is_passed_by:
            return written.view
        return self._guarding(written.view, EndpointGuard(endpoint))

    def _guard_views(self) -> None:
        """Put what was written about each view around it, now and whenever one is replaced."""
        views = ViewFunctions(self._app.view_functions, self._guarded, self._forget)
        self._app.view_functions = self._views = views

    def _guard_other_views(self) -> None:
        """Guard another mapping, if somebody has put one in place of the view functions.

        Nothing tells of it before a guard is met: a decorator in it that answers by itself may
        have done so until then.
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
        """Plan anew what was said about *endpoint*: its view was replaced."""
        plans = dict(self._plans)
        self._plans = {target: plan for target, plan in plans.items() if target[0] != endpoint}

    def _finish_answers(self, places: Iterable[Places]) -> None:
        """Have answers finished, where a token can come from a place that needs it."""
        if self._finishing is None and any(listed.careful for listed in places):
            self._finishing = ResponseHook(self.parts, self.manager.renewed)
            # Flask runs the first one last: what the application sets on its answers is known.
            self._app.after_request_funcs.setdefault(None, []).insert(0, self._finished)

    def _finished(self, response: Response) -> Response:
        """Finish *response*, whoever made it: the view, Flask, or a handler of an error."""
        current: Request = request._get_current_object()  # type: ignore[attr-defined] # a proxy
        kept: RequestState | None = current.environ.get(self._key)
        # Another request may have the same environ.
        state = None if kept is None else kept.about(current)
        # The plan by which it was, or would have been, judged.
        plan = self._plans.get((current.endpoint, current.method))
        is_free = plan is None or plan.is_public
        if is_free or (current.method == "OPTIONS" and _is_automatic(current)):
            plan = None
        if state is not None or plan is not None:
            cast(ResponseHook, self._finishing).finish(response, current, state, plan)
        return response

    def check_config(self) -> None:
        """Notice settings that were changed too late.

        Raises:
            ConfigurationError: They were.
        """
        changed = self.settings.changed_in(self._app.config)
        if changed:
            msg = (
                f"{', '.join(changed)} changed after init_app read it; set it before, or call "
                "init_app later"
            )
            raise ConfigurationError(msg)

    def _deny_unguarded(self) -> None:
        """Refuse endpoints that nobody has guarded (``JWT_DEFAULT_DENY``)."""
        endpoint = request.endpoint
        self.enforcement  # noqa: B018 # binds the plans
        if endpoint is None or _is_automatic(request) or is_listed(endpoint, self.settings):
            return
        if self._plan_of(endpoint, request.method) is None:
            msg = f"{request.method} {endpoint} has no guard and JWT_DEFAULT_DENY is on"
            error, state = AccessDeniedError(msg), self.state()
            # Everybody else is let in or refused by what somebody wrote: here it was forgotten.
            raise self.parts.refusals.sent(error, endpoint, state, level=logging.WARNING)


def application() -> BoundApp:
    """Return what guards the current application.

    Raises:
        SetupError: It has no `JWTManager`.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # a proxy
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
