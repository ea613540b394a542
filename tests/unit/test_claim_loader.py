"""What is compiled, what stays with marshmallow, and that nobody sees the difference."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from marshmallow import (
    EXCLUDE,
    INCLUDE,
    RAISE,
    Schema,
    ValidationError,
    fields,
    post_load,
    pre_dump,
    pre_load,
    validate,
    validates,
    validates_schema,
)

from jwtpolicy import ClaimSchema, NumericDate
from jwtpolicy.exceptions import InvalidTokenError, SchemaError
from jwtpolicy.schemas import SchemaRegistry
from jwtpolicy.schemas.claim_loader import compile_loader


class TeamClaims(Schema):
    name = fields.String(required=True)


class UserClaims(ClaimSchema):
    sub = fields.String(required=True)
    level = fields.Integer(strict=True)
    share = fields.Float(data_key="part")
    staff = fields.Boolean(load_default=False)
    since = NumericDate(allow_none=True)
    roles = fields.List(fields.String(), load_default=list)
    team = fields.Nested(TeamClaims, attribute="group")
    past = fields.List(fields.Nested(TeamClaims, unknown=EXCLUDE))


class User:
    """Somebody."""


CLAIMS = {
    "sub": "u1",
    "level": 3,
    "part": 0.5,
    "staff": True,
    "since": 1_800_000_000,
    "roles": ["admin"],
    "team": {"name": "blue"},
    "past": [{"name": "red", "since": 1}],
    "exp": 4_000_000_000,
}


def registered(schema: type[ClaimSchema]) -> SchemaRegistry:
    registry = SchemaRegistry()
    registry.register(schema, User)
    return registry


def test_claims_that_fit_are_loaded_without_marshmallow(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = registered(UserClaims)
    expected = UserClaims().load(copy.deepcopy(CLAIMS))
    monkeypatch.delattr(Schema, "load")

    user = registry.load(CLAIMS, "access")

    expected["team"] = expected.pop("group")
    assert vars(user) == expected
    assert list(vars(user)) == list(UserClaims._declared_fields)


@pytest.mark.parametrize("unknown", [EXCLUDE, RAISE, INCLUDE])
def test_claims_that_no_field_has_are_left_to_marshmallow(unknown: str) -> None:
    load = compile_loader(TeamClaims(), unknown)

    assert load is not None
    assert load({"name": "blue"}) == {"name": "blue"}
    assert load({"name": "blue", "x": 1}) == ({"name": "blue"} if unknown is EXCLUDE else None)


def test_the_empty_name_is_a_name() -> None:
    load = compile_loader(Schema.from_dict({"a": fields.String(data_key="")})())

    assert load is not None
    assert load({"": "x"}) == {"a": "x"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sub", None),
        ("level", True),
        ("level", 3.0),
        ("level", "3"),
        ("part", 1),
        ("part", float("nan")),
        ("staff", 1),
        ("staff", "true"),
        ("since", -1),
        ("since", 1.5),
        ("roles", "admin"),
        ("roles", [None]),
        ("roles", None),
        ("team", {"name": "blue", "x": 1}),
        ("team", {"name": 1}),
        ("team", {}),
        ("past", [{"name": "red"}, {}]),
        ("past", ["red"]),
    ],
)
def test_what_is_not_of_the_very_type_is_left_to_marshmallow(name: str, value: Any) -> None:
    load = compile_loader(UserClaims())

    assert load is not None
    assert load(CLAIMS) is not None
    assert load({**CLAIMS, name: value}) is None


def test_an_absent_required_claim_is_left_to_marshmallow() -> None:
    registry = registered(UserClaims)
    claims = {**CLAIMS, "team": {}}

    with pytest.raises(InvalidTokenError) as caught:
        registry.load(claims, "access")

    assert caught.value.reason == "the claims do not load: claims.team.name"


def test_what_is_absent_has_its_default_and_a_made_one_is_made_anew() -> None:
    registry = registered(UserClaims)

    one, other = (registry.load({"sub": "u1"}, "access") for _ in range(2))

    assert (one.level, one.staff, one.since, one.roles, one.team) == (None, False, None, [], None)
    assert one.roles is not other.roles


def test_who_changes_an_object_does_not_change_the_claims() -> None:
    claims = copy.deepcopy(CLAIMS)
    user = registered(UserClaims).load(claims, "access")

    user.roles.append("owner")
    user.team["name"] = "red"

    assert claims == CLAIMS


def test_what_numbers_become_is_what_marshmallow_makes_of_them() -> None:
    user = registered(UserClaims).load({**CLAIMS, "part": 1, "staff": 0}, "access")

    assert (type(user.share), user.share) == (float, 1.0)
    assert user.staff is False


class _Shouting(fields.String):
    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return super()._deserialize(value, *args, **kwargs).upper()


class _Sealed(Schema):
    name = fields.String()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.unknown = INCLUDE


class _Hooked(Schema):
    name = fields.String()

    @pre_load
    def shout(self, data: Any, **kwargs: Any) -> Any:
        return data


def _with(field: Any, **held: Any) -> Any:
    for name, value in held.items():
        setattr(field, name, value)
    return field


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(_Shouting(), id="a subclass"),
        pytest.param(fields.Email(), id="a class that is not known"),
        pytest.param(fields.String(validate=validate.Length(max=2)), id="validators"),
        pytest.param(_with(fields.String(), pre_load=[str.strip]), id="pre_load"),
        pytest.param(_with(fields.String(), post_load=[str.strip]), id="post_load"),
        pytest.param(_with(fields.String(), strip=True), id="an option that is not known"),
        pytest.param(_with(fields.String(), _deserialize=str), id="a method of its own"),
        pytest.param(fields.String(attribute="in.it"), id="a path"),
        pytest.param(fields.String(load_default=lambda: "made"), id="a default that is called"),
        pytest.param(fields.Boolean(truthy={"yes"}), id="other words for true"),
        pytest.param(fields.List(fields.Email()), id="a list of what is not known"),
        pytest.param(fields.Nested("TeamClaims"), id="a schema that is named"),
        pytest.param(fields.Nested(lambda: TeamClaims()), id="a schema that is made by a call"),
        pytest.param(fields.Nested(TeamClaims, only=["name"]), id="some fields of a schema"),
        pytest.param(fields.Nested(TeamClaims, many=True), id="many objects"),
        pytest.param(fields.Nested(TeamClaims(many=True)), id="a schema of many objects"),
        pytest.param(fields.Nested(_Sealed), id="a schema with an __init__"),
        pytest.param(fields.Nested(_Hooked), id="a schema with a hook"),
        pytest.param(fields.Pluck(TeamClaims, "name"), id="a member of an object"),
    ],
)
def test_a_schema_stays_with_marshmallow_for_the_sake_of(field: Any) -> None:
    twin = {"sub": fields.String(), "one": fields.String()}

    assert compile_loader(Schema.from_dict(twin)()) is not None
    assert compile_loader(Schema.from_dict({**twin, "one": field})()) is None


def test_an_instance_of_a_schema_may_be_nested() -> None:
    nested = fields.Nested(TeamClaims(unknown=EXCLUDE))
    load = compile_loader(Schema.from_dict({"team": nested})())

    assert load is not None
    assert load({"team": {"name": "blue", "x": 1}}) == {"team": {"name": "blue"}}


def test_what_is_wrong_with_a_nested_schema_is_said_when_it_is_used() -> None:
    async def judge(value: Any) -> bool:
        raise AssertionError(value)

    inner = Schema.from_dict({"name": fields.String(validate=judge)})  # type: ignore[arg-type]

    class Claims(ClaimSchema):
        sub = fields.String(required=True)
        team = fields.Nested(inner)

    registry = registered(Claims)

    with pytest.raises(InvalidTokenError) as caught:
        registry.load({"sub": "u1", "team": {"name": "blue"}}, "access")
    assert isinstance(caught.value.__cause__, SchemaError)


def _bare(*bases: type, **attributes: Any) -> type[Any]:
    return type(
        "Claims", (*bases, ClaimSchema), {"sub": fields.String(required=True), **attributes}
    )


def _wrapped(method: Callable[..., Any]) -> Any:
    @wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return method(*args, **kwargs)

    return wrapper


def _given(self: Any, data: Any, **kwargs: Any) -> Any:
    return data


OVERRIDABLE = [
    *("load", "_do_load", "_deserialize", "_invoke_field_validators", "_init_fields"),
    *("handle_error", "get_attribute", "on_bind_field", "__init__", "__getattribute__"),
]


@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param({"hook": pre_load(_wrapped(_given))}, id="pre_load"),
        pytest.param({"hook": post_load(_wrapped(_given))}, id="post_load"),
        pytest.param({"hook": validates("sub")(_wrapped(_given))}, id="validates"),
        pytest.param({"hook": validates_schema(_wrapped(_given))}, id="validates_schema"),
        *(pytest.param({name: _wrapped(getattr(Schema, name))}, id=name) for name in OVERRIDABLE),
        pytest.param({"dict_class": type("Own", (dict,), {})}, id="dict_class"),
        pytest.param({"Meta": type("Meta", (ClaimSchema.Meta,), {"many": True})}, id="many"),
    ],
)
def test_a_schema_class_stays_with_marshmallow_for_the_sake_of(attributes: dict[str, Any]) -> None:
    mixin = type("Mixin", (), attributes)

    assert compile_loader(_bare()()) is not None
    assert compile_loader(_bare(**attributes)()) is None
    assert compile_loader(_bare(mixin)()) is None


def test_hooks_of_dumping_and_methods_of_its_own_do_not_matter() -> None:
    load = compile_loader(_bare(hook=pre_dump(_wrapped(_given)), helper=_given)(), EXCLUDE)

    assert load is not None
    assert load(CLAIMS) == {"sub": "u1"}


@pytest.mark.parametrize(
    "held",
    [{"many": True}, {"partial": True}, {"partial": ["sub"]}, {"strip": True}],
    ids=str,
)
def test_an_instance_stays_with_marshmallow_that_was_told(held: dict[str, Any]) -> None:
    assert compile_loader(_with(_bare()(), **held)) is None


def test_an_option_of_meta_that_is_not_known_stays_with_marshmallow() -> None:
    schema = _bare()()
    schema.opts = copy.copy(schema.opts)
    schema.opts.strip = True

    assert compile_loader(schema) is None


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (fields.Field, "deserialize"),
        (fields.String, "_deserialize"),
        (fields.Integer, "_validated"),
        (fields.Field, "_validate"),
        (Schema, "_do_load"),
        (Schema, "_deserialize"),
        (ClaimSchema, "load"),
    ],
)
def test_who_wraps_a_method_of_marshmallow_is_asked(
    owner: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compile_loader(UserClaims()) is not None

    monkeypatch.setattr(owner, name, _wrapped(getattr(owner, name)))

    assert compile_loader(UserClaims()) is None


@pytest.mark.parametrize(
    ("cls", "name", "value"),
    [
        (fields.Integer, "num_type", float),
        (fields.Boolean, "truthy", {"yes"}),
        (fields.Boolean, "falsy", {"no"}),
        (fields.Boolean, "truthy", {0, 1}),
    ],
)
def test_who_changes_what_a_class_of_fields_takes_is_asked(
    cls: Any, name: str, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cls, name, value)

    assert compile_loader(UserClaims()) is None


def test_a_schema_is_as_it_was_when_it_was_registered() -> None:
    schema = _bare(level=fields.Integer())
    registry = registered(schema)

    schema._declared_fields["level"].required = True

    assert registry.load({"sub": "u1"}, "access").level is None


def test_two_attributes_of_one_value_are_both_filled() -> None:
    class Claims(ClaimSchema):
        sub = fields.String(required=True, attribute="key")
        key = fields.String(dump_only=True)

    user = registered(Claims).load({"sub": "u1"}, "access")

    assert (user.sub, user.key) == ("u1", "u1")


def test_a_post_load_makes_the_object_of_what_marshmallow_loaded() -> None:
    class Claims(UserClaims):
        @post_load
        def make(self, data: Any, **kwargs: Any) -> Any:
            if data["level"] > 3:
                raise ValidationError({"level": ["too high"]})
            return ("made", data["level"])

    registry = registered(Claims)

    assert registry.load(CLAIMS, "access") == ("made", 3)
    with pytest.raises(InvalidTokenError):
        registry.load({**CLAIMS, "level": 4}, "access")
