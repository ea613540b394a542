"""Policies about the audience of a token."""

from __future__ import annotations

from typing import Any

import pytest

from jwtpolicy import AccessRequest, ForAudience, Outcome, Policy
from jwtpolicy.exceptions import InvalidTokenError
from jwtpolicy.policy.audience import NotOnlyFor
from tests.support.strategies import token

ALLOW, INVALID = Outcome.ALLOW, Outcome.INVALID_TOKEN


def about(audience: Any) -> AccessRequest:
    return AccessRequest(token=token() if audience is None else token(aud=audience))


@pytest.mark.parametrize(
    ("audience", "outcome"),
    [
        ("api", ALLOW),
        (["web", "api"], ALLOW),
        ("ap", INVALID),
        ("api ", INVALID),
        ("API", INVALID),
        (["web"], INVALID),
        ([], INVALID),
        (None, INVALID),
    ],
)
def test_a_token_is_for_what_its_aud_names(audience: Any, outcome: Outcome) -> None:
    decision = ForAudience("api").evaluate(about(audience))

    assert decision.outcome is outcome
    if not decision:
        assert isinstance(decision.error, InvalidTokenError)
        assert decision.reason == "the token is not for api"


@pytest.mark.parametrize(
    ("audience", "outcome"),
    [
        ("web", ALLOW),
        (["a", "web"], ALLOW),
        (None, ALLOW),
        ("a", INVALID),
        (["b", "a"], INVALID),
    ],
)
def test_a_token_for_closed_resources_alone_is_refused_elsewhere(
    audience: Any, outcome: Outcome
) -> None:
    decision = NotOnlyFor("a", "b").evaluate(about(audience))

    assert decision.outcome is outcome
    if not decision:
        assert decision.reason in ("the token is for a alone", "the token is for a, b alone")


@pytest.mark.parametrize("policy", [ForAudience("api"), NotOnlyFor("api")], ids=repr)
def test_neither_is_turned_into_access(policy: Policy) -> None:
    outcomes = {(~policy).evaluate(about(audience)).outcome for audience in ("api", "web")}

    assert ALLOW not in outcomes
    assert (~policy).evaluate(AccessRequest()).outcome is Outcome.NO_TOKEN
