"""Fit the baseline to the kind of token that it meets."""

from __future__ import annotations

from .base import AllOf, AnyOf, AtLeast, Not, Policy, combined
from .claim_policies import Attribute
from .closing import normal


def for_kind(baseline: Policy | None, kind: str) -> Policy | None:
    """Return what of *baseline* a token of *kind* has to pass.

    Tokens of other kinds than access carry no attributes of their bearer, so attribute leaves
    are left out for them, with their negations.
    """
    if baseline is None or kind == "access":
        return baseline
    return _without_attributes(normal(baseline))


def _without_attributes(part: Policy) -> Policy | None:
    if isinstance(part, AllOf | AnyOf | AtLeast):
        kept = [left for m in part.members if (left := _without_attributes(m)) is not None]
        return _regrouped(part, kept) if kept else None
    leaf = part.member if isinstance(part, Not) else part
    return None if isinstance(leaf, Attribute) else part


def _regrouped(part: AllOf | AnyOf | AtLeast, kept: list[Policy]) -> Policy:
    if isinstance(part, AtLeast):
        return combined(AtLeast, kept, min(part.count, len(kept)))
    return combined(AllOf if isinstance(part, AllOf) else AnyOf, kept)
