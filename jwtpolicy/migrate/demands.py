"""Read what a guard of Flask-JWT-Extended demands, and find the one around a piece of code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import libcst as cst

from .facts import Facts, Reference
from .nodes import bound, literal, text_of
from .source import Source

PARAMETERS: Final = (
    "optional",
    "fresh",
    "refresh",
    "locations",
    "verify_type",
    "skip_revocation_check",
)


@dataclass(frozen=True, slots=True)
class Demand:
    """What one guard demands.

    Attributes:
        optional: Whether requests without a token pass.
        fresh: Whether the token has to be fresh.
        refresh: Whether it has to be a refresh token.
        verify_type: Whether its kind matters.
        skip_revocation_check: Whether revoked tokens pass.
        locations: Where it may stand; None: where the application looks.
    """

    optional: bool = False
    fresh: bool = False
    refresh: bool = False
    verify_type: bool = True
    skip_revocation_check: bool = False
    locations: cst.Arg | None = None


def demand_of(call: cst.Call | None) -> Demand | None:
    """Return what the call of a guard demands; None where its arguments are not plain."""
    if call is None:
        return Demand()
    arguments = bound(call, PARAMETERS)
    if arguments is None:
        return None
    locations = arguments.pop("locations", None)
    flags = {name: literal(argument.value) for name, argument in arguments.items()}
    if not all(isinstance(flag, bool) for flag in flags.values()):
        return None
    if locations is not None and literal(locations.value) in (None, [], ()):
        locations = None
    return Demand(**flags, locations=locations)  # type: ignore[arg-type] # they are bools


class Demands:
    """The demands of one file's functions and classes."""

    def __init__(self, facts: Facts) -> None:
        self._source = facts.source
        self._by_node: dict[cst.CSTNode, Demand] = {}
        for reference in facts.references:
            if reference.name in ("jwt_required", "verify_jwt_in_request"):
                self._read(reference)
        for node in self._source.nodes:
            if isinstance(node, cst.FunctionDef) and _is_optional_here(node, self._source):
                self._by_node[node] = Demand(optional=True)

    def _read(self, reference: Reference) -> None:
        guarded = guarded_by(reference, self._source)
        demand = demand_of(reference.call)
        if guarded is not None and demand is not None:
            self._by_node.setdefault(guarded, demand)

    @property
    def has_optional(self) -> bool:
        """Whether one of them lets requests without a token in."""
        return any(demand.optional for demand in self._by_node.values())

    def around(self, node: cst.CSTNode) -> Demand | None:
        """Return the demand of the nearest function or class around *node* that has one."""
        found = (self._by_node.get(above) for above in self._source.parents(node))
        return next(filter(None, found), None)


def guarded_by(reference: Reference, source: Source) -> cst.FunctionDef | cst.ClassDef | None:
    """Return the function or class that a guard stands on, or that calls it; None for neither."""
    for above in source.parents(reference.node):
        if isinstance(above, cst.FunctionDef | cst.ClassDef):
            return above
    return None


def _is_optional_here(function: cst.FunctionDef, source: Source) -> bool:
    """Whether a guard of this library's own lets requests without a token into *function*."""
    return any(
        "jwtpolicy.protect" in source.origins(decorator.decorator)
        and any(word in text_of(decorator) for word in ("OptionalToken", "Anonymous"))
        for decorator in function.decorators
    )
