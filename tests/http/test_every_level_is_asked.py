"""Levels that look alike are all asked: of the baseline, of blueprints, of bases and methods.

Of two equal leaves one is asked. So two that only look equal would leave a whole level out.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from flask import Blueprint
from marshmallow.validate import And, Equal, OneOf, Range, Regexp, Validator

from jwtpolicy import (
    ClaimsMatch,
    NotRevoked,
    Policy,
    ProtectedView,
    contains,
    one_of,
    policy,
    protect,
)


class AtMost(Validator):
    """Keeps its argument under another name than it has in the signature."""

    def __init__(self, limit: int) -> None:
        self.bound = limit

    def __call__(self, value: Any) -> Any:
        return value <= self.bound


class Below(Policy):
    def __init__(self, limits: dict[str, int]) -> None:
        self.limits = limits

    def decide(self, access: Any) -> bool:
        return bool(access.token.claims["n"] < self.limits["n"])


def at_least(limit: int) -> Any:
    @policy
    def is_enough(access: Any) -> bool:
        return bool(access.token.claims["n"] >= limit)

    return is_enough


#: A narrow level, a wide one that looks like it, and a claim that only the wide one takes.
PAIRS = [
    pytest.param(Range(min=0, max=10), Range(max=10), -4, 4, id="Range"),
    pytest.param(Range(min=0), Range(), -4, 4, id="a bound of 0"),
    pytest.param(one_of(-1, 5), one_of(-2, 5), -2, 5, id="one_of"),
    pytest.param(contains(1), contains(2**61), [2**61], [1, 2**61], id="contains"),
    pytest.param(AtMost(3), AtMost(9), 4, 3, id="a validator of one's own"),
    pytest.param(And(AtMost(3)), And(AtMost(9)), 4, 3, id="And"),
    pytest.param(Range(max=Decimal(3)), Range(max=Decimal(9)), 4, 3, id="Decimal"),
    pytest.param(OneOf([1, 2]), OneOf([1, 2, 3], error="no"), 3, 1, id="OneOf"),
    pytest.param(Regexp("a"), Regexp("a", 2), "A", "a", id="Regexp"),
    pytest.param(Equal(0), OneOf([0, False, 1]), 1, 0, id="Equal"),
]


def rules(narrow: Any, wide: Any) -> tuple[Policy, Policy]:
    return ClaimsMatch(n=narrow), ClaimsMatch(n=wide)


@pytest.mark.parametrize(("narrow", "wide", "outside", "inside"), PAIRS)
def test_the_level_of_a_base_is_asked_beside_that_of_a_method(
    app: Any, client: Any, access: Any, narrow: Any, wide: Any, outside: Any, inside: Any
) -> None:
    base_rule, method_rule = rules(narrow, wide)

    class Base(ProtectedView):
        policies = base_rule

    class View(Base):
        method_policies = {"GET": method_rule}  # noqa: RUF012 # as users write it

        def get(self) -> str:
            return "in"

    app.add_url_rule("/", view_func=View.as_view("view"))

    assert client.get("/", headers=access(claims={"n": outside})).status_code == 403
    assert client.get("/", headers=access(claims={"n": inside})).text == "in"


@pytest.mark.parametrize(("narrow", "wide", "outside", "inside"), PAIRS)
def test_the_level_of_a_blueprint_is_asked_beside_that_of_its_views(
    app: Any, jwt: Any, client: Any, access: Any, narrow: Any, wide: Any, outside: Any, inside: Any
) -> None:
    outer, inner = rules(narrow, wide)
    office = Blueprint("office", __name__)

    @office.get("/")
    @protect(inner)
    def view() -> str:
        return "in"

    jwt.protect_blueprint(office, outer)
    app.register_blueprint(office)

    assert client.get("/", headers=access(claims={"n": outside})).status_code == 403
    assert client.get("/", headers=access(claims={"n": inside})).text == "in"


@pytest.mark.parametrize(("narrow", "wide", "outside", "inside"), PAIRS)
def test_the_baseline_is_asked_beside_every_level(
    make_app: Any, narrow: Any, wide: Any, outside: Any, inside: Any
) -> None:
    outer, inner = rules(narrow, wide)
    app, jwt = make_app({"baseline": NotRevoked() & outer})
    app.add_url_rule("/", view_func=protect(inner)(lambda: "in"))

    def status(claim: Any) -> int:
        with app.app_context():
            encoded = jwt.issue("u1", claims={"n": claim})
        headers = {"Authorization": f"Bearer {encoded}"}
        return int(app.test_client().get("/", headers=headers).status_code)

    assert (status(outside), status(inside)) == (403, 200)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(at_least(0), at_least(-9), id="closures"),
        pytest.param(~Below({"n": 0}), ~Below({"n": -9}), id="a policy that keeps a mapping"),
    ],
)
def test_both_of_two_policies_of_ones_own_are_asked(
    app: Any, client: Any, access: Any, one: Policy, other: Policy
) -> None:
    app.add_url_rule("/", view_func=protect(one, other)(lambda: "in"))

    assert client.get("/", headers=access(claims={"n": -4})).status_code == 403
    assert client.get("/", headers=access(claims={"n": 4})).text == "in"


def test_a_false_that_is_forbidden_is_not_admitted(app: Any, client: Any, access: Any) -> None:
    app.add_url_rule("/", view_func=protect(~ClaimsMatch(banned=Equal(False)))(lambda: "in"))

    assert client.get("/", headers=access(claims={"banned": False})).status_code == 403
    assert client.get("/", headers=access(claims={"banned": True})).text == "in"
