"""A request without a token is refused at the first look only where every look says the same."""

from __future__ import annotations

from functools import partial, wraps
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtpolicy import (
    Access,
    AccessRequest,
    Anonymous,
    AnyOf,
    ClaimsMatch,
    ForAudience,
    Fresh,
    HasRole,
    HasScope,
    IsSubject,
    KnownUser,
    NotRevoked,
    Outcome,
    Owns,
    Policy,
    Refresh,
    ResourceMatch,
    SingleUse,
    TokenKind,
    policy,
    view_arg,
)
from jwtpolicy.decision import ALLOWED, Finding
from jwtpolicy.exceptions import ExpiredTokenError, InvalidTokenError, NoTokenError
from jwtpolicy.guards.challenges import refusal
from jwtpolicy.guards.plan import CompiledLevels, Plan, absence_of, program_of
from jwtpolicy.policy.base import NO_TOKEN_SENT
from jwtpolicy.testing.strategies import policies


@policy
def is_new(access: AccessRequest) -> bool:
    raise AssertionError  # nobody asks it without a token


@policy(needs_token=False)
def is_get(access: AccessRequest) -> bool:
    return access.method == "GET"


LEAVES = [
    Access(),
    Refresh(),
    TokenKind("invitation"),
    Anonymous(),
    Fresh(),
    ClaimsMatch(team="a", owner=view_arg("name")),
    HasScope("read"),
    HasRole("admin"),
    IsSubject("u1"),
    KnownUser(),
    NotRevoked(),
    SingleUse(),
    ForAudience("a"),
    Owns("owner"),
    ResourceMatch(team="a"),
    is_new,
    is_get,
]
REQUESTS = st.builds(
    AccessRequest,
    method=st.sampled_from(["GET", "POST"]),
    view_args=st.sampled_from([{}, {"name": "a"}]),
    resource=st.sampled_from([None, {"team": "a"}]),
)


@given(policies(LEAVES), REQUESTS)
def test_a_tree_that_refuses_nobody_refuses_whatever_the_request_brings(
    level: Policy, access: AccessRequest
) -> None:
    program = level.program

    if program.refuses_nobody:
        assert program.root.weigh(program.run(access)) == Outcome.NO_TOKEN


@given(st.lists(policies(LEAVES), min_size=1, max_size=2), REQUESTS)
def test_its_decision_is_that_of_any_request(levels: list[Policy], access: AccessRequest) -> None:
    try:
        plan = Plan(CompiledLevels(levels, None))
    except TypeError:
        return  # nobody can pass these
    if plan.anonymous.refuses_nobody:
        run = plan.anonymous.run(access)
        plan.anonymous.root.weigh(run)

        assert plan.absence() == plan.anonymous.root.compose(run)


@policy(needs_token=False)
def is_never_told(access: AccessRequest) -> Outcome:
    return Outcome.NO_TOKEN


MIXED = policies([*LEAVES, Anonymous(ignore_invalid=True), is_never_told])
OVERLOOKED = st.sampled_from([None, ExpiredTokenError("it is over"), InvalidTokenError("odd")])


@given(MIXED, REQUESTS, OVERLOOKED)
def test_absence_is_weighed_and_told_as_if_each_leaf_were_asked(
    level: Policy, access: AccessRequest, error: InvalidTokenError | None
) -> None:
    access.credential_error = error
    quick, slow = absence_of(level), program_of(level, None)
    run, other = quick.run(access), slow.run(access)

    assert quick.root.weigh(run) == quick.weigh(run) == slow.root.weigh(other)
    assert all(
        found in (None, asked) for found, asked in zip(run.findings, other.findings, strict=True)
    )
    assert quick.root.compose(run) == slow.root.compose(other)


@given(MIXED, REQUESTS)
def test_a_refusal_that_nobody_composed_says_what_the_decision_says(
    level: Policy, access: AccessRequest
) -> None:
    program = absence_of(level)
    run = program.run(access)
    if program.root.weigh(run) == Outcome.NO_TOKEN and program.lacks_token_alone(run):
        told: Any = refusal(program.root.compose(run))
        quick = NoTokenError(NO_TOKEN_SENT, decision=partial(program.root.compose, run))

        assert type(told) is NoTokenError
        assert (told.reason, told.challenge, told.retry_after, told.__cause__) == (
            quick.reason,
            quick.challenge,
            quick.retry_after,
            None,
        )
        assert told.decision == quick.decision


def test_what_a_caller_without_a_token_costs_does_not_depend_on_the_tree() -> None:
    asked = [absence_of(AnyOf(*scopes(n), Anonymous() & is_get)).root for n in (1, 100)]

    assert [len(root.quick) for root in asked] == [2, 2]  # type: ignore[attr-defined]
    assert [len(root.members) for root in asked] == [2, 101]  # type: ignore[attr-defined]


def scopes(number: int) -> list[HasScope]:
    return [HasScope(f"part:{one}") for one in range(number)]


class Odd(Policy):
    """A leaf that is not what it inherits."""

    def judge(self, access: AccessRequest) -> Finding:
        return ALLOWED


class Wrapped(Policy):
    """One whose method looks like the library's."""

    @wraps(Policy.judge)
    def judge(self, access: AccessRequest) -> Finding:
        return ALLOWED


class Replaced(Policy):
    """One that has another method in an attribute."""

    def __init__(self) -> None:
        self.judge = partial(Odd.judge, self)  # type: ignore[method-assign]


class Changing(Policy):
    """One that needs a token now and then."""

    @property
    def needs_token(self) -> bool:  # type: ignore[override]
        return True


@pytest.mark.parametrize("leaf", [Odd(), Wrapped(), Replaced(), Changing()], ids=repr)
def test_what_an_application_wrote_itself_is_asked(leaf: Any) -> None:
    assert not leaf.program.refuses_nobody


@pytest.mark.parametrize("leaf", [is_new, Access(), NotRevoked()], ids=repr)
def test_what_the_library_judges_is_not(leaf: Any) -> None:
    assert leaf.program.refuses_nobody
