"""What the lint finds impossible is impossible, and what can be seen through is found."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from jwtpolicy import (
    Access,
    AccessRequest,
    Anonymous,
    ClaimsMatch,
    Fresh,
    HasRole,
    HasScope,
    OptionalToken,
    Outcome,
    Policy,
    Refresh,
    one_of,
    view_arg,
)
from jwtpolicy.audit.passing import Caller, can_pass
from jwtpolicy.guards.plan import program_of
from jwtpolicy.policy.closing import close
from jwtpolicy.policy.request import PolicySettings
from jwtpolicy.testing.strategies import policies
from tests.support.strategies import NOW, token

#: Leaves that know something of each other, so that contradictions are not rare.
THEMES = [
    [Access(), Refresh(), Anonymous(), HasRole("a"), Fresh()],
    [HasRole("a"), HasRole("a", "b"), HasScope("s")],
    [ClaimsMatch(team="red"), ClaimsMatch(team="blue"), ClaimsMatch(team=one_of("red", "blue"))],
    [ClaimsMatch(team=view_arg("absent")), ClaimsMatch(team="red"), OptionalToken()],
    [Fresh(), Fresh(within=60), Fresh(within=600)],
    [Fresh(within=60, acr="gold"), Fresh(acr="silver"), Fresh(within=600)],
]

#: One token for every way in which the facts of the leaves can be together.
CLAIMS = [
    {"roles": roles, "scope": scope, "team": team, "fresh": fresh, "auth_time": time, "acr": acr}
    for roles, scope, team, fresh, time, acr in product(
        [[], ["a"], ["b"], ["a", "b"]],
        ["s", "t"],
        ["red", "blue", "green"],
        [True, False],
        [NOW, NOW - 300, NOW - 6000],
        ["gold", "silver", "bronze"],
    )
]
TOKENS: dict[str | None, list[Any]] = {
    "access": [token(**claims) for claims in CLAIMS],
    "refresh": [token("refresh", **claims) for claims in CLAIMS],
    None: [None],
}
TERMS = PolicySettings(clock=lambda: NOW)


LEVELS = st.sampled_from(THEMES).flatmap(lambda theme: policies(theme))


@given(LEVELS, st.sampled_from(list(TOKENS)))
@settings(max_examples=150, deadline=None)
def test_a_caller_can_pass_exactly_if_some_token_does(level: Policy, kind: str | None) -> None:
    program = program_of(close([level]).policy, None)
    requests = [AccessRequest(token=found, terms=TERMS) for found in TOKENS[kind]]

    someone = any(program.root.weigh(program.run(r)) == Outcome.ALLOW for r in requests)
    assert can_pass(program, Caller(kind, ("user_id",))) == someone
