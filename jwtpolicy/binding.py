"""Bind an application's guards to their plans, once, before its first request."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Request, Response, request
from werkzeug.routing import Rule

from .enforcement import Enforcement
from .exceptions import AccessDeniedError, ConfigurationError, PolicyError
from .finishing import Finishing
from .guards import Guard
from .parts import Parts
from .planning import BlueprintLevels, Demand, Planner, Target
from .plans import Plan
from .policy.base import Policy
from .settings import Settings
from .state import RequestState, Shade
from .transports import Places, QueryTransport

if TYPE_CHECKING:
    from .extension import JWTManager

logger = logging.getLogger("jwtpolicy")

#: Plans of inner guards that are remembered.
_MAX_INNER_PLANS: Final = 1024


class Application:
    """One application and its guards.

    Args:
        app: The application.
        settings: Its settings, as they were at the start.
        make_enforcement: Puts the parts together, when everything has been registered.
        blueprints: The levels of blueprints; they may still grow until the first request.
        manager: The manager that guards it.
        parts: What the manager issues and verifies its tokens with.

    Attributes:
        planner: What says what single endpoints demand; asking it binds nothing.
    """

    def __init__(
        self,
        app: Flask,
        settings: Settings,
        make_enforcement: Callable[[], Enforcement],
        blueprints: BlueprintLevels,
        manager: JWTManager[Any],
        parts: Parts,
    ) -> None:
        self.manager = manager
        self.parts = parts
        self.settings = settings
        self._app = app
        self._make_enforcement = make_enforcement
        self.planner = Planner(app, parts, blueprints)
        self._key = f"jwtpolicy.{id(self)}"
        self._lock = threading.Lock()
        self._enforcement: Enforcement | None = None
        self._plans: dict[Target, Plan | None] = {}
        self._inner_plans: dict[tuple[Target, Guard], Plan] = {}
        self._finishes = False
        app.before_request(self._bind_first)
        if settings.default_deny:
            app.before_request(self._deny_unguarded)
            app.after_request(self._check_guard_ran)

    @property
    def enforcement(self) -> Enforcement:
        """What judges requests; everything is bound when it is first asked for.

        Raises:
            SetupError: Something cannot work; again at every request, until it is mended.
        """
        return self._enforcement or self._bind()

    def state(self) -> RequestState:
        """Return what is known of the current request."""
        return self._state_of(_current_request())

    def _state_of(self, current: Request) -> RequestState:
        return self._known_state(current) or self._new_state(current)

    def _known_state(self, current: Request) -> RequestState | None:
        """Return what is known of *current*, or None; another one may have the same environ."""
        kept: RequestState | None = current.environ.get(self._key)
        return None if kept is None else kept.about(current)

    def _new_state(self, current: Request) -> RequestState:
        made = RequestState(self.enforcement.sources, current)
        # One step, because threads may share a request.
        kept: RequestState = current.environ.setdefault(self._key, made)
        if kept is made:
            return made
        with self._lock:
            return kept.about(current) or kept.nest(made)

    def admit(self, guard: Guard) -> Shade | None:
        """Let the current request pass *guard*, or raise what answers it; see `Enforcement`."""
        current = _current_request()
        enforcement = self._enforcement or self._bind()
        plan = self._plan_for(guard, current)
        if plan.is_public:
            return None
        return enforcement.admit(plan, self._state_of(current), current)

    async def admit_async(self, guard: Guard) -> Shade | None:
        """Do what `admit` does, awaiting async policies and loaders."""
        current = _current_request()
        state = self._state_of(current)
        plan = self._plan_for(guard, current)
        return await self.enforcement.admit_async(plan, state, current)

    def admit_endpoint(self) -> None:
        """Let the current request pass its blueprint, where its endpoint has no guard."""
        current = _current_request()
        state = self._state_of(current)
        plan = self._plan_of(current.endpoint, current.method)
        if plan is not None and not plan.guards and not _is_automatic(current):
            self.enforcement.admit(plan, state, current)

    def enforce(self, policy: Policy, resource: object) -> None:
        """Judge *policy* about the current request, inside a view."""
        current = _current_request()
        self.enforcement.enforce(policy, self._state_of(current), current, resource)

    async def enforce_async(self, policy: Policy, resource: object) -> None:
        """Do what `enforce` does, awaiting async policies and loaders."""
        current = _current_request()
        await self.enforcement.enforce_async(policy, self._state_of(current), current, resource)

    def plan(self, endpoint: str | None, method: str) -> Plan | None:
        """Return what *endpoint* demands for *method*, or None where it has no guard."""
        self._bind()
        return self._plan_of(endpoint, method)

    @property
    def baseline(self) -> Policy | None:
        """What every presented token has to pass, as far as it was registered."""
        return (self._enforcement or self._make_enforcement()).baseline

    def _plan_of(self, endpoint: str | None, method: str) -> Plan | None:
        target = (endpoint, method)
        if endpoint is None or target in self._plans:
            return self._plans.get(target)
        # A rule without methods matches all that clients can think of.
        return self.planner.plan(endpoint, method, self.enforcement.baseline)

    def _plan_for(self, guard: Guard, current: Request) -> Plan:
        target = (current.endpoint, current.method)
        plan = self._plans.get(target) or self._plan_of(*target)
        if plan is not None and guard in plan.guards:
            return plan
        return self._inner_plan(guard, target)

    def _inner_plan(self, guard: Guard, target: Target) -> Plan:
        """Return the plan of a guard that is not the endpoint's: its function was just called."""
        plan = self._inner_plans.get((target, guard))
        if plan is None:
            endpoint, method = target
            demand = Demand(f"{endpoint} calling {guard!r}", method, [guard])
            plan = self.planner.joined(demand, self.enforcement.baseline)
            plan.is_inner = True
            self._finish_answers([plan.places])
            # Without an endpoint, or in one of all methods, there is no end of targets; and some
            # frameworks decorate anew for each request, so that there is no end of guards.
            if target in self._plans and len(self._inner_plans) < _MAX_INNER_PLANS:
                self._inner_plans[target, guard] = plan
        return plan

    def _bind_first(self) -> None:
        """Bind before the first request, whether or not it meets a guard, and then no more."""
        self._bind()
        with self._lock:
            hooks = self._app.before_request_funcs[None]
            self._app.before_request_funcs[None] = [f for f in hooks if f != self._bind_first]

    def _bind(self) -> Enforcement:
        with self._lock:
            if self._enforcement is None:
                self.check_config()
                enforcement = self._make_enforcement()
                self._plans = dict(self.planner.plans(enforcement.baseline))
                bound = [plan for plan in self._plans.values() if plan is not None]
                self._finish_answers([self.parts.places(), *(plan.places for plan in bound)])
                self._enforcement = enforcement
            return self._enforcement

    def _finish_answers(self, places: Iterable[Places]) -> None:
        """Have answers finished, where a token can come from a place that needs it."""
        read = {place for listed in places for place in listed.transports}
        needed = any(place.is_ambient or isinstance(place, QueryTransport) for place in read)
        if needed and not self._finishes:
            self._finishes = True
            finishing = Finishing(self.parts, self.manager.renewed)
            # Flask runs the first one last: what the application sets on its answers is known.
            hooks = self._app.after_request_funcs.setdefault(None, [])
            hooks.insert(0, lambda response: self._finished(finishing, response))

    def _finished(self, finishing: Finishing, response: Response) -> Response:
        state = self._known_state(_current_request())
        if state is not None and state.own is not None:
            finishing.finish(response, state, state.own)
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
            raise self.enforcement.answered(AccessDeniedError(msg), endpoint)

    def _check_guard_ran(self, response: Response) -> Response:
        """Replace what an endpoint answered although its guard did not run."""
        if not 200 <= response.status_code < 300:
            return response
        plan = self._plan_of(request.endpoint, request.method)
        if plan is None or plan.is_public:
            return response
        if _is_automatic(request) or self.state().was_judged:
            return response
        msg = f"{plan.label} answered although its guard did not run"
        error = self.enforcement.answered(PolicyError(msg), plan.label)
        return self._app.make_response(error.response)


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
