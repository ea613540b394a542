"""The operators, and what they refuse."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from jwtpolicy import (
    Access,
    AccessRequest,
    AllOf,
    AnyOf,
    AtLeast,
    ClaimsMatch,
    Fresh,
    HasRole,
    HasScope,
    IsSubject,
    Not,
    Outcome,
    Owns,
    Policy,
    Public,
    ResourceMatch,
    SingleUse,
    TokenKind,
    When,
    contains,
    one_of,
    policy,
    view_arg,
)
from jwtpolicy.exceptions import PolicyDefinitionError, StoreUnavailableError
from tests.support.desk import Desk, judged
from tests.support.strategies import token


@policy
def tenant(access: Any, name: str) -> bool:
    return access.token.claims["tenant"] == name


MISUSES = [
    pytest.param(lambda: Fresh() & HasRole, r"did you mean HasRole\(\)", id="a class"),
    pytest.param(lambda: HasRole & Fresh(), r"did you mean HasRole\(\)", id="a class first"),
    pytest.param(lambda: HasRole | Fresh(), r"did you mean HasRole\(\)", id="a class or"),
    pytest.param(lambda: Fresh() & (HasRole | Access), r"HasRole\(\) \| Access\(\)", id="a union"),
    pytest.param(lambda: Fresh() | (lambda access: True), "forget @policy", id="a function"),
    pytest.param(lambda: Fresh() & tenant, "call it: tenant", id="a factory that was not called"),
    pytest.param(lambda: Fresh() & When(Access()), "then", id="an unfinished condition"),
    pytest.param(lambda: When(Access()) & Fresh(), "then", id="unfinished, and"),
    pytest.param(lambda: ~When(Access()), "then", id="unfinished, negated"),
    pytest.param(lambda: bool(When(Access())), "then", id="unfinished, as a truth value"),
    pytest.param(lambda: Fresh() & Public(), "stands alone", id="and public"),
    pytest.param(lambda: Public() | Fresh(), "stands alone", id="public or"),
    pytest.param(lambda: ~Public(), "stands alone", id="not public"),
    pytest.param(lambda: Fresh() & 3, "int", id="a number"),
    pytest.param(lambda: Fresh() and Access(), "no truth value", id="and"),
    pytest.param(lambda: not Fresh(), "no truth value", id="not"),
    pytest.param(lambda: AllOf(), "combines nothing", id="all of nothing"),
    pytest.param(lambda: AnyOf(), "combines nothing", id="any of nothing"),
    pytest.param(lambda: AtLeast(0, Access()), "from 1 to 1", id="at least none"),
    pytest.param(lambda: AtLeast(2, Access()), "from 1 to 1", id="more than there are"),
    pytest.param(lambda: AtLeast(True, Access()), "from 1 to 1", id="a flag as a number"),
    pytest.param(lambda: TokenKind(""), "non-empty", id="no kind"),
    pytest.param(lambda: Fresh(within=0), "above 0", id="within nothing"),
    pytest.param(lambda: ClaimsMatch(None, a=1), "takes a mapping", id="claims of None"),
    pytest.param(lambda: ResourceMatch(None, a=1), "takes a mapping", id="attributes of None"),
    pytest.param(lambda: policy(None), "not on None", id="a policy of None"),
    pytest.param(lambda: Fresh(within=None), "not None", id="within None"),
    pytest.param(lambda: Fresh(acr=None), "not None", id="acr of None"),
    pytest.param(lambda: Fresh(within=True), "above 0", id="within a flag"),
    pytest.param(lambda: Fresh(within=float("nan")), "above 0", id="within no number"),
    pytest.param(lambda: Fresh(acr="a b"), "one class", id="two classes"),
    pytest.param(lambda: Fresh(acr='a"b'), "one class", id="a class that breaks a challenge"),
    pytest.param(lambda: Fresh(acr=""), "one class", id="an empty class"),
    pytest.param(lambda: Fresh(acr=1), "one class", id="a class that is a number"),
    pytest.param(lambda: HasRole(), "asks for nothing", id="no role"),
    pytest.param(lambda: HasRole(3), "non-empty strings", id="a role that is a number"),
    pytest.param(lambda: HasScope("a b"), "scope", id="two scopes in one"),
    pytest.param(lambda: ClaimsMatch(), "at least one name", id="no claim"),
    pytest.param(lambda: ClaimsMatch({"a": 1}, a=2), "each only once", id="a claim twice"),
    pytest.param(lambda: ClaimsMatch([1]), "mapping", id="a list of claims"),
    pytest.param(lambda: ClaimsMatch({3: 1}), "non-empty strings", id="a claim that is a number"),
    pytest.param(lambda: ClaimsMatch(a=None), "null", id="null as a value"),
    pytest.param(lambda: ClaimsMatch(a=str), "not a value", id="a class as a value"),
    pytest.param(lambda: ClaimsMatch(a=len), "not a value", id="a function as a value"),
    pytest.param(lambda: ClaimsMatch(a=1, absent="x"), "mismatch", id="another word for absent"),
    pytest.param(lambda: view_arg(""), "takes a name", id="no argument's name"),
    pytest.param(lambda: one_of(), "without values", id="one of nothing"),
    pytest.param(lambda: tenant(), "tenant", id="a factory without its arguments"),
    pytest.param(lambda: policy(lambda: True), "take the AccessRequest", id="no parameter"),
    pytest.param(lambda: policy(3), "goes on a function", id="a policy of a number"),
    pytest.param(lambda: policy(lambda *, access: True), "by position", id="by keyword"),
    pytest.param(lambda: Public().program, "not evaluated", id="asking Public()"),
]


@pytest.mark.parametrize(("make", "why"), MISUSES)
def test_a_mistake_says_what_was_meant(make: Any, why: str) -> None:
    with pytest.raises(PolicyDefinitionError, match=why):
        make()


def test_a_condition_that_is_finished_is_a_policy() -> None:
    rule = When(HasRole("guest")).then(Fresh())

    assert repr(rule) == "When(HasRole('guest')).then(Fresh())"
    assert repr(When(Access())) == "When(Access())"
    assert judged(rule, {"roles": ["guest"]}) == "STEP_UP"
    assert judged(rule, {"roles": []}) == "ALLOW"


def test_policies_are_frozen() -> None:
    for rule in (Fresh(within=5), Access(), Access() & Fresh(), ~Access()):
        with pytest.raises(AttributeError, match="frozen"):
            rule.within = 6
        with pytest.raises(AttributeError, match="frozen"):
            del rule.cost


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(ClaimsMatch(a=True), ClaimsMatch(a=1), id="a flag and a number"),
        pytest.param(ClaimsMatch(a=1.0), ClaimsMatch(a=1), id="a float and an int"),
        pytest.param(ClaimsMatch(a=[True]), ClaimsMatch(a=[1]), id="inside a list"),
        pytest.param(Access(), TokenKind("access"), id="another class"),
        pytest.param(HasRole("a"), HasRole("b"), id="another argument"),
        pytest.param(SingleUse(), SingleUse(consume=False), id="another option"),
    ],
)
def test_policies_that_mean_different_things_differ(one: Policy, other: Policy) -> None:
    assert one != other
    assert {one: 1}.get(other) is None


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: ClaimsMatch(a=[1, {"b": 2}]), id="unhashable values"),
        pytest.param(lambda: ClaimsMatch(a=contains({1, 2})), id="sets"),
        pytest.param(lambda: Access() & Fresh() | ~HasRole("x"), id="trees"),
        pytest.param(lambda: tenant("acme"), id="a factory's"),
    ],
)
def test_policies_that_mean_the_same_are_equal(make: Any) -> None:
    assert make() == make()
    assert hash(make()) == hash(make())
    assert make() != 3


def test_what_was_passed_in_can_change_without_changing_the_policy() -> None:
    wanted = ["a"]
    rule = ClaimsMatch(x=wanted)
    wanted.append("b")

    assert judged(rule, {"x": ["a"]}) == "ALLOW"


@pytest.mark.parametrize(
    "rule",
    [
        Fresh(within=300) & ~HasRole("guest"),
        (Access() | Fresh()) & Not(Not(Access())),
        AllOf(Access()),
        AnyOf(Access()),
        AtLeast(1, Access(), HasScope("a")),
        When(Access()).then(Fresh()),
        IsSubject("user") | Owns("owner"),
        IsSubject("user", of=Policy) | Owns("owner", of=Policy),
        ClaimsMatch({"a.b": contains("x")}, absent="mismatch"),
        ClaimsMatch(a=one_of(1, 2), b=view_arg("c"), d={"e": [1]}),
        ~(Access() & Fresh() & Access()),
    ],
    ids=repr,
)
def test_a_policy_prints_as_the_source_that_made_it(rule: Policy) -> None:
    import jwtpolicy

    again = eval(repr(rule), vars(jwtpolicy))
    assert (again, repr(again)) == (rule, repr(rule))


def test_three_of_a_kind_are_one_node() -> None:
    rule = Access() & Fresh() & HasRole("a")

    assert isinstance(rule, AllOf)
    assert len(rule.members) == 3


class Tenant(Policy):
    def __init__(self, name: str) -> None:
        self.name = name

    def decide(self, access: Any) -> Any:
        return access.token.claims["tenant"] == self.name


@dataclass(frozen=True)
class FrozenTenant(Policy):
    name: str

    async def decide(self, access: Any) -> Any:
        return access.token.claims["tenant"] == self.name


@pytest.mark.parametrize("kind", [Tenant, FrozenTenant, tenant], ids=lambda kind: kind.__name__)
def test_a_policy_of_ones_own(kind: Any) -> None:
    assert judged(kind("acme"), {"tenant": "acme"}) == "ALLOW"
    assert judged(~kind("acme"), {"tenant": "acme"}) == "FORBIDDEN"
    assert judged(kind("acme"), {"tenant": "evil"}) == "FORBIDDEN"
    assert judged(kind("acme")) == judged(~kind("acme")) == "MISSING_CLAIM"
    assert judged(kind("acme"), token=None) == judged(~kind("acme"), token=None) == "NO_TOKEN"
    assert kind("acme") == kind("acme") != kind("evil")


def test_a_subclass_of_a_policy_of_ones_own_is_frozen_too() -> None:
    class Narrow(Tenant):
        def __init__(self, name: str) -> None:
            super().__init__(name)
            self.extra = 1

    with pytest.raises(AttributeError):
        Narrow("a").extra = 2


ANSWERS = [
    pytest.param(True, "ALLOW", id="True"),
    pytest.param(False, "FORBIDDEN", id="False"),
    pytest.param(Outcome.ALLOW, "ALLOW", id="an outcome"),
    pytest.param(Outcome.NOT_FOUND, "NOT_FOUND", id="another outcome"),
    pytest.param(Outcome.PENDING, "ERROR", id="pending"),
    pytest.param(None, "ERROR", id="None"),
    pytest.param(1, "ERROR", id="1"),
    pytest.param("yes", "ERROR", id="text"),
    pytest.param(NotImplemented, "ERROR", id="NotImplemented"),
]


@pytest.mark.parametrize(("answer", "outcome"), ANSWERS)
def test_a_function_that_answers(answer: Any, outcome: str) -> None:
    """HTTP-11."""

    @policy
    def says(access: Any) -> Any:
        return answer

    @policy
    async def says_later(access: Any) -> Any:
        return answer

    assert judged(says) == judged(says_later) == outcome


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        pytest.param(ZeroDivisionError(), "ERROR", id="any exception"),
        pytest.param(StoreUnavailableError(), "ERROR", id="a store that is down"),
        pytest.param(NotImplementedError(), "ERROR", id="not implemented"),
    ],
)
def test_a_function_that_raises_refuses(error: Exception, outcome: str) -> None:
    """HTTP-11."""

    @policy
    def raises(access: Any) -> Any:
        raise error

    assert judged(raises) == judged(~raises) == outcome
    assert judged(Policy()) == "ERROR"


def test_a_function_that_forgets_to_await_refuses() -> None:
    async def slow(access: Any) -> bool:
        return True

    @policy
    def forgets(access: Any) -> Any:
        return slow(access)

    assert judged(forgets) == "ERROR"


def test_a_function_may_be_asked_without_a_token() -> None:
    @policy(needs_token=False)
    def local(access: Any) -> Any:
        return access.remote_addr == "127.0.0.1"

    assert judged(local, token=None, remote_addr="127.0.0.1") == "ALLOW"
    assert judged(local, token=None) == "FORBIDDEN"
    assert repr(local) == "local"


def test_a_denial_says_what_it_wants() -> None:
    @policy
    def limited(access: Any) -> Any:
        return access.deny("slow down", Outcome.RATE_LIMITED, retry_after=7)

    @policy
    def allows(access: Any) -> Any:
        return access.deny("?", Outcome.ALLOW)

    assert judged(limited) == "RATE_LIMITED"
    assert judged(allows) == "ERROR"


def test_a_function_waits_for_the_resource_even_if_it_swallows_that() -> None:
    from jwtpolicy.policy.request import NOT_LOADED

    @policy
    def reads(access: Any) -> Any:
        try:
            return access.resource.ok
        except AttributeError:
            return True
        except Exception:  # noqa: BLE001 # what a careless author writes
            return True

    @policy
    def lets_it_rise(access: Any) -> Any:
        return access.resource.ok

    @policy
    def does_not_read(access: Any) -> Any:
        return False

    assert judged(reads, resource=NOT_LOADED) == "PENDING"
    assert judged(lets_it_rise, resource=NOT_LOADED) == "PENDING"
    assert judged(~lets_it_rise, resource=NOT_LOADED) == "PENDING"
    assert judged(reads | does_not_read, resource=type("R", (), {"ok": True})) == "ALLOW"


def test_equal_leaves_are_asked_once() -> None:
    asked: list[int] = []

    @policy
    def counts(access: Any) -> bool:
        asked.append(1)
        return False

    assert judged((counts & Access()) | (counts & Fresh()) | ~counts) == "ALLOW"
    assert asked == [1]


def test_cheap_leaves_are_asked_first_and_none_in_vain() -> None:
    @policy
    def dear(access: Any) -> bool:
        raise AssertionError

    assert judged(dear | Access()) == "ALLOW"
    assert judged(Desk and (~Access() & Access())) == "FORBIDDEN"


def test_an_async_policy_is_not_called_without_the_token_that_it_needs() -> None:
    @policy
    async def never(access: AccessRequest) -> bool:
        raise AssertionError

    assert asyncio.run(never.judge_async(AccessRequest())).outcome is Outcome.NO_TOKEN


@policy
async def awaited(access: Any) -> bool:
    return True


@policy
def about_user(access: Any) -> bool:
    return access.user is not None


@pytest.mark.parametrize("rule", [awaited, about_user, SingleUse()], ids=repr)
def test_what_needs_an_application_says_how_to_ask_one(
    rule: Policy, caplog: pytest.LogCaptureFixture
) -> None:
    alone = AccessRequest(token=token("access"))

    decision = rule.evaluate(alone)

    assert decision.outcome is Outcome.ERROR
    assert decision.reason.startswith(f"{rule!r}: the AccessRequest was made without")
    assert ("jwt.explain" in decision.reason, caplog.records) == (True, [])
    assert judged(rule) == "ALLOW"
