"""How answers are merged: what would cure the refusal."""

from __future__ import annotations

from typing import Any

import pytest

from jwtpolicy import AccessRequest, AllOf, AtLeast, Fresh, HasRole, HasScope, Outcome, policy
from jwtpolicy.decision import NO_CURE
from jwtpolicy.exceptions import PolicyError, StoreUnavailableError
from jwtpolicy.policy.baseline import for_kind
from tests.support.strategies import token


def decided(rule: Any, **claims: Any) -> Any:
    return rule.evaluate(AccessRequest(token=token(**{"roles": [], **claims})))


@policy
def wait(access: Any, seconds: Any) -> Any:
    return access.deny("slow down", Outcome.RATE_LIMITED, retry_after=seconds)


@policy
def narrow(access: Any) -> Any:
    return Outcome.INSUFFICIENT_SCOPE


@policy
def down(access: Any) -> Any:
    raise StoreUnavailableError


@policy
def broken(access: Any) -> Any:
    raise ZeroDivisionError


PARAMETERS = [
    pytest.param(Fresh(within=60) & Fresh(within=30), {"max_age": 30}, id="and: the smallest age"),
    pytest.param(Fresh(within=60) | Fresh(within=30), {"max_age": 60}, id="or: the largest age"),
    pytest.param(
        Fresh(acr="gold") & Fresh(acr="silver"), {"acr_values": "gold silver"}, id="and: classes"
    ),
    pytest.param(
        Fresh(within=9, acr="gold") | Fresh(within=9), {"max_age": 9}, id="or: asks for less"
    ),
    pytest.param(wait(5) & wait(9), {"retry_after": 9}, id="and: the longest wait"),
    pytest.param(wait(5) | wait(9), {"retry_after": 5}, id="or: the shortest wait"),
    pytest.param(wait(1.5), {"retry_after": 2}, id="whole seconds"),
    pytest.param(HasScope("b") & HasScope("c"), {"scope": "b c"}, id="and: both scopes"),
    pytest.param(HasScope("a") & HasScope("b"), {"scope": "a b"}, id="and: the held one too"),
    pytest.param(HasScope("b", "c") | HasScope("d"), {"scope": "d"}, id="or: fewer scopes"),
    pytest.param(
        (HasScope("b") & HasScope("c")) | HasScope("d", "e", "f"), {"scope": "b c"}, id="nested"
    ),
    pytest.param(
        HasScope("b") & (HasScope("a") | HasScope("z")), {"scope": "a b"}, id="what was chosen"
    ),
    pytest.param(HasScope("b") & ~HasScope("z"), {"scope": "b"}, id="a negated one asks nothing"),
    pytest.param(
        AtLeast(2, HasScope("b"), HasScope("c"), HasScope("d", "e")), {"scope": "b c"}, id="two of"
    ),
    pytest.param(HasScope("b"), {"scope": "b"}, id="a leaf alone"),
    pytest.param(narrow & HasScope("a"), {"scope": "a"}, id="a function's, beside a scope"),
    pytest.param(narrow & HasRole("r"), {}, id="a function's alone"),
    pytest.param(HasScope("b") & HasRole("x"), {}, id="a role cannot be asked for"),
]


@pytest.mark.parametrize(("rule", "parameters"), PARAMETERS)
def test_a_refusal_asks_for(rule: Any, parameters: Any) -> None:
    assert decided(rule, scope="a", roles=["r"]).parameters == parameters


def test_the_order_does_not_change_what_is_asked_for() -> None:
    rules = [HasScope("b"), HasScope("c", "d"), Fresh(within=5)]

    assert decided(rules[0] | rules[1]).parameters == decided(rules[1] | rules[0]).parameters


def test_what_is_admitted_shares_one_empty_cure() -> None:
    decision = decided(HasScope("a") & ~HasRole("x"), scope="a")

    assert all(part.cure is NO_CURE for part in (decision, *decision.children))


def test_a_broken_predicate_outweighs_an_outage_in_an_and() -> None:
    assert isinstance(decided(down & broken).error, PolicyError)
    assert isinstance(decided(broken & down).error, PolicyError)


def test_an_or_lists_its_alternatives_easiest_first() -> None:
    decision = decided(HasRole("x") | Fresh(within=5))

    assert [found.outcome.name for found in decision.alternatives] == ["STEP_UP", "FORBIDDEN"]
    assert decision.reason == "auth_time is absent, so no login is known"


def test_what_held_is_named_where_its_negation_refuses() -> None:
    assert decided(~HasRole("x"), roles=["x"]).reason == "HasRole('x') holds"


def test_a_decision_prints_as_a_tree() -> None:
    decision = decided(AllOf(HasScope("a"), ~HasScope("a")), scope="a")

    assert str(decision).splitlines() == [
        "FORBIDDEN: HasScope('a') & ~HasScope('a')",
        "  ALLOW: HasScope('a')",
        "> FORBIDDEN: ~HasScope('a')  (HasScope('a') holds)",
    ]


def test_the_baseline_of_other_kinds_leaves_attributes_out() -> None:
    from jwtpolicy import Access, KnownUser, NotRevoked

    baseline = NotRevoked() & (HasRole("a") | KnownUser()) & ~HasScope("x")
    chosen = AtLeast(2, NotRevoked(), HasRole("a"), HasScope("b"))

    assert for_kind(None, "refresh") is None
    assert for_kind(baseline, "access") is baseline
    assert repr(for_kind(baseline, "refresh")) == "NotRevoked() & AnyOf(KnownUser())"
    assert repr(for_kind(chosen, "refresh")) == "AtLeast(1, NotRevoked())"
    assert for_kind(HasRole("a") & HasScope("b"), "refresh") is None
    assert for_kind(Access(), "refresh") == Access()


def test_a_leaf_that_holds_for_a_kind_is_not_asked() -> None:
    from jwtpolicy import Access
    from jwtpolicy.guards.plan import program_of

    program = program_of(Access() | HasRole("x"), None, {Access().identity})
    run = program.run(AccessRequest())

    assert program.root.weigh(run) == Outcome.ALLOW
    assert run.findings == [None]
    other = program_of(Access() | HasRole("x"), None)
    assert other.root.weigh(other.run(AccessRequest())) == Outcome.NO_TOKEN
