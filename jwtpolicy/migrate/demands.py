"""The demands of Flask-JWT-Extended's guards, by the function or class that they guard."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from .source import Function, Source, arguments, literal

PARAMETERS: Final = (
    "optional",
    "fresh",
    "refresh",
    "locations",
    "verify_type",
    "skip_revocation_check",
)
#: Attributes of applications and blueprints that register a view.
ROUTES: Final = frozenset({"route", "get", "post", "put", "patch", "delete"})
#: Policies of this library that let requests without a token in.
_OPENING: Final = ("jwtpolicy.OptionalToken", "jwtpolicy.Anonymous")
_REFRESH: Final = "jwtpolicy.Refresh"


@dataclass(frozen=True, slots=True)
class Demand:
    """The demand of one guard: the arguments of ``jwt_required``.

    Attributes:
        optional: Whether requests without a token pass.
        fresh: Whether the token has to be fresh.
        refresh: Whether it has to be a refresh token.
        verify_type: Whether its kind matters.
        skip_revocation_check: Whether revoked tokens pass.
        locations: The token locations; None: those of the application.
    """

    optional: bool = False
    fresh: bool = False
    refresh: bool = False
    verify_type: bool = True
    skip_revocation_check: bool = False
    locations: ast.expr | None = None


def demand_of(call: ast.Call | None) -> Demand | None:
    """Return the demand of a guard's call; None where its arguments are not literals."""
    found = arguments(call, PARAMETERS)
    if found is None:
        return None
    locations = found.pop("locations", None)
    flags = {name: literal(value) for name, value in found.items()}
    if not all(isinstance(flag, bool) for flag in flags.values()):
        return None
    if locations is not None and literal(locations) in (None, [], ()):
        locations = None
    return Demand(**flags, locations=locations)  # type: ignore[arg-type] # they are bools


class Demands:
    """The demands of one file's functions and classes.

    Attributes:
        by_node: The demands, by the function or class that is guarded or calls the guard.
        has_optional: Whether one of them lets requests without a token in.
    """

    def __init__(self, source: Source, guards: Iterable[tuple[ast.AST, ast.Call | None]]) -> None:
        self._source = source
        self.by_node: dict[ast.AST, Demand] = {}
        self.has_optional = any(source.origin(node) in _OPENING for node in source.nodes)
        for node, call in guards:
            demand, guarded = demand_of(call), self.guarded_by(node)
            if demand is None:
                # What it lets in cannot be told; it will be listed.
                continue
            self.has_optional |= demand.optional
            if guarded is not None:
                self._add(guarded, demand)
        for node in source.nodes:
            if isinstance(node, ast.Call) and source.origin(node.func) == "jwtpolicy.protect":
                named = {source.origin(inner) for inner in ast.walk(node)}
                demand = Demand(optional=not named.isdisjoint(_OPENING), refresh=_REFRESH in named)
                if (guarded := self.guarded_by(node)) is not None:
                    self._add(guarded, demand)

    def _add(self, guarded: ast.AST, demand: Demand) -> None:
        """Add a guard's demand; of two on one function it is optional if either is."""
        before = self.by_node.setdefault(guarded, demand)
        self.by_node[guarded] = replace(before, optional=before.optional or demand.optional)

    def guarded_by(self, node: ast.AST) -> ast.AST | None:
        """Return the function or class that a guard stands on, or that calls it."""
        above = self._source.parents(node)
        return next((n for n in above if isinstance(n, Function | ast.ClassDef)), None)

    def around(self, node: ast.AST) -> Demand | None:
        """Return the demand of the nearest function or class around *node* that has one."""
        found = (self.by_node.get(above) for above in self._source.parents(node))
        return next(filter(None, found), None)
