"""The audit's row of an endpoint with policies, and whether any caller can pass them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from werkzeug.routing import Rule

from ..app.bound_app import BoundApp
from ..app.planner import Demand
from ..guards.csrf import SAFE_METHODS, CSRFCheck
from ..guards.plan import Plan
from ..policy.base import AllOf, Policy
from ..policy.baseline import for_kind
from ..policy.closing import demands, leaves
from ..policy.credentials import KnownUser
from ..transports import NamedByKind, QueryTransport, Transport
from .findings import Protection, Row, row_at
from .passing import Caller, can_pass, missing_variables
from .remarks import is_lazy

_ANONYMOUS: Final = "no token"


@dataclass(frozen=True, slots=True)
class Guarded:
    """A method of an endpoint that has policies, and no mistake in its set-up.

    Attributes:
        application: The bound application.
        rule: The rule of the URL.
        demand: The levels as they were written.
        plan: The plan that they were compiled to.
        variables: The variables of the URL; None where the application may add to them.
    """

    application: BoundApp
    rule: Rule
    demand: Demand
    plan: Plan
    variables: Collection[str] | None

    def row(self, bridge: str | None) -> Row:
        """Return the row; *bridge* is the source text of a guard of the bridge, or None."""
        accepts = tuple(self._accepted())
        return row_at(
            self.rule,
            Protection.GUARDED,
            demands=_source(self.demand.levels),
            policies=tuple(self.demand.levels),
            bridge=bridge,
            accepts=accepts,
            baseline=_source(baseline) if (baseline := self._baseline()) else None,
            places=tuple(place.name for place in self.plan.places.transports),
            csrf=self._csrf(),
            notes=tuple(self._notes(accepts)),
            problem=None if accepts else self._problem(),
        )

    def _accepted(self) -> Iterator[str]:
        """Yield the kinds of token that can pass, as far as that is known without a request."""
        for kind in self.plan.kinds:
            if self._is_carried(kind) and self._passes(kind):
                yield kind
        if self.plan.closed.is_open and self._passes(None):
            yield _ANONYMOUS

    def _problem(self) -> str:
        demanded = _source([*self.demand.levels, *self._baseline()])
        return "; ".join([f"no request can pass {demanded}", *self._reasons()])

    def _is_carried(self, kind: str) -> bool:
        return any(_carries(place, kind) for place in self.plan.places.transports)

    def _passes(self, kind: str | None) -> bool:
        program = self.plan.anonymous if kind is None else self.plan.programs[kind]
        return can_pass(program, Caller(kind, self.variables))

    def _baseline(self) -> list[Policy]:
        """Return the part of the baseline that applies to tokens here: one policy or none."""
        if not self.plan.kinds:
            return []
        resources, endpoint = self.application.planner.resources, self.rule.endpoint
        baseline = resources.baseline(endpoint, self.application.baseline)
        baseline = for_kind(baseline, self.plan.kinds[0])
        return [] if baseline is None else [baseline]

    def _csrf(self) -> bool | None:
        if not self.plan.places.has_ambient or self.demand.method in SAFE_METHODS:
            return None
        return any(isinstance(check, CSRFCheck) for check in self.plan.checks)

    def _reasons(self) -> Iterator[str]:
        """Yield the reasons why a token of a kind that the policies name cannot arrive or pass."""
        for name in self._missing():
            yield f"the URL has no variable {name!r}"
        for kind in self.plan.kinds:
            if not self._is_carried(kind):
                yield f"{self.plan.places!r} cannot hold tokens of the kind {kind!r}"

    def _missing(self) -> list[str]:
        found = (missing_variables(leaf, self.variables) for leaf in self._leaves())
        return list(dict.fromkeys(name for names in found for name in names))

    def _leaves(self) -> Iterator[Policy]:
        for level in self.demand.levels:
            yield from leaves(level)

    def _notes(self, accepts: Collection[str]) -> Iterator[str]:
        has_token = any(kind != _ANONYMOUS for kind in accepts)
        if accepts:
            yield from self._reasons()
            yield from self._useless(accepts)
        for name in _starting_anew(self.demand):
            yield f"does not inherit: {name}"
        for level in self.demand.outer:
            yield f"blueprint level: {level!r}"
        yield from self._on_reading()
        if self.plan.closed.ignores_invalid:
            yield "treats invalid tokens as none"
        if self._answers_head():
            yield "HEAD is answered without the view, and uses nothing up"
        if has_token and self._is_lazy():
            yield "lazy user loader"
        if has_token and not self.application.settings.require_exp:
            yield "tokens that never expire"

    def _answers_head(self) -> bool:
        uses_up = any(program.single_uses for program in self.plan.programs.values())
        return uses_up and self.demand.method in ("GET", "HEAD")

    def _useless(self, accepts: Collection[str]) -> Iterator[str]:
        """Yield a note for each kind of caller that the policies name and yet never allow."""
        for kind in self.plan.kinds:
            if kind not in accepts and self._is_carried(kind):
                yield f"no token of the kind {kind!r} can pass"
        if self.plan.closed.is_open and _ANONYMOUS not in accepts:
            yield "no caller without a token can pass"

    def _on_reading(self) -> Iterator[str]:
        places = self.plan.places
        if set(places.transports) != set(self.application.parts.places().transports):
            yield f"reads {places!r}"
        if any(isinstance(place, QueryTransport) for place in places.transports):
            yield "query string tokens"
        if self._csrf() is False:
            yield "csrf off"

    def _is_lazy(self) -> bool:
        is_known = any(demands(level, KnownUser) for level in self.demand.levels)
        return is_lazy(self.application) and not is_known


def _source(levels: list[Policy]) -> str:
    joined = AllOf(*levels)
    return repr(joined if len(joined.members) > 1 else joined.members[0])


def _carries(place: Transport, kind: str) -> bool:
    return not isinstance(place, NamedByKind) or kind in place.names


def _starting_anew(demand: Demand) -> Iterator[str]:
    """Yield the classes with ``inherit_policies = False``, which drop levels of their bases."""
    for guard in demand.guards:
        for cls in getattr(guard, "view", object).__mro__:
            if vars(cls).get("inherit_policies", True) is False:
                yield cls.__name__
