"""The scopes that policies ask for, read off them before any request."""

from __future__ import annotations

from collections.abc import Iterable

from .base import AllOf, AnyOf, AtLeast, Not, Policy
from .closing import normal, positive_leaves


def all_scopes(policies: Iterable[Policy]) -> frozenset[str]:
    """Return the scopes that some way through *policies* asks for."""
    asked = (leaf.needs for policy in policies for leaf in positive_leaves(policy))
    return frozenset[str]().union(*asked)


def least_scopes(policies: Iterable[Policy]) -> frozenset[str]:
    """Return the fewest scopes that a client can ask for to pass all *policies*.

    Of alternatives it is the one with the fewest scopes among those that have any: a client cannot
    ask for a role.
    """
    return frozenset[str]().union(*(_least(normal(policy)) for policy in policies))


def _least(part: Policy) -> frozenset[str]:
    if isinstance(part, Not):
        return frozenset()
    if not isinstance(part, AllOf | AnyOf | AtLeast):
        return part.needs
    asked = [_least(member) for member in part.members]
    if isinstance(part, AllOf):
        return frozenset[str]().union(*asked)
    named = sorted(filter(None, asked), key=lambda scopes: (len(scopes), sorted(scopes)))
    count = part.count if isinstance(part, AtLeast) else 1
    # Those without scopes may be among the ones that hold.
    return frozenset[str]().union(*named[: max(1, count - asked.count(frozenset()))])
