"""Facts that the leaves of a policy depend on, and which of them can be true together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final

from ..policy.base import Policy
from ..policy.claim_policies import ClaimsMatch, HasRole, HasScope
from ..policy.freshness import Fresh
from ..policy.matchers import Matcher, literal, one_of
from ..policy.resource import ResourceMatch

#: Values of which two are the same only if they are equal and of one type.
_SCALARS: Final = (str, int, float, bool)


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement about a token, a user or a resource that is true or false.

    Attributes:
        name: Its subject, such as a role; facts of different names are independent.
    """

    name: Hashable


@dataclass(frozen=True, slots=True)
class IsOneOf(Fact):
    """The fact that a claim, or an attribute of the resource, has one of these values.

    Attributes:
        values: The types and values.
    """

    values: frozenset[tuple[type, object]]


@dataclass(frozen=True, slots=True)
class IsWithin(Fact):
    """The fact that an event, such as the authentication, is at most so many seconds old.

    Attributes:
        seconds: The greatest age, in seconds.
    """

    seconds: float


def facts_of(leaf: Policy) -> frozenset[Fact]:
    """Return the facts that have to be true for *leaf* to allow, all of them."""
    if isinstance(leaf, HasRole):
        return frozenset(Fact(("role", role)) for role in leaf.roles)
    if isinstance(leaf, HasScope):
        return frozenset(Fact(("scope", scope)) for scope in leaf.scopes)
    if isinstance(leaf, ClaimsMatch | ResourceMatch):
        about = "claim" if isinstance(leaf, ClaimsMatch) else "resource"
        return frozenset(_matched((about, path), matcher) for path, matcher in leaf.matchers)
    return _of_freshness(leaf) if isinstance(leaf, Fresh) else frozenset({Fact(leaf.identity)})


def agree(truth: Mapping[Fact, bool]) -> bool:
    """Whether the facts can have these truth values at the same time."""
    names = {fact.name for fact in truth}
    return all(_agree({f: is_so for f, is_so in truth.items() if f.name == n}) for n in names)


def _agree(truth: Mapping[Fact, bool]) -> bool:
    """Whether facts of one name can have these truth values at the same time."""
    values = [(fact.values, is_so) for fact, is_so in truth.items() if isinstance(fact, IsOneOf)]
    if any(is_so for _, is_so in values):
        possible = frozenset.intersection(*(some for some, is_so in values if is_so))
        return bool(possible.difference(*(some for some, is_so in values if not is_so)))
    times = [(fact.seconds, is_so) for fact, is_so in truth.items() if isinstance(fact, IsWithin)]
    youngest = min((seconds for seconds, is_so in times if is_so), default=float("inf"))
    return all(is_so or seconds < youngest for seconds, is_so in times)


def _matched(name: tuple[str, str], matcher: Matcher) -> Fact:
    values = matcher.arguments
    if not isinstance(matcher, literal | one_of) or not all(type(v) in _SCALARS for v in values):
        return Fact((*name, matcher.identity))
    if name == ("claim", "sub"):
        values = tuple(str(value) if type(value) is int else value for value in values)
    return IsOneOf(name, frozenset((type(value), value) for value in values))


def _of_freshness(leaf: Fresh) -> frozenset[Fact]:
    if leaf.within is None and leaf.acr is None:
        return frozenset({Fact("fresh")})
    facts: set[Fact] = set()
    if leaf.within is not None:
        facts.add(IsWithin("auth_time", leaf.within))
    if leaf.acr is not None:
        facts.add(IsOneOf(("claim", "acr"), frozenset({(str, leaf.acr)})))
    return frozenset(facts)
