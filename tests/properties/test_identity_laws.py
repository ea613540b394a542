"""Equal policies give equal findings, whatever the token says."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from marshmallow import validate

import jwtpolicy
from jwtpolicy import AccessRequest, ClaimsMatch, Fresh, HasRole, Policy, contains, one_of, policy
from jwtpolicy.policy.request import PolicySettings
from tests.support.strategies import NOW, token


class StartsWith(validate.Validator):
    """Keeps its argument under another name than the one that it was given by."""

    def __init__(self, text: str) -> None:
        self.prefix = text

    def __call__(self, value: Any) -> Any:
        return str(value).startswith(self.prefix)


class Above(Policy):
    def __init__(self, limit: Any) -> None:
        self.bound = limit

    def decide(self, access: Any) -> Any:
        return repr(access.token.claims["x"]) > repr(self.bound)


@policy
def is_exactly(access: Any, value: Any) -> bool:
    return repr(access.token.claims["x"]) == repr(value)


#: Python takes some for equal, gives some the same hash, and prints some alike.
ATOMS = [True, False, 0, 1, -1, -2, 2**61, 1.0, 0.0, -0.0, float("nan"), "", "1", "a", b"a"]
atoms = st.sampled_from(ATOMS)
values = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.lists(inner, max_size=2).map(tuple),
        st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    ),
    max_leaves=4,
)
bounds = st.sampled_from([None, 0, 0.0, 1, 1.0, 10, Decimal(1)])
choices = st.lists(values, min_size=1, max_size=2)
VALIDATORS = {
    "Range": st.builds(
        validate.Range, bounds, bounds, min_inclusive=st.booleans(), max_inclusive=st.booleans()
    ),
    "Equal": st.builds(validate.Equal, values),
    "OneOf": st.builds(validate.OneOf, choices),
    "NoneOf": st.builds(validate.NoneOf, choices),
    "ContainsOnly": st.builds(validate.ContainsOnly, choices),
    "ContainsNoneOf": st.builds(validate.ContainsNoneOf, choices),
    "Length": st.builds(validate.Length, st.sampled_from([None, 0, 1]), st.sampled_from([None, 1])),
    "Regexp": st.builds(validate.Regexp, st.sampled_from(["a", "A"]), st.sampled_from([0, re.I])),
    "StartsWith": st.builds(StartsWith, st.sampled_from(["", "1"])),
}
parts = st.one_of(*VALIDATORS.values())
MATCHERS = {
    **VALIDATORS,
    "And": st.builds(validate.And, parts, parts),
    "contains": st.builds(contains, values),
    "one_of": st.lists(values, min_size=1, max_size=2).map(lambda some: one_of(*some)),
    "literal": values,
}
LEAVES = {
    **{name: st.builds(lambda m: ClaimsMatch(x=m), made) for name, made in MATCHERS.items()},
    "two claims": st.one_of(
        st.builds(lambda a, b: ClaimsMatch({"x": a, "y": b}), atoms, atoms),
        st.builds(lambda a, b: ClaimsMatch({"y": b, "x": a}), atoms, atoms),
    ),
    "Fresh": st.builds(lambda within: Fresh(within=within), st.sampled_from([1, 1.0, 300, 0.5])),
    "HasRole": st.sampled_from([HasRole("a", "b"), HasRole("b", "a"), HasRole("a")]),
    "Above": st.builds(Above, values),
    "is_exactly": values.map(is_exactly),
}
#: Two of one kind, so that equal ones and nearly equal ones meet.
pairs = st.sampled_from(list(LEAVES)).flatmap(lambda name: st.tuples(LEAVES[name], LEAVES[name]))

JSON = """
    null true false 0 1 -1 -2 -4 11 1.0 0.5 2305843009213693952 "" "1" "a" "A"
    [] [1] [true] [-1] [-2] [2305843009213693952] [[1]] {} {"a":1} {"a":true}
"""
TERMS = PolicySettings(clock=lambda: NOW)
REQUESTS = [
    AccessRequest(token=token(x=json.loads(x), y=y, roles=["a"], auth_time=NOW - 2), terms=TERMS)
    for x, y in product(JSON.split(), [True, 1, None])
]


def findings(rule: Policy) -> list[Any]:
    """Return what *rule* says of every request; two errors are the same if they say the same."""
    found = [rule.judge(request) for request in REQUESTS]
    return [(f.outcome, f.reason, f.cure, repr(f.error)) for f in found]


@given(pairs)
def test_equal_policies_give_equal_findings(pair: tuple[Policy, Policy]) -> None:
    """K1."""
    one, other = pair

    if one == other:
        assert hash(one) == hash(other)
        assert findings(one) == findings(other)


#: All pairs of a few thousand, because random ones are seldom equal.
MANY = [
    *(ClaimsMatch(x=validate.Range(*limits)) for limits in product([None, 0, 1.0, 10], repeat=2)),
    *(
        ClaimsMatch(x=make(value))
        for value in [*ATOMS, [1], [True], (1,), {"a": 1}, {"a": True}, [[1]]]
        for make in (contains, one_of, validate.Equal, lambda value: value)
    ),
    *(
        ClaimsMatch(x=make([value]))
        for value in ATOMS
        for make in (validate.OneOf, validate.NoneOf)
    ),
    *(ClaimsMatch(x=StartsWith(text)) for text in ["", "1", "a"]),
    *(make(value) for value in ATOMS for make in (Above, is_exactly)),
]


def test_of_all_pairs_only_those_are_equal_that_say_the_same() -> None:
    said = {id(rule): findings(rule) for rule in MANY}

    for one, other in product(MANY, repeat=2):
        assert one != other or said[id(one)] == said[id(other)], (one, other)


NAMES = {**vars(validate), **vars(jwtpolicy), "Above": Above, "is_exactly": is_exactly}


@given(st.sampled_from(list(LEAVES)).flatmap(LEAVES.__getitem__))
def test_what_a_policy_prints_makes_an_equal_one_or_says_that_it_does_not(rule: Policy) -> None:
    source = repr(rule)

    if "…" not in source and not re.search(r"^(Above|is_exactly).*[\[{]", source):
        assert eval(source, {**NAMES, "re": re}) == rule
