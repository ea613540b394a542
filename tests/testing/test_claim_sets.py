"""The claims that the kit draws."""

from __future__ import annotations

import time
from typing import Any, Final

import pytest
import time_machine
from hypothesis import HealthCheck, find, given, settings
from marshmallow import fields, validate

from jwtpolicy import ClaimSchema
from jwtpolicy.keys import KeyRing
from jwtpolicy.testing.strategies import claims, private_claims
from jwtpolicy.tokens.verifier import Verifier
from tests.support.applications import AppAndManager
from tests.support.clocks import StandingClock
from tests.support.forgeries import KEY, NOW, signed

DAY: Final = 86_400


class TeamClaims(ClaimSchema):
    sub = fields.String(required=True)
    roles = fields.List(fields.String(), validate=validate.ContainsOnly(["a", "b"]), required=True)
    team = fields.String(validate=validate.Length(equal=30))


@given(claims(now=NOW))
def test_claims_of_a_token_are_those_of_a_good_one(drawn: dict[str, Any]) -> None:
    verifier = Verifier(ring=KeyRing(KEY), clock=StandingClock(NOW))

    assert verifier.verify(signed(claims=drawn), kinds=None).subject == drawn["sub"]


def test_claims_of_a_token_are_good_for_a_day_from_the_time_when_they_are_drawn() -> None:
    """Not from when the strategy was made, and not for a second, however small hypothesis draws."""
    made = claims()
    with time_machine.travel(time.time() + 30 * DAY, tick=False) as traveller:
        drawn = find(made, lambda found: "scope" in found and "nbf" in found)
        traveller.shift(DAY - 1)

        assert Verifier(ring=KeyRing(KEY)).verify(signed(claims=drawn), kinds=None)


@given(claims(now=0))
def test_no_time_lies_before_the_epoch(drawn: dict[str, Any]) -> None:
    times = [drawn[name] for name in ("iat", "nbf", "exp", "auth_time") if name in drawn]

    assert min(times) >= 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=private_claims())
def test_a_login_takes_private_claims(app_and_jwt: AppAndManager, drawn: dict[str, Any]) -> None:
    app, jwt = app_and_jwt
    with app.app_context():
        token = jwt.verify(jwt.login("ada", claims=drawn).access_token)

    assert {name: token._claims[name] for name in drawn} == drawn


@given(claims(TeamClaims))
def test_claims_of_a_schema_are_read_by_it(drawn: dict[str, Any]) -> None:
    assert TeamClaims().load(drawn)["sub"] == drawn["sub"]
    assert {*drawn["roles"]} <= {"a", "b"}


@pytest.mark.parametrize("is_there", [True, False])
def test_what_a_schema_does_not_require_may_be_absent(is_there: bool) -> None:
    assert find(claims(TeamClaims), lambda drawn: ("team" in drawn) is is_there)["sub"]
