"""`Planner`: makes plans of the guards and blueprints of an application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from inspect import isfunction
from typing import Any, Final, NamedTuple, cast
from weakref import WeakValueDictionary

from flask import Blueprint, Flask
from werkzeug.routing import Rule

from ..exceptions import ConfigurationError, PolicyDefinitionError
from ..guards.issuer_checks import check_issuers, check_needs, check_subjects
from ..guards.levels import (
    METHODS,
    PUTS,
    ClassGuard,
    EndpointGuard,
    Guard,
    forget_openings,
    guard_of,
    guards_around,
    layers_of,
    missed_by,
    openings_of,
    opens,
)
from ..guards.origins import UNKNOWN_LINE, LevelOrigin, Line
from ..guards.plan import CompiledLevels, Loader, Plan, check_types, without_loader
from ..guards.refusal_log import Address
from ..policy.asked_scopes import all_scopes, least_scopes
from ..policy.base import Policy
from ..policy.closing import close, leaves
from ..policy.credentials import Access, Anonymous, Public
from ..policy.request import PolicySettings
from ..transports import Places, Transport
from .components import Parts
from .protected_resources import ProtectedResource, ProtectedResources, blueprints_of

#: The levels that were put on blueprints, by the blueprint.
BlueprintLevels = Mapping[Blueprint, Sequence[LevelOrigin]]

#: The packages whose ``dispatch_request`` runs the handler of the method, and nothing else.
_FRAMEWORKS: Final = frozenset({"flask", "flask_restful", "flask_restx"})

#: An endpoint, or None where no rule matched, and the method in upper case.
Target = tuple[str | None, str]


class Demand(NamedTuple):
    """The guards and levels that were written about one method of an endpoint.

    Attributes:
        label: The method and the endpoint, for people.
        method: In upper case.
        guards: The guards on the view function, its class and its handler, without openings that
            do not count.
        enclosing: The levels of its blueprints, the innermost first.
    """

    label: str
    method: str
    guards: Sequence[Guard] = ()
    enclosing: Sequence[LevelOrigin] = ()

    @property
    def outer(self) -> list[Policy]:
        """The policies of the levels of its blueprints, the innermost first."""
        return [level.policy for level in self.enclosing]

    @property
    def own(self) -> list[Policy]:
        """The levels that its guards write."""
        return [level for guard in self.guards for level in guard.levels(self.method)]

    @property
    def levels(self) -> list[Policy]:
        """All levels; without one of its own it counts as ``Access()``."""
        own = self.own
        is_public = any(isinstance(level, Public) for level in own)
        return own if is_public else [*(own or [Access()]), *self.outer]

    @property
    def origins(self) -> list[LevelOrigin]:
        """All `levels` with where they were written, in the same order."""
        own = [origin for guard in self.guards for origin in guard.origins(self.method)]
        is_public = any(isinstance(origin.policy, Public) for origin in own)
        default = LevelOrigin("default", Access())
        return own if is_public else [*(own or [default]), *self.enclosing]


class Planner:
    """Make plans of the guards and blueprints of one application.

    Plans of equal levels share one compiled program, and plans of equal transports their `Places`,
    for as long as one of the plans is kept: an application of a thousand endpoints has ten rules,
    each written a hundred times.

    Args:
        app: The application.
        parts: Its transports, checks and store.
        blueprints: The levels of blueprints.
        terms: Returns the settings that policies go by.
        resources: The protected resources that some of the blueprints are.
        written: The line that made the manager, and with it the baseline.
    """

    def __init__(
        self,
        app: Flask,
        parts: Parts,
        blueprints: BlueprintLevels,
        terms: Callable[[], PolicySettings],
        resources: ProtectedResources,
        written: Line = UNKNOWN_LINE,
    ) -> None:
        self._app = app
        self._parts = parts
        self._blueprints = blueprints
        self._terms = terms
        self.resources = resources
        self._written = written
        self._usual_places = parts.places()
        self._compiled: WeakValueDictionary[object, CompiledLevels] = WeakValueDictionary()
        self._places: WeakValueDictionary[object, Places] = WeakValueDictionary()

    def plans(self, baseline: Policy | None) -> Iterator[tuple[Target, Plan | None]]:
        """Yield the plan of every method of every endpoint; raises what `plan` raises."""
        for rule in self._app.url_map.iter_rules():
            written = self.written(rule.endpoint)
            for method in methods_of(rule):
                yield (rule.endpoint, method), self._plan(rule.endpoint, method, written, baseline)

    def plan(self, endpoint: str, method: str, baseline: Policy | None) -> Plan | None:
        """Return the plan of *endpoint* for *method*, or None where it has no guard.

        Args:
            endpoint: The name of the endpoint.
            method: The method in upper case.
            baseline: The policy that every presented token has to pass, or None.

        Raises:
            SetupError: No request can pass its levels, or a guard stands where it never runs.
        """
        return self._plan(endpoint, method, self.written(endpoint), baseline)

    def _plan(
        self, endpoint: str, method: str, written: WrittenGuards, baseline: Policy | None
    ) -> Plan | None:
        demand = self._demand(endpoint, method, written)
        written.check(method, demand.label)
        if self._parts.store is None:
            written.check_remembers(demand.label)
        if method != "OPTIONS":
            _check_optional(demand)
        self._check_openings(written, demand.label)
        if demand.guards or demand.outer or self.resources.of(endpoint) is not None:
            return self.joined(demand, self.resources.baseline(endpoint, baseline))
        return None

    def _check_openings(self, written: WrittenGuards, label: str) -> None:
        """Refuse ``@public`` above ``@app.route``: the route then has the bare function.

        Raises:
            PolicyDefinitionError: The route has the bare function, and no route has the opened one.
        """
        if not any(map(openings_of, written.layers)):
            return
        views = self._app.view_functions
        called = {id(layer): layer for name in views for layer in self.written(name).layers}
        # All views at once, so that the check of the next view need not search them again.
        for layer in called.values():
            if any(id(opened) in called for opened in openings_of(layer)):
                forget_openings(layer)
        if any(map(openings_of, written.layers)):
            raise PolicyDefinitionError(_above_complaint(label))

    def origins(
        self, endpoint: str, method: str, baseline: Policy | None
    ) -> tuple[LevelOrigin, ...]:
        """Return the levels of *method* of *endpoint* with where they were written.

        The baseline comes first, where it counts. Made anew, and of source files in part, because
        plans that kept it would cost a worker twice the memory.
        """
        demand = self.demand(endpoint, method)
        is_public = any(isinstance(level, Public) for level in demand.levels)
        if is_public:
            return tuple(demand.origins)
        demanded = self.resources.demanded(endpoint)
        first = [] if baseline is None else [LevelOrigin("baseline", baseline, "", *self._written)]
        audience = [] if demanded is None else [LevelOrigin("resource", demanded)]
        return (*first, *audience, *demand.origins)

    def written_levels(self) -> Iterator[tuple[str, Sequence[LevelOrigin]]]:
        """Yield the levels of every guarded method of every endpoint, with its label."""
        for rule in self._app.url_map.iter_rules():
            for method in methods_of(rule):
                demand = self.demand(rule.endpoint, method)
                if demand.guards or demand.outer:
                    yield demand.label, demand.origins

    def demand(self, endpoint: str, method: str) -> Demand:
        """Return the guards and levels of *method* of *endpoint*."""
        return self._demand(endpoint, method, self.written(endpoint))

    def _demand(self, endpoint: str, method: str, written: WrittenGuards) -> Demand:
        guards = written.counting(method)
        return Demand(f"{method} {endpoint}", method, guards, self._blueprint_levels(endpoint))

    def address(self, endpoint: str, baseline: Policy | None) -> Address | None:
        """Return where challenges of *endpoint* lead; None where it belongs to no resource."""
        resource = self.resources.of(endpoint)
        if resource is None:
            return None
        scopes: dict[str, str] = {}
        if resource.tells_scope:
            for method, policies in self._policies(endpoint, baseline):
                scopes[method] = " ".join(sorted(least_scopes(policies)))
        return Address(resource.metadata_url, scopes)

    def scopes(self, resource: ProtectedResource, baseline: Policy | None) -> frozenset[str]:
        """Return the scopes that the policies of the endpoints of *resource* ask for."""
        names = {rule.endpoint for rule in self._app.url_map.iter_rules()}
        found = [name for name in names if self.resources.of(name) == resource]
        asked = (policies for name in found for _, policies in self._policies(name, baseline))
        return frozenset[str]().union(*map(all_scopes, asked))

    def _policies(
        self, endpoint: str, baseline: Policy | None
    ) -> Iterator[tuple[str, list[Policy]]]:
        """Yield the methods of *endpoint* and the policies of each."""
        listed = [] if baseline is None else [baseline]
        rules = (rule for rule in self._app.url_map.iter_rules(endpoint))
        for method in {method for rule in rules for method in methods_of(rule)}:
            yield method, [*self.demand(endpoint, method).levels, *listed]

    def written(self, endpoint: str) -> WrittenGuards:
        """Return the guards that were written on the view of *endpoint*."""
        return WrittenGuards(self._app.view_functions.get(endpoint))

    def joined(self, demand: Demand, baseline: Policy | None) -> Plan:
        """Return the plan of all levels and guards of *demand*.

        Raises:
            SetupError: No request can pass all levels, or two guards contradict each other.
        """
        levels, label, guards = demand.levels, demand.label, demand.guards
        if any(isinstance(level, Public) for level in levels):
            _check_alone(levels, label)
            return Plan(None, guards=guards, label=label)
        compiled = self._compiled_levels(levels, baseline, label)
        loader = _one_loader(guards, label)
        if loader is None and compiled.about_resource is not None:
            raise without_loader(compiled.about_resource, label)
        places = self._common_places(demand)
        return Plan(
            compiled,
            guards=guards,
            loader=loader,
            label=label,
            places=places,
            checks=self._parts.checks(places, csrf=_needs_csrf(guards)),
            has_async_view=any(guard.is_async(demand.method) for guard in guards),
        )

    def _compiled_levels(
        self, levels: Sequence[Policy], baseline: Policy | None, label: str
    ) -> CompiledLevels:
        """Return *levels* compiled, shared with an endpoint of equal levels.

        Raises:
            SetupError: No request can pass all levels, or a policy needs a store or a schema that
                is not there.
        """
        whole = [*levels, *([] if baseline is None else [baseline])]
        # By `repr` too: equal policies decide alike, but may be written differently, and
        # explanations show what is written.
        key = tuple((level.identity, repr(level)) for level in whole)
        found = self._compiled.get((baseline is None, key))
        if found is None:
            terms = self._terms()
            self._parts.check_store(levels)
            check_types(whole, terms, label)
            check_issuers(whole, terms, label)
            found = CompiledLevels(levels, baseline, label)
            check_subjects(found.closed.policy, baseline, terms, label)
            check_needs(found.closed.policy, terms, label)
            self._compiled[baseline is None, key] = found
        return found

    def _common_places(self, demand: Demand) -> Places:
        """Return the transports that all guards of an endpoint have in common.

        Raises:
            PolicyDefinitionError: The guards name transports, and none that all of them name.
            ConfigurationError: A guard names one that needs a setting.
        """
        guards, label = demand.guards, demand.label
        named = [self._named_by(guard, demand) for guard in guards if guard.reading.transports]
        judges_each = any(guard.reading.judges_each for guard in guards)
        if not named and not judges_each:
            return self._usual_places
        named = named or [self._usual_places.transports]
        common = tuple(place for place in named[0] if all(place in listed for listed in named))
        if not common:
            written = [guard.reading.transports for guard in guards]
            msg = f"{label}: its guards read tokens in different places: {written!r}"
            raise PolicyDefinitionError(msg)
        places = Places(common, judges_each=judges_each)
        return self._places.setdefault((common, judges_each), places)

    def _named_by(self, guard: Guard, demand: Demand) -> tuple[Transport, ...]:
        """Return the transports that *guard* names.

        Raises:
            ConfigurationError: One of them needs a setting; it tells where the guard was written.
        """
        try:
            return self._parts.places(guard.reading.transports).transports
        except ConfigurationError as error:
            where = guard.origins(demand.method)[-1].where
            msg = f"{demand.label}{where and f' ({where})'}: {error}"
            raise ConfigurationError(msg) from None

    def _blueprint_levels(self, endpoint: str) -> list[LevelOrigin]:
        """Return the levels of the endpoint's blueprints, the innermost first."""
        blueprints = blueprints_of(self._app, endpoint)
        return [level for found in blueprints for level in self._blueprints.get(found, ())]


def methods_of(rule: Rule) -> list[str]:
    """Return the methods of *rule* in order; one that names none matches all."""
    return sorted(METHODS if rule.methods is None else rule.methods)


class WrittenGuards:
    """The guards that were written on one view: on its function, its class, or its handlers.

    Closing counts wherever it is written. Opening counts on the function that Flask calls, and on
    the class behind it and the handlers of that, unless a ``dispatch_request`` of the
    application's decides what runs.

    Args:
        view: The view function, as it was registered or as it was bound.

    Attributes:
        view: The view function, without the `EndpointGuard` around it.
        layers: The view and what it calls, the outermost first.
    """

    def __init__(self, view: object) -> None:
        while isinstance(guard_of(view), EndpointGuard):
            view = cast(Any, view).__wrapped__
        self.view = view
        self.layers = tuple(layers_of(view))
        self._class = _class_among(self.layers)

    @property
    def is_passed_by(self) -> bool:
        """Whether the function that Flask calls is no guard, so that it may answer without one.

        A decorator above a guard, or a ``dispatch_request``, may not call the guard.
        """
        if guard_of(self.view) is not None:
            return False
        return not all(
            opens(guard, method) for method in self._methods() for guard in self.all(method)
        )

    def _methods(self) -> Iterable[str]:
        """Return the methods that may have handlers of their own: clients may make one up."""
        if self._class is None:
            return ("GET",)
        spaces = [vars(base) for base in self._class.__mro__]
        functions = {n for space in spaces for n, value in space.items() if isfunction(value)}
        return METHODS | {name.upper() for name in functions}

    def all(self, method: str) -> list[Guard]:
        """Return the guards of *method*."""
        found = [guard for place in self._places(method) for guard in guards_around(place)]
        # GET's handler answers HEAD too, and RESTful forgets its decorators then.
        methods = ("GET", "HEAD") if method == "HEAD" else (method,)
        put = [one for name in methods for one in put_at_each_request(self._class, name)]
        return list(dict.fromkeys([*found, *(getattr(d, PUTS) for d in put if hasattr(d, PUTS))]))

    def counting(self, method: str) -> list[Guard]:
        """Return the guards of *method* without the openings that do not count."""
        found = self.all(method)
        if not any(opens(guard, method) for guard in found):
            return found
        counting = [guard_of(self.view), guard_of(_dispatching(self._class))]
        if _runs_handlers(self._class):
            of_class = [guard for guard in found if isinstance(guard, ClassGuard)]
            counting += [guard_of(_handler(self._class, method)), *of_class]
        return [guard for guard in found if guard in counting or not opens(guard, method)]

    def check_remembers(self, label: str) -> None:
        """Refuse a ready-made view that needs a token store, in an application without one.

        Raises:
            ConfigurationError: The class of the view needs a store.
        """
        if getattr(self._class, "_needs_store", False):
            msg = (
                f"{label}: {getattr(self._class, '__name__', '')} needs a token store, and there "
                "is none: set JWT_STORE_URL, or leave the endpoint out"
            )
            raise ConfigurationError(msg)

    def check(self, method: str, label: str) -> None:
        """Refuse guards that stand in the wrong order among other decorators.

        Raises:
            PolicyDefinitionError: ``@protect`` stands above the route, which then has the bare
                function, or ``@public`` beneath a decorator, which may close what it opens.
        """
        _check_route(self.layers, label)
        for place in self._places(method):
            _check_opening(place, method, label)

    def _places(self, method: str) -> list[object]:
        """Return the functions that may carry guards: view, ``dispatch_request``, handler."""
        places = [self.view, _dispatching(self._class), _handler(self._class, method)]
        return [place for place in places if place is not None]


def _check_optional(demand: Demand) -> None:
    """Refuse an optional blueprint level over a bare view, which counts as ``Access()`` itself.

    Raises:
        PolicyDefinitionError: It has no level of its own, and those of its blueprints together
            take callers without a token.
    """
    outer = demand.outer
    if not any(isinstance(leaf, Anonymous) for level in outer for leaf in leaves(level)):
        return
    is_written = any(guard.writes(demand.method) for guard in demand.guards)
    if not is_written and close(outer).is_open:
        msg = (
            f"{demand.label}: its blueprint takes callers without a token, but the view has no "
            "level of its own, which counts as Access() and would refuse them: write "
            f"@protect({outer[0]!r}) on the view, in a class `policies = {outer[0]!r}`; or "
            "@protect where a token is to be demanded; static files belong into a blueprint of "
            "their own"
        )
        raise PolicyDefinitionError(msg)


def handler(view: object, method: str) -> object:
    """Return the method of a view class that answers *method*, or None."""
    return _handler(view_class(view), method)


def _dispatching(cls: type | None) -> object:
    return getattr(cls, "dispatch_request", None)


def _handler(cls: type | None, method: str) -> object:
    found = getattr(cls, method.lower(), None)
    return getattr(cls, "get", None) if found is None and method == "HEAD" else found


def view_class(view: object) -> type | None:
    """Return the class that *view* was made of by ``as_view``, or None."""
    return _class_among(layers_of(view))


def _class_among(layers: Iterable[object]) -> type | None:
    classes = (getattr(layer, "view_class", None) for layer in layers)
    return next((cls for cls in classes if isinstance(cls, type)), None)


def _runs_handlers(cls: type | None) -> bool:
    """Whether *cls* is known to run the handler of the method.

    Its class tells, not the function's name or module: those are copied by ``functools.wraps``.
    """
    return dispatcher(cls) in _FRAMEWORKS


def dispatcher(cls: type | None) -> str:
    """Return the package whose ``dispatch_request`` instances of *cls* have."""
    mro = getattr(cls, "__mro__", ())
    owner = next((base for base in mro if "dispatch_request" in vars(base)), object)
    return owner.__module__.partition(".")[0]


def put_at_each_request(cls: type | None, method: str) -> list[object]:
    """Return the ``method_decorators`` that RESTful and RESTX put around handlers.

    The outermost comes first. A list that only instances have, such as a property, is returned
    itself, in place of its decorators.
    """
    listed = getattr(cls, "method_decorators", None) or ()
    if isinstance(listed, Mapping):
        listed = listed.get(method.lower(), ())
    return list(listed)[::-1] if isinstance(listed, Iterable) else [listed]


def _check_alone(levels: Sequence[Policy], label: str) -> None:
    """Refuse ``Public()`` beside anything else.

    Raises:
        PolicyDefinitionError: The endpoint has another level as well.
    """
    if not all(isinstance(level, Public) for level in levels):
        msg = f"{label} is public and guarded at once: {levels!r}"
        raise PolicyDefinitionError(msg)


def _needs_csrf(guards: Sequence[Guard]) -> bool:
    """Whether cookies need a CSRF value: ``csrf=True`` of one guard beats ``csrf=False``."""
    said = {guard.reading.csrf for guard in guards}
    return True in said or False not in said


def _one_loader(guards: Sequence[Guard], label: str) -> Loader | None:
    loaders = [guard.loader for guard in guards if guard.loader is not None]
    if len(loaders) > 1:
        msg = f"{label}: two guards load a resource; keep load_resource or resource= of one"
        raise PolicyDefinitionError(msg)
    return loaders[0] if loaders else None


def _check_route(layers: Iterable[object], label: str) -> None:
    """Refuse ``@protect`` above ``@app.route``: the route then has the bare function.

    Raises:
        PolicyDefinitionError: The route calls a function that a guard wraps, without the guard.
    """
    for layer in layers:
        if (missed := missed_by(layer)) is not None:
            msg = (
                f"{label} is registered without its {missed!r}: write it below the route. If the "
                "guard is for another route and this one has to be open, register public(…) of "
                "the function"
            )
            raise PolicyDefinitionError(msg)
        if guard_of(layer) is not None:
            return


def _check_opening(place: object, method: str, label: str) -> None:
    """Refuse ``@public`` beneath another decorator, which may refuse what ``@public`` opens.

    Raises:
        PolicyDefinitionError: A guard that opens stands beneath a decorator that is no guard.
    """
    top = guard_of(place)
    if top is None or not opens(top, method):
        beneath = (g for g in guards_around(place) if not isinstance(g, ClassGuard))
        if any(opens(guard, method) for guard in beneath):
            raise PolicyDefinitionError(_order_complaint(place, label))


def _above_complaint(label: str) -> str:
    return (
        f"{label} is registered without its @public, which opens nothing above the route; write "
        "it below:\n    @app.get(…)\n    @public\n    def view(): …\n"
        "Where that was for another route, and this one is to be guarded, register that one too"
    )


def _order_complaint(place: object, label: str) -> str:
    code = getattr(place, "__code__", None)
    other = getattr(code, "co_qualname", type(place).__qualname__)
    endpoint = label.partition(" ")[2]
    return (
        f"{label}: @public stands beneath another decorator ({other}), and speaks only for what is "
        "called first; write it above:\n"
        "    @app.get(…)\n"
        "    @public\n"
        "    @other\n"
        "    def view(): …\n"
        "Where a framework puts its own around every view: "
        f"app.view_functions[{endpoint!r}] = public(app.view_functions[{endpoint!r}])"
    )
