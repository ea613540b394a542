"""Draw policies: trees of every combinator over leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...exceptions import expect_several
from ...policy import (
    Access,
    AllOf,
    Anonymous,
    AnyOf,
    AtLeast,
    ClaimsMatch,
    Fresh,
    HasRole,
    HasScope,
    KnownUser,
    Not,
    NotRevoked,
    OptionalToken,
    Policy,
    Refresh,
    SingleUse,
    TokenKind,
    When,
)

#: Few, so that equal ones meet, and those that are about the same claim.
_LEAVES: Final[Sequence[Policy]] = (
    Access(),
    Refresh(),
    TokenKind("reset"),
    Anonymous(),
    Anonymous(ignore_invalid=True),
    OptionalToken(ignore_invalid=True),
    Fresh(),
    Fresh(within=300),
    Fresh(within=60, acr="gold"),
    HasRole("admin"),
    HasRole("admin", "author"),
    HasScope("read"),
    HasScope("read", "write"),
    ClaimsMatch(team="blue"),
    NotRevoked(),
    KnownUser(),
    SingleUse(),
)


def leaves() -> SearchStrategy[Policy]:
    """Draw policies of the library that judge a token without an endpoint and its resource.

    Left out are `IsSubject`, `Owns` and `ResourceMatch`, which need a view argument or a loaded
    object, and `Public`, which cannot be combined.
    """
    return st.sampled_from(_LEAVES)


def policies(
    leaf: SearchStrategy[Policy] | Sequence[Policy] | None = None, *, max_leaves: int = 8
) -> SearchStrategy[Policy]:
    """Draw trees of ``&``, ``|``, ``~``, `AllOf`, `AnyOf`, `AtLeast` and `When` over leaves.

    Any of them can be evaluated, but not all can guard a view: ``@protect`` refuses those that no
    request could pass, such as ``Access() & Refresh()``.

    Args:
        leaf: The leaves of a tree: policies, or a strategy for them. If None, `leaves`.
        max_leaves: How many leaves a tree has at most.

    Raises:
        TypeError: *leaf* is neither a strategy nor a list of policies.
    """
    return st.recursive(_ends(leaf), _combined, max_leaves=max_leaves)


def _ends(leaf: SearchStrategy[Policy] | Sequence[Policy] | None) -> SearchStrategy[Policy]:
    if leaf is None:
        return leaves()
    if isinstance(leaf, SearchStrategy):
        return leaf
    how = "policies() takes policies, such as [HasRole('admin')], or a strategy for them"
    expect_several(leaf, how)
    return st.sampled_from(leaf)


def _combined(inner: SearchStrategy[Policy]) -> SearchStrategy[Policy]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda one, other: one & other, inner, inner),
        st.builds(lambda one, other: one | other, inner, inner),
        st.builds(Not, inner),
        several.map(lambda members: AllOf(*members)),
        several.map(lambda members: AnyOf(*members)),
        st.builds(_at_least, several, st.integers(0, 2)),
        st.builds(lambda condition, then: When(condition).then(then), inner, inner),
    )


def _at_least(members: list[Policy], number: int) -> Policy:
    return AtLeast(number % len(members) + 1, *members)
