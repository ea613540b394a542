"""What closing promises, on random levels and tokens."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jwtpolicy import AccessRequest, Anonymous, ClaimsMatch, KnownUser, Outcome, Policy
from jwtpolicy.exceptions import InvalidTokenError
from jwtpolicy.policy.base import AllOf, AnyOf, AtLeast, Not
from jwtpolicy.policy.closing import close, demands, normal
from jwtpolicy.testing.strategies import policies
from tests.support.strategies import requests, token

levels = policies()


def admits(policy: Policy, access: AccessRequest) -> bool:
    return policy.evaluate(access).outcome is Outcome.ALLOW


@given(levels, levels, requests)
def test_two_levels_admit_nothing_that_one_refuses(a: Policy, b: Policy, access: Any) -> None:
    both = admits(close([a, b]).policy, access)

    assert both == (admits(close([a]).policy, access) and admits(close([b]).policy, access))


@given(levels, requests)
def test_closing_only_narrows(level: Policy, access: Any) -> None:
    if admits(close([level]).policy, access):
        assert admits(level, access)


def has_positive_anonymous(part: Policy) -> bool:
    if isinstance(part, AllOf | AnyOf | AtLeast):
        return any(map(has_positive_anonymous, part.members))
    return isinstance(part, Anonymous)


@given(levels)
def test_nobody_without_a_token_gets_in_without_a_positive_anonymous(level: Policy) -> None:
    if not has_positive_anonymous(normal(level)):
        assert not admits(close([level]).policy, AccessRequest())
        assert not close([level]).is_open


@given(levels, requests)
def test_a_token_gets_in_only_where_its_kind_is_accepted(level: Policy, access: Any) -> None:
    closed = close([level])

    if access.token is not None and admits(closed.policy, access):
        assert access.token.kind in closed.kinds
    if access.token is None and admits(closed.policy, access):
        assert closed.is_open


@given(levels, requests)
def test_a_foreign_token_never_gets_in(level: Policy, access: Any) -> None:
    if access.token is not None and not access.token.is_own:
        assert not admits(close([level]).policy, access)


@given(levels)
def test_the_normal_form_means_the_same(level: Policy) -> None:
    for found in (None, token(), token("refresh", fresh=True, roles=["admin"], scope="read")):
        access = AccessRequest(token=found)
        assert normal(level).evaluate(access).outcome == level.evaluate(access).outcome


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(-3, 3), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=2), inner)
    ),
    max_leaves=4,
)


@given(JSON.filter(lambda value: value is not None), JSON)
def test_a_claim_of_another_type_passes_neither_a_match_nor_its_negation(
    wanted: Any, found: Any
) -> None:
    """CLAIM-9."""
    access = AccessRequest(token=token(x=found))
    match = ClaimsMatch(x=wanted)

    answers = {admits(match, access), admits(Not(match), access)}
    assert answers == ({True, False} if type(found) is type(wanted) else {False})


def muted(part: Policy, is_negated: bool = False) -> Policy:
    """Return *part* without the ``ignore_invalid`` of leaves that stand behind a ``~``."""
    if isinstance(part, Not):
        return Not(muted(part.member, not is_negated))
    if isinstance(part, AtLeast):
        return AtLeast(part.count, *(muted(member, is_negated) for member in part.members))
    if isinstance(part, AllOf | AnyOf):
        kind = AllOf if isinstance(part, AllOf) else AnyOf
        return kind(*(muted(member, is_negated) for member in part.members))
    return Anonymous() if is_negated and isinstance(part, Anonymous) else part


@given(levels)
def test_only_a_leaf_that_lets_in_overlooks_a_token(level: Policy) -> None:
    """K26: ``~Anonymous(ignore_invalid=True)`` overlooks nothing."""
    closed, other = close([level]), close([muted(level)])

    assert closed.ignores_invalid == other.ignores_invalid
    assert (closed.kinds, closed.is_open) == (other.kinds, other.is_open)


@given(levels)
def test_an_invalid_token_passes_only_where_it_is_overlooked(level: Policy) -> None:
    closed = close([level])

    if admits(closed.policy, AccessRequest(credential_error=InvalidTokenError())):
        assert closed.ignores_invalid


known_or_not = policies([Anonymous(), KnownUser(), ClaimsMatch(team="blue")])


@given(known_or_not)
def test_nobody_passes_whom_a_leaf_that_is_demanded_refuses(level: Policy) -> None:
    """Without an application to ask `KnownUser` allows nobody."""
    callers = [
        AccessRequest(),
        *(AccessRequest(token=token(team=name)) for name in ("blue", "red")),
    ]

    if demands(level, KnownUser):
        assert not any(admits(level, caller) for caller in callers)
