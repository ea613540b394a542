"""The scopes that policies ask for, before there is a request."""

from __future__ import annotations

import pytest
from hypothesis import given

from jwtpolicy import Access, AccessRequest, AtLeast, HasRole, HasScope, Outcome, Policy, When
from jwtpolicy.policy.asked_scopes import all_scopes, least_scopes
from jwtpolicy.testing.strategies import policies
from tests.support.strategies import token

A, B, C = HasScope("a"), HasScope("b"), HasScope("c", "d")
ADMIN = HasRole("admin")


@pytest.mark.parametrize(
    ("policy", "least", "all_"),
    [
        (A, "a", "a"),
        (A & C, "acd", "acd"),
        (A | C, "a", "acd"),
        (C | ADMIN, "cd", "cd"),
        (~A, "", ""),
        (~(A & B), "", ""),
        (~~A & B, "ab", "ab"),
        (When(ADMIN).then(A), "a", "a"),
        (When(A).then(B), "b", "b"),
        (AtLeast(2, A, B, C), "ab", "abcd"),
        (AtLeast(2, A, B, ADMIN), "a", "ab"),
        (AtLeast(1, ADMIN, Access()), "", ""),
    ],
    ids=repr,
)
def test_a_client_is_told_the_fewest_scopes_and_the_document_all(
    policy: Policy, least: str, all_: str
) -> None:
    assert least_scopes([policy]) == set(least)
    assert all_scopes([policy]) == set(all_)


def test_several_levels_ask_for_what_each_of_them_asks_for() -> None:
    assert least_scopes([A | C, B]) == {"a", "b"}
    assert all_scopes([A | C, B]) == {"a", "b", "c", "d"}


@given(policies([A, B, C]))
def test_a_token_with_these_scopes_passes_if_no_scope_is_forbidden(policy: Policy) -> None:
    least = least_scopes([policy])
    access = AccessRequest(token=token(scope=" ".join(sorted(least))))

    assert least <= all_scopes([policy])
    if "~" not in repr(policy) and "When" not in repr(policy):
        assert policy.evaluate(access).outcome is Outcome.ALLOW
