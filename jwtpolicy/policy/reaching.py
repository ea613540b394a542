"""Which issuers' tokens reach a leaf of closed policies: by what the parts around it accept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..issuers.resolver import IssuerResolver
from ..markers import OWN, Own
from .base import AllOf, AnyOf, AtLeast, Not, Policy
from .credentials import Anonymous, OwnTokens, TokenKind
from .issued_by import IssuedBy

#: An issuer by its URL, or all that a resolver finds; `OWN` is the application itself.
Name = str | IssuerResolver | Own
Names = frozenset[Name]

_OWN: Names = frozenset({OWN})
_NOBODY: Names = frozenset()


def leaves_reached(
    closed: Policy, everybody: Names, around: Names | None = None
) -> Iterator[tuple[Policy, Names]]:
    """Yield each leaf of a closed policy, and whose tokens its answer can matter for.

    A ``~`` before a leaf is left out: the leaf is asked about the same tokens.

    Args:
        closed: The policy, in normal form, each part of which says whose tokens it accepts.
        everybody: All issuers whose tokens are verified here.
        around: The issuers that the parts around *closed* accept; None: everybody.
    """
    left = accepted_issuers(closed, everybody)
    left = left if around is None else left & around
    if isinstance(closed, AllOf | AnyOf | AtLeast):
        for member in closed.members:
            yield from leaves_reached(member, everybody, left)
    else:
        yield (closed.member if isinstance(closed, Not) else closed), left


def accepted_issuers(closed: Policy, everybody: Names) -> Names:
    """Return the issuers whose tokens *closed* may accept; none of a request without a token."""
    if isinstance(closed, AllOf | AnyOf | AtLeast):
        each = [accepted_issuers(member, everybody) for member in closed.members]
        if isinstance(closed, AllOf):
            return everybody.intersection(*each)
        count = closed.count if isinstance(closed, AtLeast) else 1
        votes = Counter(name for names in each for name in names)
        return frozenset(name for name, number in votes.items() if number >= count)
    if isinstance(closed, Not):
        excluded = closed.member if isinstance(closed.member, IssuedBy | OwnTokens) else None
        return everybody - _named(excluded, _NOBODY)
    return everybody & _named(closed, everybody)


def _named(leaf: Policy | None, otherwise: Names) -> Names:
    """Return the issuers that a leaf names, *otherwise* of a leaf that names none."""
    if isinstance(leaf, IssuedBy):
        return leaf.others | (_OWN if leaf.accepts_own else _NOBODY)
    if isinstance(leaf, Anonymous):
        return _NOBODY
    # Tokens of other issuers are access tokens.
    is_own = isinstance(leaf, OwnTokens) or (isinstance(leaf, TokenKind) and leaf.kind != "access")
    return _OWN if is_own else otherwise
