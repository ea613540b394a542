"""The comparison is fair: every system answers every request as it should, and with the same."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import jwt as pyjwt
import pytest

from benchmarks import credentials
from benchmarks.keys import aged, make_keys
from benchmarks.scenarios import SCENARIOS, Issuing, Scenario, UnexpectedAnswerError
from benchmarks.systems import PROTECTED, Bare, System

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
every_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=BY_NAME)
every_accepted = pytest.mark.parametrize(
    "scenario",
    [one for one in SCENARIOS if one.is_let_in and one.sends is not credentials.nothing],
    ids=lambda scenario: scenario.name,
)


def members(answer: Any) -> object:
    """Return what an answer says, leaving out tokens, which are never the same."""
    found = answer.get_json(silent=True)
    return answer.text if found is None else {"access_token"} & set(found) or found


@every_scenario
def test_every_system_answers_as_the_scenario_expects(scenario: Scenario) -> None:
    with scenario.built() as systems:
        answered = [scenario.asked(system).status_code for system in systems]

    assert answered == [scenario.expected(system) for system in systems]


@every_accepted
def test_whoever_is_let_in_gets_the_bare_views_answer(scenario: Scenario) -> None:
    with scenario.built() as systems:
        said = [members(scenario.asked(system)) for system in systems]

    assert said == [said[0]] * len(systems)


@every_accepted
def test_what_lets_a_request_in_is_its_token(scenario: Scenario) -> None:
    with scenario.built() as systems:
        without = replace(scenario, sends=credentials.nothing)
        answered = [without.asked(system).status_code for system in systems]

    assert answered == [200 if isinstance(system, Bare) else 401 for system in systems]


@pytest.mark.parametrize("system", PROTECTED, ids=lambda system: system.name)
@pytest.mark.parametrize("change", [{"suspended": True}, {"scope": "x"}])
def test_the_tree_of_rules_is_asked(system: type[System], change: dict[str, object]) -> None:
    def changed(to: System) -> credentials.Headers:
        claims = pyjwt.decode(to.token(), options={"verify_signature": False})
        header = pyjwt.get_unverified_header(to.token())
        encoded = pyjwt.encode(claims | change, to.keys.signing, "HS256", header)
        return {"Authorization": f"Bearer {encoded}"}

    tree = replace(BY_NAME["tree"], sends=changed, systems=(system,))
    with tree.built() as (_, built):
        assert tree.asked(built).status_code == 403


@pytest.mark.parametrize("system", PROTECTED, ids=lambda system: system.name)
def test_a_cookie_needs_its_csrf_value(system: type[System]) -> None:
    def only_cookies(to: System) -> credentials.Headers:
        return {"Cookie": to.cookies()["Cookie"]}

    cookie = replace(BY_NAME["cookie"], sends=only_cookies, systems=(system,))
    with cookie.built() as (_, built):
        assert cookie.asked(built).status_code in {401, 403}


@pytest.mark.parametrize("system", PROTECTED, ids=lambda system: system.name)
def test_a_bad_token_is_refused_where_none_is_needed(system: type[System]) -> None:
    sends = credentials.bad_signature
    optional = replace(BY_NAME["optional"], sends=sends, refuses_bad=True, systems=(system,))

    with optional.built() as (_, built):
        assert optional.asked(built).status_code == optional.expected(built)


@pytest.mark.parametrize("system", PROTECTED, ids=lambda system: system.name)
def test_a_refresh_token_is_no_access_token(system: type[System]) -> None:
    header = replace(BY_NAME["header"], sends=credentials.refresh_token, systems=(system,))

    with header.built() as (_, built):
        assert header.asked(built).status_code in {401, 422}


def test_the_forgery_has_8_kilobytes() -> None:
    with BY_NAME["forgery"].built() as systems:
        lengths = [len(credentials.forgery(one)["Authorization"]) for one in systems[1:]]

    assert all(7_800 < length < 8_200 for length in lengths)


def test_a_token_can_be_made_older() -> None:
    keys, now = make_keys("ES256"), int(time.time())
    encoded = pyjwt.encode({"sub": "u1", "iat": now}, keys.signing, "ES256")

    claims = pyjwt.decode(aged(encoded, keys, 60), keys.verifying, ["ES256"])

    assert claims == {"sub": "u1", "iat": now - 60}


def test_a_request_that_is_answered_otherwise_is_not_compared() -> None:
    wrong = replace(BY_NAME["header"], status=404, systems=PROTECTED[:1])

    with pytest.raises(UnexpectedAnswerError, match="hand-written answers 200, not 404"):
        wrong.figures(1)


def test_a_token_is_sent_again_unless_it_is_used_up() -> None:
    sent: list[str] = []

    def noted(system: System) -> credentials.Headers:
        sent.append(system.refresh_token())
        return {"Authorization": f"Bearer {sent[-1]}"}

    for is_used_up in (False, True):
        refresh = replace(
            BY_NAME["refresh"], sends=noted, systems=PROTECTED[:1], is_used_up=is_used_up
        )
        with refresh.contest() as contest:
            sent.clear()
            contest.entries["hand-written"](3)
            assert len(sent) == (3 if is_used_up else 0)


def test_issuing_is_what_is_timed_where_that_is_the_row() -> None:
    with BY_NAME["issue"].contest() as contest:
        tokens = [call() for batch in contest.entries.values() for call in batch(2)]

    assert isinstance(BY_NAME["issue"], Issuing)
    assert len(set(tokens)) == 2 * len(PROTECTED)
