"""Say what single endpoints of an application demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from flask import Blueprint, Flask
from werkzeug.routing import Rule

from .access import Terms
from .exceptions import PolicyDefinitionError
from .guards import METHODS, WRAPPED_BY, Guard, guards_around
from .parts import Parts
from .plans import Loader, Plan, check_types
from .policy.base import Policy
from .policy.credentials import Access, Public
from .transports import Places

#: The levels that were put on blueprints, by the blueprint.
BlueprintLevels = Mapping[Blueprint, Sequence[Policy]]

#: An endpoint, or None where no rule matched, and the method in upper case.
Target = tuple[str | None, str]


@dataclass(frozen=True, slots=True)
class Demand:
    """What was written about one method of an endpoint, before it is judged.

    Attributes:
        label: The method and the endpoint, for people.
        method: In upper case.
        guards: What stands around the view and its handler, the outermost first.
        outer: The levels of its blueprints, the innermost first.
    """

    label: str
    method: str
    guards: Sequence[Guard] = ()
    outer: Sequence[Policy] = ()

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


class Planner:
    """What makes plans of the guards and blueprints of one application.

    Args:
        app: The application.
        parts: What says where tokens may stand, and whether there is a store.
        blueprints: The levels of blueprints.
    """

    def __init__(
        self, app: Flask, parts: Parts, blueprints: BlueprintLevels, terms: Callable[[], Terms]
    ) -> None:
        self._app = app
        self._parts = parts
        self._blueprints = blueprints
        self._terms = terms

    def plans(self, baseline: Policy | None) -> Iterator[tuple[Target, Plan | None]]:
        """Yield the plan of every method of every endpoint; raises what `plan` raises."""
        for rule in self._app.url_map.iter_rules():
            for method in methods_of(rule):
                yield (rule.endpoint, method), self.plan(rule.endpoint, method, baseline)

    def plan(self, endpoint: str, method: str, baseline: Policy | None) -> Plan | None:
        """Return what *endpoint* demands for *method*, or None where it has no guard.

        Args:
            endpoint: Its name.
            method: In upper case.
            baseline: What every presented token has to pass, or None.

        Raises:
            SetupError: It cannot work.
        """
        demand = self.demand(endpoint, method)
        _check_order(self._app.view_functions.get(endpoint), demand)
        return self.joined(demand, baseline) if demand.guards or demand.outer else None

    def demand(self, endpoint: str, method: str) -> Demand:
        """Return what was written about *method* of *endpoint*."""
        view = self._app.view_functions.get(endpoint)
        guards = list(guards_around(view))
        guards += [guard for guard in guards_around(handler(view, method)) if guard not in guards]
        return Demand(f"{method} {endpoint}", method, guards, self._blueprint_levels(endpoint))

    def joined(self, demand: Demand, baseline: Policy | None) -> Plan:
        """Return the plan of all levels that were written.

        Raises:
            SetupError: They cannot be met, or not together.
        """
        levels, label, guards = demand.levels, demand.label, demand.guards
        if any(isinstance(level, Public) for level in levels):
            _check_alone(levels, label)
            return Plan((), None, guards=guards, label=label)
        self._parts.check_store(levels)
        check_types([*levels, *([] if baseline is None else [baseline])], self._terms(), label)
        return Plan(
            levels,
            baseline,
            guards=guards,
            loader=_one_loader(guards, label),
            label=label,
            places=self._places(guards, label),
            csrf=_needs_csrf(guards),
            passes_consumed=any(guard.passes_consumed for guard in guards),
        )

    def _places(self, guards: Sequence[Guard], label: str) -> Places:
        """Return the places that all guards of an endpoint agree on.

        Raises:
            PolicyDefinitionError: There is none.
        """
        written = [guard.reading.transports for guard in guards]
        named = [self._parts.places(listed).transports for listed in written if listed is not None]
        if not named:
            return self._parts.places()
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
            # None where the application's own endpoint has a dot in its name.
            blueprint = cast(Blueprint, self._app.blueprints.get(name))
            levels += self._blueprints.get(blueprint, ())
            name = name.rpartition(".")[0]
        return levels


def methods_of(rule: Rule) -> list[str]:
    """Return the methods of *rule* in order; one that names none matches all."""
    return sorted(METHODS if rule.methods is None else rule.methods)


def handler(view: Callable[..., Any] | None, method: str) -> Callable[..., Any] | None:
    """Return the method of a view class that answers *method*, or None."""
    cls = getattr(view, "view_class", None)
    found = getattr(cls, method.lower(), None)
    return getattr(cls, "get", None) if found is None and method == "HEAD" else found


def _check_alone(levels: Sequence[Policy], label: str) -> None:
    """Refuse ``Public()`` beside anything else.

    Raises:
        PolicyDefinitionError: There is something.
    """
    if len(levels) > 1:
        msg = f"{label} is public and guarded at once: {levels!r}"
        raise PolicyDefinitionError(msg)


def _needs_csrf(guards: Sequence[Guard]) -> bool:
    """Whether cookies need a CSRF value: unless a guard says no, and none says yes."""
    said = {guard.reading.csrf for guard in guards}
    return True in said or False not in said


def _one_loader(guards: Sequence[Guard], label: str) -> Loader | None:
    loaders = [guard.loader for guard in guards if guard.loader is not None]
    if len(loaders) > 1:
        msg = f"{label}: two guards load a resource; keep load_resource or resource= of one"
        raise PolicyDefinitionError(msg)
    return loaders[0] if loaders else None


def _check_order(view: object, demand: Demand) -> None:
    """Notice ``@protect`` above ``@app.route``: the route then has the bare function.

    Raises:
        PolicyDefinitionError: It has.
    """
    while view is not None:
        for guard in getattr(view, "__dict__", {}).get(WRAPPED_BY, ()):
            if guard not in demand.guards:
                msg = (
                    f"{demand.label} is registered without its {guard!r}: write it below the route"
                )
                raise PolicyDefinitionError(msg)
        view = getattr(view, "__wrapped__", None)
