"""The policies that the kit draws."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from jwtpolicy import Access, AccessRequest, AllOf, AnyOf, AtLeast, HasRole, Not, Outcome, Policy
from jwtpolicy.policy.closing import leaves as leaves_of
from jwtpolicy.testing.strategies import leaves, policies

ENDS = [Access(), HasRole("admin")]


@pytest.mark.parametrize("combinator", [AllOf, AnyOf, AtLeast, Not])
def test_every_combinator_is_drawn(combinator: type[Policy]) -> None:
    drawn = find(policies(), lambda found: isinstance(found, combinator))

    assert isinstance(drawn, combinator)


@given(policies())
def test_what_is_drawn_can_be_judged(drawn: Policy) -> None:
    assert drawn.evaluate(AccessRequest()).outcome in Outcome


@pytest.mark.parametrize("given_leaves", [ENDS, tuple(ENDS), st.sampled_from(ENDS)], ids=repr)
def test_trees_are_of_the_leaves_that_are_given(given_leaves: Any) -> None:
    @given(policies(given_leaves, max_leaves=4))
    def is_of_them(drawn: Policy) -> None:
        found = list(leaves_of(drawn))
        assert all(leaf in ENDS for leaf in found)
        assert len(found) <= 4

    is_of_them()


@pytest.mark.parametrize("wrong", [Access(), "admin", 3], ids=repr)
def test_leaves_are_a_list_or_a_strategy(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"policies\(\) takes policies, such as \["):
        policies(wrong)


def test_leaves_are_of_many_classes() -> None:
    names = set[str]()

    @given(leaves())
    def collect(leaf: Policy) -> None:
        names.add(type(leaf).__name__)

    collect()
    assert {"Fresh", "HasScope", "Anonymous", "NotRevoked"} <= names
