"""Policies about the endpoint's resource: its attributes and its owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..decision import ALLOWED, Finding, Outcome
from ..exceptions import PolicyError
from ..markers import NOT_GIVEN, NotGiven
from .attributes import attribute_at
from .base import without_token
from .claim_policies import (
    Matching,
    Mismatch,
    checked_name,
    checked_type,
    missing,
    named_matchers,
    nobodys,
)
from .comparing import Unknown
from .matchers import Matcher, owner_of
from .request import NOT_LOADED, AccessRequest


class ResourceMatch(Matching):
    """Attributes of the resource have these values: ``ResourceMatch(owner_id=claim("sub"))``.

    If the resource is None, the outcome is ``NOT_FOUND``. If it lacks an attribute, the outcome is
    ``MISSING_CLAIM``. The guard loads the resource before it decides; ``PENDING`` means that the
    resource is not loaded yet.

    Args:
        attributes: The names of attributes, or dotted paths (of a mapping: its keys), each with
            what it has to be, as for `ClaimsMatch`.
        names: The same for names that are identifiers.

    Example:
        >>> rule = ResourceMatch(state="open")
        >>> print(jwt.explain(rule, jwt.issue("ada"), resource={"state": "open"}).outcome)
        ALLOW
    """

    worst = Outcome.NOT_FOUND

    def __init__(
        self, attributes: Mapping[str, Any] | NotGiven = NOT_GIVEN, /, **names: Any
    ) -> None:
        self.matchers = named_matchers(type(self).__name__, attributes, names)

    def judge(self, access: AccessRequest) -> Finding:
        if access.token is None:
            return without_token(access)
        if not access.has_resource:
            return self._unloaded(access)
        if access.resource is None:
            return Finding(Outcome.NOT_FOUND, "there is no such resource")
        return self.matched(access)

    def is_ready(self, access: AccessRequest) -> bool:
        return access.has_resource and access.resource is not None

    def _unloaded(self, access: AccessRequest) -> Finding:
        if access._resource is NOT_LOADED:
            return Finding(Outcome.PENDING, "waits for the resource")
        reason = f"{self!r} needs a resource: define load_resource or pass resource="
        return Finding(Outcome.ERROR, reason, error=PolicyError(reason))

    def compared(self, path: str, matcher: Matcher, access: AccessRequest) -> Finding:
        try:
            matches = matcher.matches(attribute_at(access.resource, path), access, False)
        except Unknown as why:
            return missing(f"the resource's {path!r}: {why}")
        if matches:
            return ALLOWED
        return Finding(Outcome.FORBIDDEN, Mismatch("the resource's", path, matcher))


class Owns(ResourceMatch):
    """The resource belongs to the token's subject.

    The resource is loaded only if everything else allows. So ``Owns("owner") & Fresh(within=300)``
    asks for the password first, even if the resource belongs to somebody else or does not exist.

    Args:
        name: The attribute, or dotted path, that holds the owner's id.
        of: The type of users that the attribute is about, as for `IsSubject`. If None, it is the
            type without a prefix. If the attribute holds subjects with the prefix, as in tokens,
            write ``ResourceMatch(name=claim("sub"))``.

    Example:
        >>> print(jwt.explain(Owns("owner"), jwt.issue("ada"), resource={"owner": "bob"}).outcome)
        FORBIDDEN
    """

    def __init__(self, name: str, *, of: type | None = None) -> None:
        self.of = checked_type("Owns", of)
        super().__init__({checked_name("Owns", name): owner_of(of)})

    def judge(self, access: AccessRequest) -> Finding:
        return nobodys(access, self.of) or super().judge(access)
