"""The laws of the algebra, on random trees and outcomes, the error included."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jwtpolicy import AccessRequest, AllOf, AnyOf, AtLeast, Not, Outcome, Policy
from jwtpolicy.policy.base import Implication
from jwtpolicy.policy.program import weigh_async
from jwtpolicy.testing.strategies import policies
from tests.support.strategies import Says, leaves, outcomes, with_pending

NOBODY = AccessRequest()
trees = policies(leaves())


def outcome(policy: Policy) -> Outcome:
    return policy.evaluate(NOBODY).outcome


@given(trees, trees)
def test_the_order_of_two_does_not_matter(a: Policy, b: Policy) -> None:
    assert outcome(a & b) == outcome(b & a)
    assert outcome(a | b) == outcome(b | a)


@given(trees, trees, trees)
def test_the_grouping_does_not_matter(a: Policy, b: Policy, c: Policy) -> None:
    assert outcome(AllOf(AllOf(a, b), c)) == outcome(AllOf(a, AllOf(b, c)))
    assert outcome(AnyOf(AnyOf(a, b), c)) == outcome(AnyOf(a, AnyOf(b, c)))


@given(trees, trees)
def test_repeating_and_absorbing_change_nothing(a: Policy, b: Policy) -> None:
    assert outcome(a & a) == outcome(a | a) == outcome(a)
    assert outcome(a & (a | b)) == outcome(a | (a & b)) == outcome(a)


@given(trees, trees, trees)
def test_each_operator_distributes_over_the_other(a: Policy, b: Policy, c: Policy) -> None:
    assert outcome(a & (b | c)) == outcome((a & b) | (a & c))
    assert outcome(a | (b & c)) == outcome((a | b) & (a | c))


@given(trees, trees)
def test_negation_follows_de_morgan(a: Policy, b: Policy) -> None:
    assert outcome(~(a & b)) == outcome(~a | ~b)
    assert outcome(~(a | b)) == outcome(~a & ~b)


@given(trees)
def test_negating_twice_changes_nothing(a: Policy) -> None:
    assert outcome(Not(Not(a))) == outcome(~~a) == outcome(a)


@given(trees, trees)
def test_when_means_not_or(a: Policy, b: Policy) -> None:
    assert outcome(Implication(a, b)) == outcome(~a | b)


@given(st.lists(trees, min_size=1, max_size=4))
def test_at_least_all_and_at_least_one_are_the_combinators(members: list[Policy]) -> None:
    assert outcome(AtLeast(len(members), *members)) == outcome(AllOf(*members))
    assert outcome(AtLeast(1, *members)) == outcome(AnyOf(*members))


def truth(found: Outcome) -> float:
    """Map an outcome to Kleene's strong logic: 1, ½ or 0."""
    return 1.0 if found is Outcome.ALLOW else 0.0 if found.is_denied else 0.5


def kleene(policy: Policy) -> float:
    """Evaluate a tree in Kleene's strong logic."""
    if isinstance(policy, Says):
        return truth(policy.outcome)
    if isinstance(policy, Not):
        return 1 - kleene(policy.member)
    values = sorted(map(kleene, policy.members), reverse=True)  # type: ignore[attr-defined]
    if isinstance(policy, AllOf):
        return values[-1]
    return values[0] if isinstance(policy, AnyOf) else values[policy.count - 1]  # type: ignore[attr-defined]


@given(policies(leaves(with_pending)))
def test_the_algebra_is_kleenes(policy: Policy) -> None:
    assert truth(outcome(policy)) == kleene(policy)


def replaced(policy: Policy, change: Any) -> Policy:
    """Return the tree with *change* applied to every leaf."""
    if isinstance(policy, Says):
        return Says(change(policy), policy.name)
    if isinstance(policy, Not):
        return Not(replaced(policy.member, change))
    members = [replaced(member, change) for member in policy.members]  # type: ignore[attr-defined]
    if isinstance(policy, AtLeast):
        return AtLeast(policy.count, *members)
    return AllOf(*members) if isinstance(policy, AllOf) else AnyOf(*members)


@given(trees, outcomes)
def test_an_allow_never_depends_on_what_could_not_be_told(policy: Policy, other: Outcome) -> None:
    def change(leaf: Says) -> Outcome:
        return leaf.outcome if leaf.outcome.is_determined else other

    if outcome(policy) is Outcome.ALLOW:
        assert outcome(replaced(policy, change)) is Outcome.ALLOW


@given(policies(leaves(with_pending)), st.dictionaries(st.integers(0, 3), outcomes))
def test_a_refusal_before_the_resource_is_loaded_is_never_reversed(
    policy: Policy, loaded: dict[int, Outcome]
) -> None:
    def change(leaf: Says) -> Outcome:
        is_pending = leaf.outcome is Outcome.PENDING
        return loaded.get(leaf.name, Outcome.ALLOW) if is_pending else leaf.outcome

    if outcome(policy) > Outcome.PENDING:
        assert outcome(replaced(policy, change)) > Outcome.PENDING


@given(policies(leaves(with_pending)))
def test_weighing_composing_and_awaiting_agree(policy: Policy) -> None:
    program = policy.program
    run, awaiting = program.run(NOBODY), program.run(NOBODY, awaits=True)

    weighed = program.root.weigh(run)

    assert weighed == program.root.compose(run).outcome
    assert weighed == asyncio.run(weigh_async(program.root, awaiting))


@given(trees)
def test_a_decision_is_as_hard_as_its_leaves_say(policy: Policy) -> None:
    decision = policy.evaluate(NOBODY)

    assert bool(decision) == (decision.outcome is Outcome.ALLOW)
    assert decision.explain().startswith(decision.outcome.name)


@given(trees)
def test_a_policy_equals_what_its_source_makes(policy: Policy) -> None:
    names = {"Says": Says, "AtLeast": AtLeast, "AllOf": AllOf, "AnyOf": AnyOf, "Not": Not}
    from jwtpolicy import When

    source = repr(policy)
    for found in Outcome:
        source = source.replace(f"<Outcome.{found.name}: {found.value}>", f"Outcome.{found.name}")
    again = eval(source, {**names, "Outcome": Outcome, "When": When})

    assert repr(again) == repr(policy)
    assert outcome(again) == outcome(policy)
