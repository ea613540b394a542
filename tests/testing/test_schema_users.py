"""The users that the kit draws: whatever a schema says of them, they fit it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError, fields, validate

from jwtpolicy import ClaimSchema, NumericDate
from jwtpolicy.exceptions import IssueError
from jwtpolicy.schemas import SchemaRegistry
from jwtpolicy.testing.strategies import claims, users


class Level(Enum):
    LOW = 1
    HIGH = 2


@dataclass
class User:
    """A user of an application."""

    id: Any
    roles: list[str]
    profile: Any
    password: str = ""


class UserClaims(ClaimSchema):
    sub = fields.String(attribute="id", required=True)
    roles = fields.List(fields.String(validate=validate.OneOf(["a", "b"])), required=True)
    name = fields.String(attribute="profile.name", allow_none=True)
    city = fields.String(attribute="profile.address.city", required=True)


@given(users(UserClaims, User))
def test_tokens_can_be_issued_for_users(user: User) -> None:
    registry = SchemaRegistry()
    registry.register(UserClaims, User)

    assert registry.dump(user, "access").claims["city"] == user.profile.address.city


def test_users_have_what_is_said_of_them() -> None:
    drawn = find(users(UserClaims, User, id=st.integers(7, 9), password="p"), lambda user: True)

    assert (drawn.id, drawn.password) == (7, "p")


@dataclass
class Keeper:
    """A user with a name that stands in no token."""

    id: int
    name: str


class KeeperClaims(ClaimSchema):
    sub = fields.Integer(attribute="id", required=True)


def test_what_a_user_needs_beside_the_claims_is_asked_for() -> None:
    needs = r"Keeper needs name, which no field of KeeperClaims reads: give name=…"
    with pytest.raises(TypeError, match=needs):
        users(KeeperClaims, Keeper)

    drawn = find(users(KeeperClaims, Keeper, name=st.just("mila")), lambda user: True)
    assert drawn.name == "mila"


def test_what_a_user_does_not_take_is_named() -> None:
    with pytest.raises(TypeError, match="Keeper does not take station, which KeeperClaims reads"):
        users(KeeperClaims, Keeper, name="mila", station="north")

    named = partial(Keeper, name="mila")
    assert find(users(KeeperClaims, named, id=7), lambda user: True) == Keeper(7, "mila")


@pytest.mark.parametrize("make", [dict, lambda **found: found], ids=["in C", "any name"])
def test_a_maker_may_take_whatever_it_is_given(make: Any) -> None:
    schema = ClaimSchema.from_dict({"sub": fields.Integer(required=True)})

    assert find(users(schema, make, name="mila"), lambda user: True)["name"] == "mila"


class TeamClaims(ClaimSchema):
    sub = fields.String(required=True)
    members = fields.List(fields.String(), validate=validate.ContainsOnly(["ada", "bob"]))


@given(users(TeamClaims))
def test_what_a_list_may_hold_is_drawn_as_a_list(user: Any) -> None:
    assert isinstance(user.members, list)


@given(users(UserClaims))
def test_users_of_no_type_are_plain_objects(user: Any) -> None:
    assert user.roles == UserClaims().dump(user)["roles"]


#: Each kind of field that can be a claim.
FIELDS: list[Any] = [
    fields.String(),
    fields.String(allow_none=True),
    fields.String(validate=validate.Length(min=30)),
    fields.String(validate=validate.Length(max=2)),
    fields.String(validate=validate.Regexp(r"[a-c]+[0-9]$")),
    fields.String(validate=[validate.OneOf(["red", "blue"]), validate.Length(max=3)]),
    fields.String(validate=validate.Equal("red")),
    fields.Email(),
    fields.Url(),
    fields.UUID(),
    fields.Integer(validate=validate.Range(3, 9, min_inclusive=False)),
    fields.Integer(validate=validate.Range(max=0)),
    fields.Float(),
    fields.Decimal(as_string=True),
    fields.Boolean(),
    fields.DateTime(),
    fields.DateTime(format="timestamp"),
    fields.AwareDateTime(),
    NumericDate(),
    fields.Date(),
    fields.Time(),
    fields.TimeDelta(),
    fields.Enum(Level),
    fields.Enum(Level, by_value=True),
    fields.IP(),
    fields.IPv4(),
    fields.IPv6(),
    fields.IPInterface(),
    fields.IPv4Interface(),
    fields.IPv6Interface(),
    fields.Raw(),
    fields.Dict(),
    fields.Dict(keys=fields.String(), values=fields.Integer()),
    fields.List(fields.Integer(), validate=validate.Length(equal=2)),
    fields.List(fields.String(), validate=validate.ContainsOnly(["a", "b"])),
    fields.Nested(UserClaims),
    fields.Nested(UserClaims, only=["city"], many=True, validate=validate.Length(min=1)),
    fields.Pluck(UserClaims, "sub"),
    fields.Constant("always"),
]


def name_of(field: Any) -> str:
    return f"{type(field).__name__}{FIELDS.index(field)}"


@pytest.mark.parametrize("field", FIELDS, ids=name_of)
def test_every_field_that_can_be_a_claim_has_values(field: Any) -> None:
    schema = ClaimSchema.from_dict({"sub": fields.String(required=True), "x": field})

    @settings(max_examples=20)
    @given(users(schema))
    def fits(user: Any) -> None:
        assert schema().load(schema().dump(user))["sub"] == user.sub

    fits()


class Tree(ClaimSchema):
    sub = fields.String(required=True)
    below = fields.Nested(lambda: Tree, many=True)
    beside = fields.Nested(lambda: Tree)


@given(claims(Tree))
def test_a_schema_may_be_nested_in_itself(drawn: dict[str, Any]) -> None:
    assert Tree().load(drawn)


class Unheard(fields.Field):  # type: ignore[type-arg] # generic in marshmallow 4 only
    """A field that only its application knows."""


class OddClaims(ClaimSchema):
    sub = fields.String(required=True)
    odd = Unheard(attribute="oddity", required=True)
    team = fields.Function(lambda user: user.teams[0])


def test_a_field_that_nobody_knows_is_named() -> None:
    with pytest.raises(TypeError, match="known for Unheard, the class of odd: oddity=…"):
        users(OddClaims)


def test_what_no_field_tells_can_be_said() -> None:
    drawn = find(users(OddClaims, oddity=7, teams=[["red"]]), lambda user: True)

    assert OddClaims().dump(drawn) == {"sub": drawn.sub, "odd": 7, "team": ["red"]}


class Positive(fields.Integer):
    """A field of the application's own, which is one of marshmallow's too."""

    def _validated(self, value: Any) -> Any:
        number = super()._validated(value)
        if number is not None and number <= 0:
            raise ValidationError("Not positive.")
        return number


@given(users(ClaimSchema.from_dict({"sub": fields.String(required=True), "n": Positive()})))
def test_whom_a_schema_refuses_is_not_drawn(user: Any) -> None:
    assert user.n > 0


class PriceClaims(ClaimSchema):
    sub = fields.String(required=True)
    price = fields.Decimal(required=True)


def test_a_claim_that_is_no_json_is_named() -> None:
    with pytest.raises(IssueError, match=r"claims\.price: Decimal is not JSON"):
        find(users(PriceClaims), lambda user: True)


@pytest.mark.parametrize(
    "wrong", [User, UserClaims(), "UserClaims"], ids=["type", "object", "name"]
)
def test_a_schema_is_a_class_of_claim_schemas(wrong: Any) -> None:
    with pytest.raises(TypeError, match="a subclass of ClaimSchema, not"):
        users(wrong)
    with pytest.raises(TypeError, match="a subclass of ClaimSchema, not"):
        claims(wrong)
