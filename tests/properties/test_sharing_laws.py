"""Endpoints that share what their equal levels were compiled to decide as if each had its own."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from jwtpolicy import AccessRequest, HasScope, JWTManager, Policy, protect
from jwtpolicy.exceptions import PolicyDefinitionError
from jwtpolicy.guards.plan import CompiledLevels, Plan
from jwtpolicy.policy.program import Program
from jwtpolicy.testing.strategies import leaves, policies
from tests.support.applications import SECRET
from tests.support.strategies import requests

#: Two that are equal, and written differently, are among them.
LEVELS = policies(leaves() | st.just(HasScope("write", "read")))
TWINS = st.permutations(["read", "write", "write"]).map(lambda scopes: HasScope(*scopes))
BASELINES = st.sampled_from([None, HasScope("read"), ~HasScope("write")])


def can_pass(level: Policy) -> bool:
    try:
        protect(level)
    except PolicyDefinitionError:
        return False
    return True


def plans_of(levels: Sequence[Policy], baseline: Policy | None) -> list[Plan]:
    """Return the plans of one application with an endpoint for each level."""
    app = Flask("tests.sharing")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
    JWTManager(app, baseline=baseline)
    for number, level in enumerate(levels):
        app.add_url_rule(f"/{number}", str(number), protect(level)(lambda: ""))
    application = app.extensions["jwtpolicy"]
    return [application.plan(str(number), "GET") for number in range(len(levels))]


def told(program: Program, access: AccessRequest) -> tuple[int, int, str]:
    """Return all that a program says of a request."""
    run = program.run(access)
    return program.weigh(run), program.root.weigh(run), program.root.compose(run).explain()


@given(
    st.lists(st.one_of(LEVELS, TWINS).filter(can_pass), min_size=1, max_size=4),
    BASELINES,
    requests,
)
def test_a_shared_plan_decides_and_explains_as_one_of_its_own(
    levels: list[Policy], baseline: Policy | None, access: AccessRequest
) -> None:
    plans = plans_of([*levels, *levels[::-1]], baseline)
    for level, plan in zip([*levels, *levels[::-1]], plans, strict=True):
        alone = CompiledLevels([level], baseline)

        assert (plan.kinds, plan.closed) == (alone.kinds, alone.closed)
        assert told(plan.anonymous, access) == told(alone.anonymous, access)
        for kind, program in plan.programs.items():
            assert told(program, access) == told(alone.programs[kind], access)
