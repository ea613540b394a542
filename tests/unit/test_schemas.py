"""Objects to claims and back."""

from __future__ import annotations

import uuid
from dataclasses import FrozenInstanceError, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from marshmallow import Schema, ValidationError, fields, post_load, validate

from jwtpolicy import ClaimSchema, NumericDate
from jwtpolicy.exceptions import InvalidTokenError, IssueError, SchemaError
from jwtpolicy.schemas import SchemaRegistry


@dataclass
class User:
    public_id: Any = "u1"
    roles: Any = ("admin",)
    team: Any = None
    since: Any = None


class TeamClaims(Schema):
    name = fields.String(required=True)


class UserClaims(ClaimSchema):
    sub = fields.String(attribute="public_id", required=True)
    roles = fields.List(fields.String(validate=validate.Length(min=1)), required=True)
    team = fields.Nested(TeamClaims, allow_none=True)
    since = NumericDate(allow_none=True)


@pytest.fixture
def registry() -> SchemaRegistry:
    found = SchemaRegistry()
    found.register(UserClaims, User)
    return found


def test_an_object_goes_into_claims_and_back(registry: SchemaRegistry) -> None:
    since = datetime(2026, 1, 2, tzinfo=UTC)
    dumped = registry.dump(User(team={"name": "blue"}, since=since), "access")

    assert (dumped.subject, dumped.schema) == ("u1", None)
    assert dumped.claims["since"] == int(since.timestamp())
    principal = registry.load({"sub": "u1", **dumped.claims, "unknown": 1}, "access")
    assert (principal.sub, principal.roles, principal.since) == ("u1", ["admin"], since)
    with pytest.raises(FrozenInstanceError):
        principal.sub = "u2"


def test_a_subclass_is_dumped_by_the_schema_of_its_base(registry: SchemaRegistry) -> None:
    class Admin(User):
        pass

    assert registry.dump(Admin(), "access").subject == "u1"


@pytest.mark.parametrize(
    ("user", "path"),
    [
        pytest.param(User(roles=None), "claims.roles", id="null for a list"),
        pytest.param(User(roles=[""]), "claims.roles.0", id="an element that does not fit"),
        pytest.param(User(team={}), "claims.team.name", id="a nested one is absent"),
        pytest.param(User(public_id=None), "claims.sub", id="no subject"),
        pytest.param(User(public_id=""), "sub has to be", id="an empty subject"),
        pytest.param(User(since=datetime(2026, 1, 2)), "claims.since", id="naive"),  # noqa: DTZ001
        pytest.param(object(), "claims_for", id="no schema"),
        pytest.param(True, "no claim schema", id="a flag"),
        pytest.param("", "no claim schema", id="nothing"),
    ],
)
def test_what_could_not_be_read_back_is_not_dumped(
    registry: SchemaRegistry, user: Any, path: str
) -> None:
    with pytest.raises(IssueError, match=path):
        registry.dump(user, "access")


@pytest.mark.parametrize(
    ("value", "path"),
    [
        pytest.param(Decimal(3), r"claims.x: Decimal", id="a Decimal"),
        pytest.param({"a": [1, {2}]}, r"claims.x.a\[1\]: set", id="a set deep inside"),
        pytest.param({3: 1}, "the name 3 is int", id="a name that is a number"),
        pytest.param(float("nan"), "claims.x: float", id="NaN"),
        pytest.param("\ud800", "claims.x: str", id="a lone surrogate"),
        pytest.param((1,), "claims.x: tuple", id="a tuple"),
    ],
)
def test_what_is_not_json_is_refused_with_its_path(
    registry: SchemaRegistry, value: Any, path: str
) -> None:
    class RawClaims(ClaimSchema):
        sub = fields.String(required=True)
        x = fields.Raw()

        class Meta:
            subject_prefix = "raw:"

    registry.register(RawClaims, dict)
    with pytest.raises(IssueError, match=path):
        registry.dump({"sub": "u", "x": value}, "access")
    assert registry.dump({"sub": "u", "x": [1]}, "access").claims == {"x": [1]}


@pytest.mark.parametrize("name", ["exp", "type", "sid", "scope", "cnf", "schema"])
def test_a_schema_cannot_define_what_the_library_writes(name: str) -> None:
    """CLAIM-10, S6."""
    with pytest.raises(SchemaError, match=name):
        type("Bad", (ClaimSchema,), {"sub": fields.String(), name: fields.Raw()})
    with pytest.raises(SchemaError, match=name):
        type("Bad", (ClaimSchema,), {"sub": fields.String(), "x": fields.Raw(data_key=name)})


@pytest.mark.parametrize(
    ("members", "why"),
    [
        pytest.param({"x": fields.Raw()}, "has to define sub", id="no subject"),
        pytest.param(
            {"sub": fields.String(), "Meta": type("Meta", (), {"version": 0})}, "version", id="zero"
        ),
        pytest.param(
            {"sub": fields.String(), "Meta": type("Meta", (), {"name": "a/b"})}, "slash", id="slash"
        ),
        pytest.param(
            {"sub": fields.String(), "Meta": type("Meta", (), {"subject_prefix": 5})},
            "subject_prefix is text",
            id="a number as prefix",
        ),
        pytest.param(
            {"sub": fields.String(), "Meta": type("Meta", (), {"subject_prefix": "a\n"})},
            "subject_prefix is text",
            id="a prefix that cannot be seen",
        ),
    ],
)
def test_a_schema_that_cannot_describe_a_token_fails_when_it_is_made(
    members: Any, why: str
) -> None:
    with pytest.raises(SchemaError, match=why):
        type("Bad", (ClaimSchema,), members)


@pytest.mark.parametrize(
    "register",
    [
        pytest.param(lambda r: r.register(Schema, User), id="another kind of schema"),
        pytest.param(lambda r: r.register(3, User), id="no schema"),
        pytest.param(lambda r: r.register(UserClaims, User()), id="no type"),
        pytest.param(lambda r: r.register(ClaimSchema, User), id="one without fields"),
        pytest.param(lambda r: r.register(UserClaims, User), id="one too many"),
        pytest.param(lambda r: r.register(UserClaims, str), id="one name twice"),
    ],
)
def test_a_registration_that_cannot_work_is_refused(
    registry: SchemaRegistry, register: Any
) -> None:
    with pytest.raises(SchemaError):
        register(registry)


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"sub": "u1"}, id="absent"),
        pytest.param({"sub": "u1", "roles": "admin"}, id="of another type"),
        pytest.param({"sub": "u1", "roles": [], "since": "now"}, id="not a date"),
        pytest.param({"sub": "u1", "roles": [], "since": 1e300}, id="a date too far"),
        pytest.param({"sub": "u1", "roles": [], "schema": "Other"}, id="of another schema"),
        pytest.param({"sub": "u1", "roles": [], "schema": "UserClaims/2"}, id="of a newer one"),
        pytest.param({"sub": "u1", "roles": [], "schema": "a/b/c"}, id="of no schema"),
    ],
)
def test_claims_that_do_not_load_make_the_token_invalid(
    registry: SchemaRegistry, claims: Any
) -> None:
    with pytest.raises(InvalidTokenError) as caught:
        registry.load(claims, "access")

    assert "admin" not in caught.value.reason
    assert registry.load({"sub": "u1", "roles": []}, "access").sub == "u1"


def test_a_validator_that_returns_false_fails() -> None:
    class Strict(ClaimSchema):
        sub = fields.String(required=True, validate=lambda value: value != "bad")
        more = fields.Dict(fields.String(validate=lambda key: key != "bad"), fields.Raw())

    registry = SchemaRegistry()
    registry.register(Strict, dict)
    assert registry.load({"sub": "good", "more": {"a": 1}}, "access").sub == "good"
    for claims in ({"sub": "bad"}, {"sub": "good", "more": {"bad": 1}}):
        with pytest.raises(InvalidTokenError):
            registry.load(claims, "access")


class Refusing(validate.Validator):
    """Has an attribute that looks like a mark of the library."""

    is_strict = True

    def __call__(self, value: Any) -> bool:
        return False


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        pytest.param(Refusing(), True, id="a validator of one's own"),
        pytest.param(validate.And(validate.Length(max=9), lambda value: False), "a", id="And"),
        pytest.param(lambda value: bool(value), 0, id="a falsy value"),
        pytest.param(validate.Equal(False), True, id="marshmallow's own"),
    ],
)
def test_a_validator_that_says_false_of_another_value_fails_wherever_it_stands(
    check: Any, bad: Any
) -> None:
    class Part(Schema):
        x = fields.Raw(validate=check)
        parts = fields.List(fields.Nested(lambda: Part()))

    class Strict(ClaimSchema):
        sub = fields.String(required=True)
        one = fields.Raw(validate=check)
        two = fields.Tuple((fields.Raw(validate=check),))
        three = fields.Nested(Part)
        four = fields.Pluck(Part, "x")

    registry = SchemaRegistry()
    registry.register(Strict, dict)
    nested: Any = {"parts": [{"parts": []}, {"x": bad}]}
    for claims in ({"one": bad}, {"two": [bad]}, {"three": {"x": bad}}, {"four": bad}):
        with pytest.raises(InvalidTokenError):
            registry.load({"sub": "u1", **claims}, "access")
    with pytest.raises(InvalidTokenError):
        registry.load({"sub": "u1", "three": nested}, "access")
    nested["parts"].pop()
    assert registry.load({"sub": "u1", "three": nested}, "access").three == nested


def test_an_async_validator_is_a_mistake_because_nobody_awaits_it() -> None:
    async def is_known(value: Any) -> bool:
        return False

    for check in (is_known, validate.And(is_known)):
        with pytest.raises(SchemaError, match="async"):
            type(
                "Later",
                (ClaimSchema,),
                {"sub": fields.String(required=True), "one": fields.Raw(validate=check)},
            )


@pytest.mark.parametrize(
    "check",
    [
        validate.Equal(False),
        validate.OneOf([False, True]),
        validate.And(validate.Equal(False)),
        lambda value: value,
    ],
)
def test_a_validator_that_returns_the_value_accepts_false(check: Any) -> None:
    class Flags(ClaimSchema):
        sub = fields.String(required=True)
        banned = fields.Boolean(required=True, validate=check)

    class More(Flags):
        pass

    registry = SchemaRegistry()
    registry.register(More, dict)
    assert registry.load({"sub": "u1", "banned": False}, "access").banned is False


def test_a_post_load_makes_the_object_and_may_not_explode() -> None:
    class Making(ClaimSchema):
        sub = fields.String(required=True)

        @post_load
        def make(self, data: Any, **kwargs: Any) -> Any:
            if data["sub"] == "boom":
                raise ZeroDivisionError
            return ("made", data["sub"])

    registry = SchemaRegistry()
    registry.register(Making, dict)
    assert registry.load({"sub": "u1"}, "access") == ("made", "u1")
    with pytest.raises(InvalidTokenError):
        registry.load({"sub": "boom"}, "access")


def test_several_schemas_are_told_apart_by_a_claim(registry: SchemaRegistry) -> None:
    class MachineClaims(ClaimSchema):
        sub = fields.String(required=True)

        class Meta:
            name = "machine"
            subject_prefix = "m:"

    registry.register(MachineClaims, dict)
    dumped = registry.dump({"sub": "m1"}, "access")

    assert dumped.schema == "machine"
    assert registry.dump(User(), "access").schema == "UserClaims"
    assert registry.load({"sub": "m:m1", "schema": "machine"}, "access").sub == "m1"
    with pytest.raises(InvalidTokenError, match="which schema"):
        registry.load({"sub": "m1"}, "access")


def test_an_older_version_is_upgraded() -> None:
    class Grown(ClaimSchema):
        sub = fields.String(required=True)
        roles = fields.List(fields.String(), required=True)

        class Meta:
            version = 2

        def upgrade(self, claims: dict[str, Any], version: int) -> dict[str, Any]:
            return {**claims, "roles": [claims["role"]]}

    registry = SchemaRegistry()
    registry.register(Grown, dict)

    assert registry.dump({"sub": "u", "roles": []}, "access").schema == "Grown/2"
    assert registry.load({"sub": "u", "role": "a"}, "access").roles == ["a"]
    assert registry.load({"sub": "u", "roles": [], "schema": "Grown/2"}, "access").roles == []


def test_an_older_version_that_nobody_upgrades_is_refused() -> None:
    class Grown(ClaimSchema):
        sub = fields.String(required=True)

        class Meta:
            version = 2

    registry = SchemaRegistry()
    registry.register(Grown, dict)
    with pytest.raises(InvalidTokenError):
        registry.load({"sub": "u"}, "access")
    with pytest.raises(ValidationError):
        Grown().upgrade({}, 1)


def test_a_schema_can_be_for_one_kind_of_token(registry: SchemaRegistry) -> None:
    class InviteClaims(ClaimSchema):
        sub = fields.String(attribute="public_id", required=True)

    class RefreshClaims(ClaimSchema):
        sub = fields.String(attribute="public_id", required=True)

    registry.register(InviteClaims, User, "invite")
    registry.register(RefreshClaims, User, "refresh")

    assert registry.dump(User(), "invite").claims == {}
    assert "roles" in registry.dump(User(), "access").claims
    assert registry.load({"sub": "u1"}, "invite").sub == "u1"
    assert registry.load({"sub": "u1"}, "refresh").sub == "u1"


def test_a_refresh_token_without_claims_is_its_subject(registry: SchemaRegistry) -> None:
    assert registry.load({"sub": "u1"}, "refresh") == "u1"
    assert registry.load({"sub": "u1", "roles": []}, "refresh").sub == "u1"


def test_plain_users_are_their_subject() -> None:
    registry, number = SchemaRegistry(), uuid.uuid4()

    assert [registry.dump(user, "access").subject for user in ("a", 7, number)] == [
        "a",
        "7",
        str(number),
    ]
    assert registry.load({"sub": "a"}, "access") == "a"


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        pytest.param(datetime(1970, 1, 2, tzinfo=UTC), 86_400, id="whole"),
        pytest.param(datetime(1970, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC), 0.5, id="a fraction"),
        pytest.param(None, None, id="none"),
    ],
)
def test_a_numeric_date(moment: Any, seconds: Any) -> None:
    class Dated(Schema):
        at = NumericDate(allow_none=True)

    assert Dated().dump({"at": moment}) == {"at": seconds}
    assert Dated().load({"at": seconds}) == {"at": moment}


def test_a_schema_can_grow_out_of_another() -> None:
    class Base(ClaimSchema):
        sub = fields.String(required=True, validate=lambda value: value != "bad")

    class Child(Base):
        more = fields.Integer(strict=True)

    registry = SchemaRegistry()
    registry.register(Child, dict)
    assert registry.load({"sub": "good", "more": 1}, "access").more == 1
    with pytest.raises(InvalidTokenError):
        registry.load({"sub": "bad"}, "access")


def test_what_a_schema_made_can_be_dumped_again(registry: SchemaRegistry) -> None:
    """An absent claim stays absent, and one that is null stays null."""

    class Member:
        pass

    class MemberClaims(ClaimSchema):
        sub = fields.String(attribute="number", required=True)
        nick = fields.String(allow_none=True)
        team = fields.String()

        class Meta:
            subject_prefix = "member:"

    registry.register(MemberClaims, Member)
    claims = {"sub": "member:7", "nick": None, "schema": "MemberClaims"}
    dumped = registry.dump(registry.load(claims, "access"), "access")

    assert (dumped.subject, dumped.claims) == ("member:7", {"nick": None})
    assert registry.subject_of(registry.load(claims, "access")) == "member:7"


class Role:
    """A role, as models are that define no text."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<Role {self.name}>"


@dataclass
class Office:
    name: str


class Number(int):
    """As ids of some databases are, which say no text of their own."""


class Named(Role):
    def __repr__(self) -> str:
        return self.name


class Titled(Role):
    def __str__(self) -> str:
        return self.name


class Team(Schema):
    lead = fields.String()


class WithRoles(ClaimSchema):
    sub = fields.String(required=True)
    roles = fields.List(fields.String())
    team = fields.Nested(Team)


@pytest.mark.parametrize(
    ("more", "path"),
    [
        pytest.param({"roles": [Role("admin")]}, "roles", id="in a list"),
        pytest.param({"roles": ["a", Role("b")]}, "roles", id="beside text"),
        pytest.param({"team": {"lead": Role("ada")}}, "lead", id="nested"),
        pytest.param({"sub": Role("u1")}, "sub", id="the subject"),
    ],
)
def test_an_object_without_a_text_of_its_own_is_no_claim(more: dict[str, Any], path: str) -> None:
    """K37: `<Role object at 0x7f…>` is no role, and tells where it lay in memory."""
    registry = SchemaRegistry()
    registry.register(WithRoles, SimpleNamespace)

    with pytest.raises(IssueError, match=rf"claims.{path}: Role has no text of its own"):
        registry.dump(SimpleNamespace(**{"sub": "u1", **more}), "access")


def test_an_object_that_shows_its_fields_is_no_claim() -> None:
    """K37."""
    registry = SchemaRegistry()
    registry.register(WithRoles, SimpleNamespace)

    with pytest.raises(IssueError, match=r"claims.roles: Office has no text of its own"):
        registry.dump(SimpleNamespace(sub="u1", roles=[Office("a")]), "access")


def test_an_object_that_says_its_text_is_a_claim() -> None:
    registry = SchemaRegistry()
    registry.register(WithRoles, SimpleNamespace)
    roles = [Titled("admin"), "b", 3, Number(4), Named("c")]
    user = SimpleNamespace(sub=Number(7), roles=roles, team={"lead": "ada"})

    dumped = registry.dump(user, "access")

    assert dumped.claims["roles"] == ["admin", "b", "3", "4", "c"]
    assert dumped.subject == "7"


def refuse(value: str) -> None:
    raise ValidationError(f"{value.upper()} is taken, and {value!r} too")


class WithMail(ClaimSchema):
    sub = fields.String(required=True)
    age = fields.Integer(required=True)
    mail = fields.String(validate=refuse)
    names = fields.List(fields.String(validate=validate.Length(min=2)))


def test_an_issue_error_says_why_and_shows_no_value() -> None:
    """K37."""
    registry = SchemaRegistry()
    registry.register(WithMail, SimpleNamespace)
    user = SimpleNamespace(sub="u1", mail="ada@example.org", names=["b"])

    with pytest.raises(IssueError) as caught:
        registry.dump(user, "access")

    told = str(caught.value)
    assert "claims.age: Missing data for required field." in told
    assert "claims.mail: … is taken, and '…' too" in told
    assert "claims.names.0: Shorter than minimum length 2." in told
    assert "example" not in told.lower()
