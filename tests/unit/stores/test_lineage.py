"""A store that went back in time is noticed by whoever saw how far it had come."""

from __future__ import annotations

import pytest

from jwtpolicy.stores.lineage import NEW, PERIOD, Age, Lineage
from tests.support.clocks import StandingClock


def test_the_greatest_age_that_was_seen_is_remembered() -> None:
    """K45: of each part of a store by itself."""
    lineage = Lineage()
    for mark in (3, 5, 4):
        lineage.see(Age(100, mark))
        lineage.see(Age(100, mark * 10), "another part")

    assert lineage.seen() == Age(100, 5)
    assert lineage.seen("another part") == Age(100, 50)
    assert lineage.seen("a third") == NEW


@pytest.mark.parametrize(
    ("found", "is_older"),
    [
        pytest.param(Age(100, 5), False, id="the same"),
        pytest.param(Age(100, 6), False, id="written to"),
        pytest.param(Age(100, 4), True, id="an older copy"),
        pytest.param(Age(200, 0), False, id="one that lost everything, and began anew"),
        pytest.param(Age(50, 999), True, id="one from before it lost everything"),
    ],
)
def test_of_two_ages_the_larger_one_is_the_later(found: Age, is_older: bool) -> None:
    assert (found < Age(100, 5)) is is_older


def test_a_mark_is_advanced_once_in_a_while() -> None:
    clock = StandingClock()
    lineage = Lineage(clock)
    assert lineage.is_due()
    lineage.advanced()
    assert not lineage.is_due()
    assert lineage.is_due("another part")
    clock.advance(PERIOD)

    assert lineage.is_due()
