"""Bind an application's guards to their plans, once, before its first request."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Flask, Request, Response, request

from .enforcement import Enforcement
from .exceptions import AccessDeniedError, ConfigurationError, PolicyDefinitionError, PolicyError
from .finishing import Finishing
from .guards import WRAPPED_BY, Guard, guards_around
from .parts import Parts
from .plans import Loader, Plan
from .policy.base import Policy
from .policy.credentials import Access, Public
from .settings import Settings
from .state import RequestState
from .transports import Places, QueryTransport

if TYPE_CHECKING:
    from .extension import JWTManager

logger = logging.getLogger("jwtpolicy")

#: The levels that were put on blueprints, by the blueprint.
BlueprintLevels = Mapping[Blueprint, list[Policy]]


class Application:
    """One application and its guards.

    Args:
        app: The application.
        settings: Its settings, as they were at the start.
        make_enforcement: Puts the parts together, when everything has been registered.
        blueprints: The levels of blueprints; they may still grow until the first request.
        manager: The manager that guards it.
        parts: What the manager issues and verifies its tokens with.
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
        self._blueprints = blueprints
        self._key = f"jwtpolicy.{id(self)}"
        self._lock = threading.Lock()
        self._enforcement: Enforcement | None = None
        self._plans: dict[tuple[str | None, str], Plan | None] = {}
        self._inner_plans: dict[tuple[str | None, str, Guard], Plan] = {}
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
        state: RequestState | None = current.environ.get(self._key)
        # A nested request may reuse the environ of the one around it.
        if state is None or not state.is_about(current):
            state = current.environ[self._key] = RequestState(self.enforcement.sources, current)
        return state

    def admit(self, guard: Guard) -> None:
        """Let the current request pass *guard*, or raise what answers it."""
        current = _current_request()
        enforcement = self._enforcement or self._bind()
        plan = self._plan_for(guard, current)
        if not plan.is_public:
            enforcement.admit(plan, self._state_of(current), current)

    async def admit_async(self, guard: Guard) -> None:
        """Do what `admit` does, awaiting async policies and loaders."""
        current = _current_request()
        state = self._state_of(current)
        await self.enforcement.admit_async(self._plan_for(guard, current), state, current)

    def admit_endpoint(self) -> None:
        """Let the current request pass its blueprint, where its endpoint has no guard."""
        current = _current_request()
        state = self._state_of(current)
        plan = self._plans.get((current.endpoint, current.method))
        if plan is not None and not plan.guards and not _is_automatic(current):
            self.enforcement.admit(plan, state, current)

    def enforce(self, policy: Policy, resource: Any) -> None:
        """Judge *policy* about the current request, inside a view."""
        current = _current_request()
        self.enforcement.enforce(policy, self._state_of(current), current, resource)

    async def enforce_async(self, policy: Policy, resource: Any) -> None:
        """Do what `enforce` does, awaiting async policies and loaders."""
        current = _current_request()
        await self.enforcement.enforce_async(policy, self._state_of(current), current, resource)

    def plan(self, endpoint: str | None, method: str) -> Plan | None:
        """Return what *endpoint* demands for *method*, or None where it has no guard."""
        self._bind()
        return self._plans.get((endpoint, method))

    def _plan_for(self, guard: Guard, current: Request) -> Plan:
        plan = self._plans.get((current.endpoint, current.method))
        if plan is not None and guard in plan.guards:
            return plan
        return self._inner_plan(guard, current.endpoint, current.method)

    def _inner_plan(self, guard: Guard, endpoint: str | None, method: str) -> Plan:
        """Return the plan of a guard that is not the endpoint's: its function was just called."""
        key = (endpoint, method, guard)
        plan = self._inner_plans.get(key)
        if plan is None:
            plan = self._joined([guard], f"{endpoint} calling {guard!r}", method)
            # Without an endpoint clients choose the method: there is no end of those.
            if endpoint is not None:
                self._inner_plans[key] = plan
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
                self._check_config()
                enforcement = self._make_enforcement()
                self._plans = dict(self._planned(enforcement.baseline))
                self._finish_answers()
                self._enforcement = enforcement
            return self._enforcement

    def _finish_answers(self) -> None:
        """Have answers finished, where a token can come from a place that needs it."""
        plans = [plan for plan in self._plans.values() if plan is not None]
        read = {place for plan in plans for place in plan.places.transports}
        read.update(self.parts.places().transports)
        if any(place.is_ambient or isinstance(place, QueryTransport) for place in read):
            finishing = Finishing(self.parts, self.manager.renewed)
            hooks = self._app.after_request_funcs.setdefault(None, [])
            hooks.append(lambda response: self._finished(finishing, response))

    def _finished(self, finishing: Finishing, response: Response) -> Response:
        state: RequestState | None = request.environ.get(self._key)
        if state is not None and state.access is not None:
            finishing.finish(response, state)
        return response

    def _check_config(self) -> None:
        changed = self.settings.changed_in(self._app.config)
        if changed:
            msg = (
                f"{', '.join(changed)} changed after init_app read it; set it before, or call "
                "init_app later"
            )
            raise ConfigurationError(msg)

    def _planned(
        self, baseline: Policy | None
    ) -> Iterator[tuple[tuple[str | None, str], Plan | None]]:
        self._baseline = baseline
        for rule in self._app.url_map.iter_rules():
            view = self._app.view_functions.get(rule.endpoint)
            for method in sorted(rule.methods or ()):
                yield (rule.endpoint, method), self._endpoint_plan(rule.endpoint, method, view)

    def _endpoint_plan(
        self, endpoint: str, method: str, view: Callable[..., Any] | None
    ) -> Plan | None:
        guards = list(guards_around(view))
        if (cls := getattr(view, "view_class", None)) is not None:
            guards += [g for g in guards_around(_handler(cls, method)) if g not in guards]
        label = f"{method} {endpoint}"
        _check_order(view, guards, label)
        levels = self._blueprint_levels(endpoint)
        if not guards and not levels:
            return None
        return self._joined(guards, label, method, levels)

    def _joined(
        self, guards: list[Guard], label: str, method: str, outer: list[Policy] | None = None
    ) -> Plan:
        own = [level for guard in guards for level in guard.levels(method)]
        if any(isinstance(level, Public) for level in own):
            if len(own) > 1:
                msg = f"{label} is public and guarded at once: {own!r}"
                raise PolicyDefinitionError(msg)
            return Plan((), None, guards=guards, label=label)
        levels = (own or [Access()]) + (outer or [])
        self.parts.check_store(levels)
        return Plan(
            levels,
            self._baseline,
            guards=guards,
            loader=_one_loader(guards, label),
            label=label,
            places=self._places(guards, label),
            csrf=_needs_csrf(guards),
            passes_consumed=any(guard.passes_consumed for guard in guards),
        )

    def _places(self, guards: list[Guard], label: str) -> Places:
        """Return the places that all guards of an endpoint agree on.

        Raises:
            PolicyDefinitionError: There is none.
        """
        written = [guard.reading.transports for guard in guards]
        named = [self.parts.places(listed).transports for listed in written if listed is not None]
        if not named:
            return self.parts.places()
        common = [place for place in named[0] if all(place in listed for listed in named)]
        if not common:
            msg = f"{label}: its guards read tokens in different places: {written!r}"
            raise PolicyDefinitionError(msg)
        return Places(common)

    def _blueprint_levels(self, endpoint: str) -> list[Policy]:
        """Return the levels of the endpoint's blueprints, the innermost first."""
        levels: list[Policy] = []
        name = endpoint.rpartition(".")[0]
        while name:
            levels += self._blueprints.get(cast(Blueprint, self._app.blueprints[name]), [])
            name = name.rpartition(".")[0]
        return levels

    def _deny_unguarded(self) -> None:
        """Refuse endpoints that nobody has guarded (``JWT_DEFAULT_DENY``)."""
        endpoint = request.endpoint
        self.enforcement  # noqa: B018 # binds the plans
        if endpoint is None or _is_automatic(request) or self._is_listed(endpoint):
            return
        if self._plans.get((endpoint, request.method)) is None:
            msg = f"{request.method} {endpoint} has no guard and JWT_DEFAULT_DENY is on"
            raise self.enforcement.answered(AccessDeniedError(msg), endpoint)

    def _is_listed(self, endpoint: str) -> bool:
        return any(fnmatchcase(endpoint, pattern) for pattern in self.settings.public_endpoints)

    def _check_guard_ran(self, response: Response) -> Response:
        """Replace what an endpoint answered although its guard did not run."""
        plan = self._plans.get((request.endpoint, request.method))
        if plan is None or plan.is_public or not 200 <= response.status_code < 300:
            return response
        if _is_automatic(request) or self.state().was_judged:
            return response
        msg = f"{plan.label} answered although its guard did not run"
        error = self.enforcement.answered(PolicyError(msg), plan.label)
        return self._app.make_response(error.response)


def _current_request() -> Request:
    current: Request = request._get_current_object()  # type: ignore[attr-defined] # a proxy
    return current


def _is_automatic(current: Request) -> bool:
    """Whether Flask answers this OPTIONS request itself (HTTP-8)."""
    rule = current.url_rule
    automatic = getattr(rule, "provide_automatic_options", False)
    return current.method == "OPTIONS" and bool(automatic)


def _handler(cls: type, method: str) -> Callable[..., Any] | None:
    handler = getattr(cls, method.lower(), None)
    return getattr(cls, "get", None) if handler is None and method == "HEAD" else handler


def _needs_csrf(guards: list[Guard]) -> bool:
    """Whether cookies need a CSRF value: unless a guard says no, and none says yes."""
    said = {guard.reading.csrf for guard in guards}
    return True in said or False not in said


def _one_loader(guards: list[Guard], label: str) -> Loader | None:
    loaders = [guard.loader for guard in guards if guard.loader is not None]
    if len(loaders) > 1:
        msg = f"{label}: two guards load a resource; keep load_resource or resource= of one"
        raise PolicyDefinitionError(msg)
    return loaders[0] if loaders else None


def _check_order(view: object, guards: list[Guard], label: str) -> None:
    """Notice ``@protect`` above ``@app.route``: the route then has the bare function.

    Raises:
        PolicyDefinitionError: It has.
    """
    while view is not None:
        for guard in getattr(view, "__dict__", {}).get(WRAPPED_BY, ()):
            if guard not in guards:
                msg = f"{label} is registered without its {guard!r}: write it below the route"
                raise PolicyDefinitionError(msg)
        view = getattr(view, "__wrapped__", None)
