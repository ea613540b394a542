"""Cures unite in any order and grouping, as the dictionaries did that they replace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jwtpolicy import AccessRequest, AllOf, AnyOf, AtLeast, Decision, Outcome, Policy
from jwtpolicy.decision import NO_CURE, Cure, Finding
from jwtpolicy.guards.challenges import refusal

seconds = st.none() | st.integers(0, 3)
words = st.lists(st.sampled_from("abc"), min_size=1, unique=True).map(" ".join)
ordered = st.lists(st.sampled_from("abc"), min_size=1, unique=True).map(sorted).map(" ".join)
cures = st.builds(Cure, seconds, st.none() | words, st.none() | ordered, seconds)
#: What policies say: a scope that is missing is known by what the policy needs.
said = st.builds(Cure, seconds, st.none() | words, st.none(), seconds)
refusals = st.sampled_from([Outcome.STEP_UP, Outcome.INSUFFICIENT_SCOPE, Outcome.RATE_LIMITED])


class Asks(Policy):
    """A leaf that always refuses, and asks for the same."""

    needs_token = False

    def __init__(self, outcome: Outcome, cure: Cure, *scopes: str) -> None:
        self.outcome = outcome
        self.cure = cure
        self.scopes = scopes

    @property
    def needs(self) -> frozenset[str]:
        return frozenset(self.scopes)

    def judge(self, access: AccessRequest) -> Finding:
        return Finding(self.outcome, cure=self.cure)


leaves = st.builds(
    lambda outcome, cure, scopes: Asks(outcome, cure, *scopes),
    refusals,
    said,
    st.lists(st.sampled_from("abc"), max_size=2),
)
trees = st.recursive(
    leaves,
    lambda inner: st.builds(
        lambda combine, members: combine(*members),
        st.sampled_from([AllOf, AnyOf, lambda *members: AtLeast(len(members) // 2 + 1, *members)]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


def parameters_of(decision: Decision) -> dict[str, str | int]:
    """Return the parameters, as dictionaries gave them before there were cures."""
    policy = decision.policy
    if isinstance(policy, Asks):
        return leaf_parameters(policy)
    chosen = list(decision.children)
    if isinstance(policy, AnyOf):
        chosen = [min(chosen, key=easiest)]
    elif isinstance(policy, AtLeast):
        chosen = sorted(chosen, key=easiest)[: policy.count]
    hardest = [child for child in chosen if child.outcome is decision.outcome]
    return united(decision.outcome, hardest, decision.needs)


def leaf_parameters(leaf: Asks) -> dict[str, str | int]:
    parameters: dict[str, str | int] = {}
    if leaf.cure.max_age is not None:
        parameters["max_age"] = leaf.cure.max_age
    if leaf.cure.acr is not None:
        parameters["acr_values"] = leaf.cure.acr
    if leaf.cure.retry_after is not None:
        parameters["retry_after"] = leaf.cure.retry_after
    if leaf.outcome is Outcome.INSUFFICIENT_SCOPE and leaf.needs:
        parameters["scope"] = " ".join(sorted(leaf.needs))
    return parameters


def easiest(decision: Decision) -> tuple[int, int, int, str]:
    wants = decision.parameters
    amount = int(wants.get("retry_after", 0)) - int(wants.get("max_age", 0))
    kinds = len(decision.needs) + ("acr_values" in wants)
    return (int(decision.outcome), kinds, amount, repr(decision.policy))


def united(
    outcome: Outcome, hardest: Sequence[Decision], needs: frozenset[str]
) -> dict[str, str | int]:
    united: dict[str, str | int] = {}
    wants = [child.parameters for child in hardest]
    if ages := [int(want["max_age"]) for want in wants if "max_age" in want]:
        united["max_age"] = min(ages)
    if waits := [int(want["retry_after"]) for want in wants if "retry_after" in want]:
        united["retry_after"] = max(waits)
    if classes := [str(want["acr_values"]) for want in wants if "acr_values" in want]:
        united["acr_values"] = " ".join(dict.fromkeys(" ".join(classes).split(" ")))
    if outcome is Outcome.INSUFFICIENT_SCOPE and needs:
        united["scope"] = " ".join(sorted(needs))
    return united


def parts_of(decision: Decision) -> Iterator[Decision]:
    yield decision
    for child in decision.children:
        yield from parts_of(child)


@given(trees)
def test_a_tree_asks_for_what_it_asked_for_as_dictionaries(tree: Policy) -> None:
    for part in parts_of(tree.evaluate(AccessRequest())):
        assert part.parameters == parameters_of(part)


@given(refusals, cures)
def test_a_challenge_repeats_what_its_outcome_is_about(outcome: Outcome, cure: Cure) -> None:
    names = {
        Outcome.STEP_UP: ("max_age", "acr_values"),
        Outcome.INSUFFICIENT_SCOPE: ("scope",),
    }.get(outcome, ())
    asked = cure.parameters

    error: Any = refusal(Decision(outcome, "", cure=cure))

    assert [*error.parameters.items()] == [(n, str(asked[n])) for n in names if n in asked]
    assert error.retry_after == cure.retry_after


@given(cures, cures, cures)
def test_cures_unite_in_any_grouping(one: Cure, two: Cure, three: Cure) -> None:
    at_once = one.united([two, three])

    assert one.united([two]).united([three]) == at_once
    assert one.united([two.united([three])]) == at_once


@given(cures, cures)
def test_the_order_counts_for_that_of_the_classes_alone(one: Cure, other: Cure) -> None:
    there, back = one.united([other]), other.united([one])

    assert there._replace(acr=None) == back._replace(acr=None)
    assert {*(there.acr or "").split()} == {*(back.acr or "").split()}


@given(cures)
def test_a_cure_united_with_itself_or_with_none_is_the_same(cure: Cure) -> None:
    assert cure.united([cure]) == cure.united([NO_CURE]) == NO_CURE.united([cure]) == cure


@given(cures)
def test_an_empty_cure_has_no_parameters(cure: Cure) -> None:
    assert cure.is_empty == (cure.parameters == {})
