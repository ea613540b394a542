"""What the lint knows of contradictions, and where it knows that it does not know."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import validate

from jwtpolicy import (
    Access,
    Anonymous,
    AtLeast,
    ClaimsMatch,
    Fresh,
    HasRole,
    HasScope,
    IsSubject,
    KnownUser,
    NotRevoked,
    OptionalToken,
    Policy,
    Refresh,
    ResourceMatch,
    SingleUse,
    TokenKind,
    When,
    claim,
    contains,
    one_of,
    policy,
    view_arg,
)
from jwtpolicy.audit.passing import Caller, can_pass
from tests.support.sharing import name_of


@policy
def is_office_hours(access: Any) -> bool:
    return True


@policy(needs_token=False)
def is_local(access: Any) -> bool:
    return True


def passes(tree: Policy, kind: str | None = "access", *variables: str) -> bool:
    return can_pass(tree.program, Caller(kind, variables))


@pytest.mark.parametrize(
    ("impossible", "possible"),
    [
        (HasRole("a") & ~HasRole("a"), HasRole("a") & ~HasRole("b")),
        (HasRole("a", "b") & ~HasRole("a"), HasRole("a") & ~HasRole("a", "b")),
        (HasScope("a", "b") & ~HasScope("b"), HasScope("a") & ~HasScope("a", "b")),
        (HasScope("a") & ~HasScope("a"), HasScope("a") & ~HasRole("a")),
        (ClaimsMatch(team="a") & ClaimsMatch(team="b"), ClaimsMatch(team="a", role="b")),
        (ClaimsMatch(n=1) & ClaimsMatch(n=True), ClaimsMatch(n=1) & ~ClaimsMatch(n=2)),
        (
            ClaimsMatch(team=one_of("a", "b")) & ClaimsMatch(team="c"),
            ClaimsMatch(team=one_of("a", "b")) & ClaimsMatch(team="b"),
        ),
        (
            ClaimsMatch(team="a") & ~ClaimsMatch(team=one_of("a", "b")),
            ClaimsMatch(team=one_of("a", "b")) & ~ClaimsMatch(team="a"),
        ),
        (
            ClaimsMatch(sub=1) & ~ClaimsMatch(sub="1"),
            ClaimsMatch(sub=1) & ClaimsMatch(sub="1"),
        ),
        (
            ClaimsMatch(tags=contains("a")) & ~ClaimsMatch(tags=contains("a")),
            ClaimsMatch(tags=contains("a")) & ClaimsMatch(tags=contains("b")),
        ),
        (
            ResourceMatch(state="a") & ResourceMatch(state="b"),
            ResourceMatch(state="a") & ClaimsMatch(state="b"),
        ),
        (
            ClaimsMatch(x=[1]) & ~ClaimsMatch(x=[1]),
            ClaimsMatch(x=[1]) & ClaimsMatch(x=(1,)),
        ),
        (
            ClaimsMatch(n=validate.Range(min=0)) & ~ClaimsMatch(n=validate.Range(min=0)),
            ClaimsMatch(n=validate.Range(min=0)) & ~ClaimsMatch(n=validate.Range(max=0)),
        ),
        (
            ClaimsMatch(n=contains(1)) & ~ClaimsMatch(n=contains(1)),
            ClaimsMatch(n=contains(2**61)) & ~ClaimsMatch(n=contains(1)),
        ),
        (Fresh() & ~Fresh(), Fresh() & ~Fresh(within=9)),
        (Fresh(within=9) & ~Fresh(within=99), Fresh(within=99) & ~Fresh(within=9)),
        (Fresh(acr="a") & Fresh(acr="b"), Fresh(acr="a") & ~Fresh(acr="b")),
        (
            Fresh(within=9, acr="a") & ClaimsMatch(acr="b"),
            Fresh(within=9, acr="a") & ClaimsMatch(acr="a"),
        ),
        (is_office_hours & ~is_office_hours, is_office_hours & ~is_local),
        (AtLeast(2, HasRole("a"), ~HasRole("a")), AtLeast(1, HasRole("a"), ~HasRole("a"))),
        (
            When(HasRole("a")).then(HasRole("b")) & HasRole("a") & ~HasRole("b"),
            When(HasRole("a")).then(HasRole("b")) & ~HasRole("a") & HasRole("b"),
        ),
    ],
    ids=lambda tree: repr(tree)[:50],
)
def test_a_contradiction_is_found_and_no_more_than_that(
    impossible: Policy, possible: Policy
) -> None:
    assert passes(impossible) is False
    assert passes(possible) is True


@pytest.mark.parametrize(
    "leaf", [Access(), NotRevoked(), KnownUser(), SingleUse(), TokenKind("access")], ids=repr
)
def test_a_credential_cannot_be_negated_into_access(leaf: Policy) -> None:
    assert passes(leaf)
    assert not passes(~leaf)


@pytest.mark.parametrize(
    ("tree", "kinds"),
    [
        (Refresh(), {"refresh"}),
        (AtLeast(2, Access(), Refresh(), HasRole("a")), {"access", "refresh"}),
        (AtLeast(2, Access(), Refresh()), set()),
        (Fresh() | ~Fresh(), {"access"}),
        (OptionalToken(), {"access", None}),
        (Anonymous() & HasRole("a"), set()),
        (Anonymous() & ~HasRole("a"), set()),
        (Anonymous() & ResourceMatch(x=1), set()),
        (Anonymous() & is_office_hours, set()),
        (Anonymous() & is_local, {None}),
        (Anonymous() & ~is_local, {None}),
        (~Anonymous(), {"access", "refresh"}),
        (Anonymous(ignore_invalid=True), {None}),
    ],
    ids=name_of,
)
def test_each_caller_is_judged_alone(tree: Policy, kinds: set[str | None]) -> None:
    assert {kind for kind in ("access", "refresh", None) if passes(tree, kind)} == kinds


@pytest.mark.parametrize(
    ("tree", "passes_without"),
    [
        (IsSubject("user_id"), False),
        (~IsSubject("user_id"), False),
        (ResourceMatch(owner=view_arg("user_id")), False),
        (ClaimsMatch({"sub": view_arg("user_id")}, absent="mismatch"), False),
        (~ClaimsMatch({"team": view_arg("user_id")}, absent="mismatch"), True),
        (IsSubject("user_id") | HasRole("admin"), True),
        (ResourceMatch(owner=claim("sub")), True),
    ],
    ids=repr,
)
def test_a_variable_that_the_url_has_not_lets_nobody_in(tree: Policy, passes_without: bool) -> None:
    """DESIGN 3: a missing view argument is MISSING_CLAIM, and lint."""
    assert passes(tree, "access", "user") is passes_without
    assert passes(tree, "access", "user_id")
    assert can_pass(tree.program, Caller("access", None))


def test_validators_are_not_seen_through() -> None:
    low, high = ClaimsMatch(n=validate.Range(max=3)), ClaimsMatch(n=validate.Range(min=5))

    assert passes(low & high)
    assert not passes(low & ~low)


def test_of_too_many_doubts_nothing_is_said() -> None:
    doubts = [HasRole(str(n)) & ~HasRole(str(n)) for n in range(13)]
    tree = doubts[0]
    for doubt in doubts[1:]:
        tree = tree & doubt

    assert passes(tree)
    assert not passes(doubts[0] & doubts[1])
