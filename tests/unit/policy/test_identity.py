"""What counts as one policy: what is proved to be one, and nothing else."""

from __future__ import annotations

import gc
import re
from collections import OrderedDict
from collections.abc import Callable
from copy import copy, deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum, Flag
from functools import cached_property
from typing import Any
from uuid import UUID

import pytest
from marshmallow import validate

from jwtpolicy import (
    Access,
    AllOf,
    AtLeast,
    ClaimsMatch,
    Fresh,
    HasRole,
    Not,
    Outcome,
    Policy,
    ResourceMatch,
    contains,
    one_of,
    policy,
    view_arg,
)
from jwtpolicy.exceptions import PolicyDefinitionError
from jwtpolicy.policy.matchers import literal
from tests.support.desk import judged


class Color(Enum):
    RED = 1
    BLUE = 2


class Right(Flag):
    READ = 1
    WRITE = 2


class StartsWith(validate.Validator):
    def __init__(self, text: str) -> None:
        self.prefix = text

    def __call__(self, value: Any) -> bool:
        return str(value).startswith(self.prefix)


class Even(validate.Range):
    def __call__(self, value: Any) -> bool:
        return bool(value % 2 == 0)


class Word(str):
    __slots__ = ()


@dataclass(frozen=True)
class Point:
    x: int
    label: str = field(default="", compare=False)


@policy
def tenant(access: Any, name: Any, *, strict: Any = False, cls: Any = None) -> bool:
    return bool(access.token.claims["tenant"] == name)


class Tenant(Policy):
    def __init__(self, *names: Any) -> None:
        self.names = names

    def decide(self, access: Any) -> bool:
        return access.token.claims["tenant"] in self.names


NAN = float("nan")
UID = "12345678-1234-5678-1234-567812345678"

DIFFERENT = [
    (validate.Range(min=0), validate.Range(max=0)),
    (validate.Range(min=0), validate.Range()),
    (validate.Range(min=0), validate.Range(min=0.0)),
    (validate.Range(min=1), validate.Range(min=1, min_inclusive=False)),
    (validate.Equal(False), validate.Equal(0)),
    (validate.OneOf(["a"]), validate.OneOf(["a"], error="no")),
    (validate.OneOf(["a"]), validate.ContainsOnly(["a"])),
    (validate.Regexp("a"), validate.Regexp("a", re.IGNORECASE)),
    (validate.Regexp("a"), validate.Regexp(b"a")),
    (validate.Predicate("isalpha"), validate.Predicate("isdigit")),
    (validate.URL(), validate.URL(schemes=["https"])),
    (validate.And(validate.Range(min=1)), validate.And(validate.Range(min=2))),
    (one_of(-1), one_of(-2)),
    (one_of(1, 2), one_of(1)),
    (contains(2**61), contains(1)),
    (contains([1]), contains([True])),
    (contains({1}), contains(frozenset({1}))),
    (contains((1,)), contains([1])),
    (literal("a"), contains("a")),
    (view_arg("a"), literal("a")),
    (Color.RED, Color.BLUE),
    (Color.RED, 1),
    (1, True),
    (1, 1.0),
    (0.0, -0.0),
    (UUID(UID), UID),
    ("a", b"a"),
    ({"a": 1}, {"a": True}),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=repr)
def test_what_means_something_else_is_another_policy(one: Any, other: Any) -> None:
    a, b = ClaimsMatch(x=one), ClaimsMatch(x=other)

    assert a != b
    assert (a & b).program.size == 2


SAME: list[Callable[[], object]] = [
    lambda: validate.Range(min=0, max=10, max_inclusive=False, error="no"),
    lambda: validate.OneOf(["a", 1], labels=["x"]),
    lambda: validate.OneOf({"a", "b"}),
    lambda: validate.OneOf({8, 0}),  # and {0, 8}, which is equal, come in two orders
    lambda: validate.NoneOf({8, 0}),
    lambda: validate.OneOf(range(3)),
    lambda: validate.NoneOf([{"a": [1]}]),
    lambda: validate.Regexp("a" * 300, re.IGNORECASE | re.MULTILINE),
    lambda: validate.Regexp(re.compile(b"a")),
    lambda: validate.Predicate("startswith", prefix="a"),
    lambda: validate.URL(relative=True, schemes=["ftp"]),
    lambda: validate.Email(),
    lambda: validate.Length(equal=3),
    lambda: validate.And(validate.Range(min=0), validate.Equal(1)),
    lambda: validate.And(validate.Range(min=0), len),
    lambda: validate.Equal(UUID(UID)),
    lambda: validate.Equal(re.compile("a")),
    lambda: one_of(10**5000),
    lambda: validate.Equal(Color.RED),
    lambda: validate.Equal([(1,), {1, 2}, set(), frozenset({3}), frozenset(), None, b"a", -0.5]),
    lambda: validate.Equal([float("nan"), float("-inf"), int]),
    lambda: one_of(-1, "a", {"a": [1, {"b": None}]}),
    lambda: contains(False),
    lambda: view_arg("a"),
    lambda: {"a": {"b": [1, 2.5]}, "c": ()},
]


@pytest.mark.parametrize("make", SAME)
def test_what_is_plain_all_the_way_down_is_one_policy_that_prints_as_its_source(make: Any) -> None:
    import jwtpolicy

    rule = ClaimsMatch(x=make())
    names = {**vars(validate), **vars(jwtpolicy), "UUID": UUID, "re": re, "Color": Color}

    assert rule == ClaimsMatch(x=make()) == eval(repr(rule), names)
    assert hash(rule) == hash(ClaimsMatch(x=make()))
    assert (rule & ~ClaimsMatch(x=make())).program.size == 1


ALONE: list[Callable[[], object]] = [
    lambda: Decimal("1.5"),
    lambda: datetime(2026, 1, 1, tzinfo=UTC),
    lambda: timedelta(seconds=1),
    lambda: Point(1),
    lambda: Word("a"),
    lambda: OrderedDict(a=1),
    lambda: [1, Decimal(1)],
    lambda: contains(Word("a")),
    lambda: one_of(Point(1, "x")),
    lambda: StartsWith("a"),
    lambda: Even(min=1),
    lambda: validate.And(StartsWith("a")),
    lambda: validate.And(lambda value: True),
    lambda: validate.Range(min=Decimal(1)),
    lambda: type("Narrow", (literal,), {})("a"),
]


@pytest.mark.parametrize("make", ALONE, ids=lambda make: repr(make())[:40])
def test_what_is_compared_by_the_code_of_others_equals_itself_alone(make: Any) -> None:
    value = make()

    assert ClaimsMatch(x=value) == ClaimsMatch(x=value)
    assert ClaimsMatch(x=value) != ClaimsMatch(x=make())
    assert (ClaimsMatch(x=value) & ClaimsMatch(x=make())).program.size == 2


def test_what_cannot_be_printed_exactly_says_so() -> None:
    shown = [StartsWith("a"), Decimal(1), lambda_in_and(), Even(min=1), Right.READ | Right.WRITE]

    assert [repr(ClaimsMatch(x=value)) for value in shown] == [
        "ClaimsMatch(x=StartsWith(…))",
        "ClaimsMatch(x=Decimal(…))",
        "ClaimsMatch(x=And(Range(min=0), function(…)))",
        "ClaimsMatch(x=Even(…))",
        "ClaimsMatch(x=Right(…))",
    ]


def lambda_in_and() -> validate.And:
    return validate.And(validate.Range(min=0), lambda value: True)


def test_a_validator_that_somebody_has_changed_does_not_print_as_if_it_were_made_so() -> None:
    changed, impossible = validate.Range(min=1), validate.Length(equal=1)
    changed.message_min = "no"
    impossible.min = 1

    assert repr(ClaimsMatch(x=changed)) == "ClaimsMatch(x=Range(…))"
    assert repr(ClaimsMatch(x=impossible)) == "ClaimsMatch(x=Length(…))"
    assert ClaimsMatch(x=changed) != ClaimsMatch(x=validate.Range(min=1))


def test_what_stands_for_an_object_keeps_it_so_that_the_next_is_another() -> None:
    """The `id` of an object that is gone is given to the next."""
    seen = set()
    for number in range(1000):
        seen.add(ClaimsMatch(x=StartsWith(str(number))).identity)
        gc.collect(0)

    assert len(seen) == 1000


@pytest.mark.parametrize("make", [lambda v: v, contains, validate.Equal, lambda v: one_of(v)])
def test_who_changes_what_was_passed_in_changes_nothing(make: Any) -> None:
    wanted = ["a", {"b": [1]}]
    rule = ClaimsMatch(x=make(wanted))
    before, said = repr(rule), judged(rule, {"x": ["a", {"b": [1]}]})
    wanted[1]["b"].append(2)  # type: ignore[index]

    assert repr(rule) == before
    assert judged(rule, {"x": ["a", {"b": [1]}]}) == said
    assert rule != ClaimsMatch(x=make(wanted))


def test_who_changes_a_validator_changes_nothing() -> None:
    among, within = validate.OneOf(["a"]), validate.And(validate.Range(max=1))
    rule = ClaimsMatch(x=among) | ClaimsMatch(x=within)
    among.choices.append("b")  # type: ignore[attr-defined]
    within.validators[0].max = 9  # type: ignore[attr-defined]

    assert judged(rule, {"x": "a"}) == judged(rule, {"x": 1}) == "ALLOW"
    assert judged(rule, {"x": "b"}) == judged(rule, {"x": 2}) == "MISSING_CLAIM"
    assert repr(rule) == "ClaimsMatch(x=OneOf(choices=['a'])) | ClaimsMatch(x=And(Range(max=1)))"


def cyclic() -> list[Any]:
    value: list[Any] = []
    value.append({"a": value})
    return value


def cyclic_validator() -> validate.Validator:
    found = validate.OneOf([1])
    found.choices.append(found)  # type: ignore[attr-defined]
    return found


def deep() -> Any:
    value: Any = 1
    for _ in range(5000):
        value = (value,)
    return value


@pytest.mark.parametrize("value", [cyclic, deep], ids=["cyclic", "deep"])
@pytest.mark.parametrize(
    "make",
    [
        lambda value: ClaimsMatch(x=value),
        lambda value: ClaimsMatch({"x": value}),
        lambda value: ResourceMatch(x=contains(value)),
        lambda value: ClaimsMatch(x=validate.Equal(value)),
        tenant,
        Tenant,
    ],
)
def test_a_value_that_holds_itself_is_no_argument(make: Any, value: Any) -> None:
    with pytest.raises(PolicyDefinitionError, match="holds itself"):
        make(value())


def test_a_validator_that_holds_itself_is_no_argument_but_one_twice_is() -> None:
    with pytest.raises(PolicyDefinitionError, match="OneOf that holds itself"):
        ClaimsMatch(x=cyclic_validator())
    same = [1]
    assert judged(ClaimsMatch(x=[same, same]), {"x": [[1], [1]]}) == "ALLOW"


def test_an_order_that_means_nothing_makes_no_other_policy() -> None:
    assert HasRole("a", "b") == HasRole("b", "a")
    assert ClaimsMatch(a=1, b=2) == ClaimsMatch({"b": 2, "a": 1})
    assert ClaimsMatch(x={"a": 1, "b": 2}) == ClaimsMatch(x={"b": 2, "a": 1})


def test_a_timedelta_becomes_seconds_when_the_policy_is_made() -> None:
    class Recent(Fresh):
        def __init__(self, minutes: int) -> None:
            super().__init__(within=timedelta(minutes=minutes))

    rule = Fresh(within=timedelta(minutes=5), acr="gold")

    assert rule == Fresh(within=300, acr="gold") == Fresh(within=300.0, acr="gold")
    assert repr(rule) == "Fresh(within=300, acr='gold')"
    assert (repr(Fresh()), repr(Fresh(within=0.5))) == ("Fresh()", "Fresh(within=0.5)")
    assert Recent(5) == Recent(5) != Fresh(within=300)
    assert repr(Recent(5)) == "Recent(5)"


def test_functions_are_one_where_they_are_the_same_object() -> None:
    def made() -> Any:
        @policy
        def is_new(access: Any) -> bool:
            return True

        return is_new

    assert tenant("a", strict=True) == tenant(name="a", strict=True)
    assert tenant("a", strict=True) != tenant("a", strict=1) != tenant("a")
    assert repr(tenant("a", strict=True)) == "tenant('a', strict=True)"
    assert judged(tenant("a", strict=True, cls=Right), {"tenant": "a"}) == "ALLOW"
    assert made() != made()


@pytest.mark.parametrize("make", [tenant, Tenant])
def test_what_an_application_may_still_change_equals_itself_alone(make: Any) -> None:
    names = ["a"]
    rule = make(names)

    assert rule == make(names) != make(["a"])
    assert make(("a", frozenset({1}), Access())) == make(("a", frozenset({1}), Access()))
    assert make(validate.Range(min=1)) != make(validate.Range(min=1))


class Counts(Policy):
    def __init__(self) -> None:
        self.seen: dict[str, int] = {}


class HasSlot(Policy):
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class IsSet(Policy, set):  # type: ignore[type-arg]
    def __init__(self, *names: str) -> None:
        self.update(names)


class Remembers(Policy):
    @cached_property
    def answer(self) -> object:
        return object()


class Hashed(Policy):
    def __init__(self, name: str) -> None:
        super().__init__()
        hash(self)
        self.name = name


@dataclass(frozen=True)
class Compared(Policy):
    name: str = field(compare=False)

    def decide(self, access: Any) -> bool:
        return bool(access.token.claims["tenant"] == self.name)


class Closes(Policy):
    def __init__(self, name: str) -> None:
        self.decide = lambda access: name  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(Counts(), Counts(), id="a mutable attribute"),
        pytest.param(HasSlot("a"), HasSlot("b"), id="slots"),
        pytest.param(IsSet("a"), IsSet("b"), id="what its base holds"),
        pytest.param(Remembers(), Remembers(), id="a cached property"),
        pytest.param(Hashed("a"), Hashed("b"), id="asked while it is made"),
        pytest.param(Compared("a"), Compared("b"), id="fields that do not count"),
        pytest.param(Closes("a"), Closes("b"), id="a closure"),
        pytest.param(Tenant("a"), type("Other", (Tenant,), {})("a"), id="a subclass"),
    ],
)
def test_policies_of_an_application_that_may_differ_are_both_asked(one: Any, other: Any) -> None:
    assert one.identity != other.identity
    assert one.identity == one.identity
    assert AllOf(one, other).program.size == 2
    assert AllOf(one, one).program.size == 1


def test_policies_of_an_application_are_one_where_all_that_they_hold_is_plain() -> None:
    mixed = type("Tenant", (Tenant,), {})

    assert Tenant("a", Outcome.ALLOW, NAN) == Tenant("a", Outcome.ALLOW, NAN)
    assert Tenant(-1) != Tenant(-2)
    assert mixed("a") != Tenant("a")
    assert (Tenant("a") & ~Tenant("a")).program.size == 1


def test_copies_are_the_policy_that_they_are_copies_of() -> None:
    rule = Tenant("a")
    ranged = ClaimsMatch(x=validate.Range(min=0))

    assert copy(rule) == deepcopy(rule) == rule
    assert copy(ranged) == deepcopy(ranged) == ranged


@pytest.mark.parametrize("rule", [Remembers(), Hashed("a")], ids=repr)
def test_copies_of_what_may_differ_are_asked_beside_it(rule: Policy) -> None:
    assert rule.identity == rule.identity != copy(rule).identity
    assert deepcopy(Counts()) != Counts()


def test_matchers_are_frozen() -> None:
    for matcher, name in [(contains("a"), "arguments"), (view_arg("a"), "name")]:
        with pytest.raises(AttributeError, match="frozen"):
            setattr(matcher, name, "b")


def test_a_policy_in_a_policy_counts_as_itself() -> None:
    assert AtLeast(1, Tenant("a"), Not(Counts())) != AtLeast(1, Tenant("a"), Not(Counts()))
    assert AtLeast(1, Tenant("a"), Not(Access())) == AtLeast(1, Tenant("a"), Not(Access()))
    assert Tenant(Access()) == Tenant(Access()) != Tenant(Fresh())


def test_no_attribute_of_a_subclass_is_taken_for_what_tells_it_apart() -> None:
    class Is(Policy):
        def __init__(self, identity: str) -> None:
            self.identity = identity  # type: ignore[misc]

    with pytest.raises(PolicyDefinitionError, match="something else"):
        Is("ada")
    with pytest.raises(PolicyDefinitionError, match="something else"):
        type("Named", (Policy,), {"identity": "x"})


def test_a_matcher_is_no_policy_and_knows_only_its_kind() -> None:
    assert literal(1) != ClaimsMatch(x=1)
    assert literal(1) != 1
    assert {literal(1): "a"}[literal(1)] == "a"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: validate.OneOf(iter(["a"])), "iterator"),
        (lambda: validate.ContainsNoneOf(x for x in "ab"), "iterator"),
        (lambda: validate.Range(min=NAN), r"not float\('nan'\)"),
        (lambda: validate.Range(max=Decimal("NaN")), r"not Decimal\(…\)"),
        (lambda: validate.Range(min="a"), "not 'a'"),
        (lambda: validate.Range(max=datetime(2026, 1, 1, tzinfo=UTC)), "not datetime"),
        (lambda: validate.And(is_later), "async"),
        (lambda: IsLater(), "async"),
        (lambda: validate.And("a"), "cannot be called"),
        (lambda: lambda value: True, "not a value to match"),
        (lambda: CALLED, "not a value to match"),
    ],
)
def test_a_validator_that_could_never_answer_is_a_mistake(make: Any, why: str) -> None:
    with pytest.raises(PolicyDefinitionError, match=why):
        ClaimsMatch(x=make())


async def is_later(value: Any) -> bool:
    return False


class IsLater(validate.Validator):
    async def __call__(self, value: Any) -> bool:
        return False


class Called:
    def __call__(self, value: Any) -> bool:
        return True


CALLED = Called()


def test_a_validator_that_forgets_to_await_cannot_tell() -> None:
    rule = ClaimsMatch(x=validate.And(lambda value: is_later(value)))

    assert judged(rule, {"x": 1}) == judged(~rule, {"x": 1}) == "MISSING_CLAIM"


def test_a_subclass_asks_for_the_types_of_its_base_and_is_then_called() -> None:
    rule = ClaimsMatch(x=Even(min=100))

    assert [judged(rule, {"x": x}) for x in (2, 3)] == ["ALLOW", "FORBIDDEN"]
    assert judged(rule, {"x": True}) == judged(~rule, {"x": True}) == "MISSING_CLAIM"


def test_a_number_that_is_none_is_in_no_range() -> None:
    rule = ResourceMatch(price=validate.Range(max=10))

    assert judged(rule, resource={"price": NAN}) == "MISSING_CLAIM"
    assert judged(~rule, resource={"price": NAN}) == "MISSING_CLAIM"
    assert judged(rule, resource={"price": 9.5}) == "ALLOW"


def test_values_beyond_json_are_compared_by_their_own_type() -> None:
    rule = ResourceMatch(price=Decimal("1.5"))

    assert judged(rule, resource={"price": Decimal("1.50")}) == "ALLOW"
    assert judged(rule, resource={"price": Decimal(2)}) == "FORBIDDEN"
    assert judged(rule, resource={"price": 1.5}) == "MISSING_CLAIM"


def test_a_pattern_of_odd_text_prints_and_counts_as_that() -> None:
    rule = ClaimsMatch(x=validate.Regexp(re.compile(Word("odd"))))

    assert repr(rule) == "ClaimsMatch(x=Regexp(regex=re.compile(Word(…))))"
    assert rule != ClaimsMatch(x=validate.Regexp(re.compile("odd")))
    assert judged(rule, {"x": "odd"}) == "ALLOW"


def test_a_frozen_array_is_an_array() -> None:
    assert judged(ResourceMatch(tags=["a"]), resource={"tags": ("a",)}) == "ALLOW"
    assert judged(ResourceMatch(at=contains("a")), resource={"at": ("a", "b")}) == "ALLOW"
