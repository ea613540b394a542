"""A thousand endpoints have a few rules: what equal levels were compiled to is made once."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import HasRole, HasScope, JWTManager, Policy, ProtectedView, protect, public
from jwtpolicy.guards.plan import CompiledLevels, Plan
from tests.support.applications import SECRET


class Counting(Policy):
    """One that may change, so that it equals itself alone."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def decide(self, access: Any) -> bool:
        return True


def rule(number: int) -> Policy:
    """Return one of ten rules, written anew."""
    return HasScope(f"part{number % 10}:read") | HasRole("admin")


def in_class(number: int) -> Any:
    members = {"policies": rule(number), "get": lambda view: "", "post": lambda view: ""}
    return type("Part", (ProtectedView,), members).as_view("part")  # type: ignore[attr-defined]


#: How the view of an endpoint is made, by its number.
WAYS: dict[str, Callable[[int], Any]] = {
    "functions": lambda number: protect(rule(number))(lambda: ""),
    "classes": in_class,
    "functions that are open": lambda number: public(lambda: ""),
}


def site(endpoints: int, way: Callable[[int], Any]) -> Flask:
    app = Flask("tests.sharing")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
    JWTManager(app)
    for number in range(endpoints):
        app.add_url_rule(f"/{number}", str(number), way(number))
    return app


def plans_of(app: Flask) -> list[Plan]:
    application = app.extensions["jwtpolicy"]
    found = [application.plan(endpoint, "GET") for endpoint in list(app.view_functions)]
    return [plan for plan in found if plan is not None]


def calls_of(function: Callable[[], object]) -> int:
    """Return how many functions of Python *function* has called."""
    found = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal found
        found += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(before)
    return found


@pytest.mark.parametrize("way", [WAYS["functions"], WAYS["classes"]], ids=["functions", "classes"])
def test_endpoints_of_ten_rules_share_ten_programs(way: Callable[[int], Any]) -> None:
    plans = plans_of(site(100, way))

    assert len(plans) == 100
    assert len({id(plan.programs["access"]) for plan in plans}) == 10
    assert len({id(plan.places) for plan in plans}) == 1


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_each_endpoint_costs_the_first_request_the_same(way: Callable[[int], Any]) -> None:
    site(1, way).test_client().get("/0")
    few, many = (site(endpoints, way).extensions["jwtpolicy"] for endpoints in (50, 500))

    assert calls_of(lambda: many.enforcement) < 11 * calls_of(lambda: few.enforcement)


def test_the_plans_of_a_thousand_endpoints_take_few_megabytes() -> None:
    app = site(1_000, WAYS["functions"])
    tracemalloc.start()
    try:
        app.test_client().get("/0")
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held < 6_000_000


def test_levels_that_are_written_differently_are_explained_as_they_are_written() -> None:
    one, other = plans_of(site(2, lambda n: protect(HasScope(*("ab", "ba")[n]))(lambda: "")))

    assert one.closed.policy == other.closed.policy
    assert "HasScope('a', 'b')" in one.absence().explain()
    assert "HasScope('b', 'a')" in other.absence().explain()


def test_a_policy_that_equals_itself_alone_is_shared_by_whoever_has_it() -> None:
    rules = [Counting(), Counting()]
    plans = plans_of(site(4, lambda number: protect(rules[number % 2])(lambda: "")))

    assert [plan.compiled is plans[0].compiled for plan in plans] == [True, False, True, False]


def test_places_that_guards_name_are_shared() -> None:
    named = ["headers", "headers", "json"]
    plans = plans_of(site(3, lambda number: protect(transports=named[number])(lambda: "")))

    assert plans[0].places is plans[1].places is not plans[2].places


def test_what_no_endpoint_demands_any_more_is_forgotten() -> None:
    def kept() -> int:
        gc.collect()
        found = gc.get_referrers(Counting)
        return len([one for one in found if isinstance(one, Counting)])

    app = site(1, lambda number: protect(Counting())(lambda: ""))
    for _ in range(3):
        app.test_client().get("/0")
        app.view_functions["0"] = protect(Counting())(lambda: "")

    assert kept() <= 2
    assert isinstance(plans_of(app)[0].compiled, CompiledLevels)
