"""A compiled schema loads what marshmallow loads, in the same order, and nothing else."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from marshmallow import EXCLUDE, INCLUDE, RAISE, Schema, fields, validate

from jwtpolicy import ClaimSchema, NumericDate
from jwtpolicy.exceptions import InvalidTokenError
from jwtpolicy.schemas import SchemaRegistry
from jwtpolicy.schemas.claim_loader import compile_loader
from jwtpolicy.tokens.claims import MAX_TIME

#: Alike to Python or to people, and never the same.
ATOMS: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 10**30, MAX_TIME, MAX_TIME + 1, 1.0, 0.5, -0.0),
    *(float("nan"), float("inf"), "", "a", "1", "true", "on", "null", "\ud800", "é", "u1"),
]
atoms = st.sampled_from(ATOMS)
values = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abcx"), inner, max_size=3)
    ),
    max_leaves=6,
)
unknowns = st.sampled_from([EXCLUDE, RAISE, INCLUDE])

FITTING: dict[type, Any] = {
    fields.String: st.text(max_size=3),
    fields.Integer: st.integers(),
    fields.Boolean: st.booleans(),
    fields.Float: st.floats(allow_nan=False, allow_infinity=False),
    NumericDate: st.integers(0, MAX_TIME),
}
PLAIN: list[Callable[..., Any]] = [
    *FITTING,
    lambda **options: fields.Integer(strict=True, **options),
    lambda **options: fields.Float(allow_nan=True, **options),
]
#: Those that stay with marshmallow, too.
ANY: list[Callable[..., Any]] = [
    *PLAIN,
    *(fields.Email, fields.UUID, fields.Raw, fields.DateTime, fields.Dict, fields.Decimal),
    lambda **options: fields.Boolean(truthy={"a", 1}, falsy={"", 0}, **options),
    lambda **options: fields.String(validate=validate.Length(max=2), **options),
]
defaults = st.sampled_from([None, "d", 7, [], list, dict])


@st.composite
def options(draw: Any, name: str) -> dict[str, Any]:
    """Draw what the field *name* is told, without taking the name of another."""
    choices = {
        "allow_none": draw(st.booleans()),
        "data_key": "" if name == "a" else f"{name}-key",
        "attribute": f"{name}_held",
        "metadata": {"about": name},
        **draw(st.sampled_from([{"required": True}, {"load_default": draw(defaults)}])),
    }
    chosen = draw(st.sets(st.sampled_from([*choices]), max_size=3))
    return {option: choices[option] for option in choices if option in chosen}


@st.composite
def field_of(draw: Any, makers: list[Callable[..., Any]], name: str, depth: int = 2) -> Any:
    """Draw a field of one of *makers*, or a list of them, or an object of them."""
    own = draw(options(name))
    shape = draw(st.sampled_from(["leaf", "leaf", "list", "object"])) if depth else "leaf"
    if shape == "leaf":
        return draw(st.sampled_from(makers))(**own)
    if shape == "list":
        return fields.List(draw(field_of(makers, name, depth - 1)), **own)
    inner = Schema.from_dict(draw(members(makers, depth - 1)))
    return fields.Nested(inner, unknown=draw(st.one_of(st.none(), unknowns)), **own)


@st.composite
def members(draw: Any, makers: list[Callable[..., Any]], depth: int = 2) -> dict[str, Any]:
    """Draw the fields of a schema."""
    names = draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True))
    return {name: draw(field_of(makers, name, depth)) for name in names}


#: Schemas that are compiled, and others.
schemas = st.one_of(members(PLAIN), members(ANY))


def _claim(name: str, field: Any) -> str:
    return name if field.data_key is None else str(field.data_key)


def fitting(field: Any) -> Any:
    """Draw values that *field* takes as they are."""
    if isinstance(field, fields.List):
        return st.lists(fitting(field.inner), max_size=3)
    if isinstance(field, fields.Nested):
        return fitting_all(field.schema.load_fields)
    kinds = [FITTING[cls] for cls in FITTING if isinstance(field, cls)]
    return kinds[0] if kinds else atoms


def fitting_all(declared: dict[str, Any]) -> Any:
    """Draw claims of which each fits its field."""
    return st.fixed_dictionaries(
        {_claim(name, field): fitting(field) for name, field in declared.items()}
    )


@st.composite
def claim_sets(draw: Any, declared: dict[str, Any]) -> dict[str, Any]:
    """Draw claims that mostly fit: some are something else, some are absent, some are too many."""
    claims = draw(fitting_all(declared))
    for name in draw(st.lists(st.sampled_from([*claims]), max_size=2)):
        claims[name] = draw(values)
    for name in draw(st.lists(st.sampled_from([*claims]), max_size=1)):
        del claims[name]
    return {**claims, **draw(st.dictionaries(st.sampled_from(["z", "a"]), values, max_size=1))}


@given(members(PLAIN), unknowns, st.data())
def test_claims_that_fit_are_loaded_as_marshmallow_does(
    declared: dict[str, Any], unknown: Any, data: Any
) -> None:
    schema = Schema.from_dict(declared)(unknown=unknown)
    load = compile_loader(schema)
    claims = data.draw(fitting_all(schema.load_fields))

    assert load is not None
    assert repr(load(claims)) == repr(schema.load(copy.deepcopy(claims)))


@given(schemas, unknowns, st.data())
def test_no_claims_are_loaded_otherwise_than_by_marshmallow(
    declared: dict[str, Any], unknown: Any, data: Any
) -> None:
    schema = Schema.from_dict(declared)(unknown=unknown)
    load = compile_loader(schema) or (lambda claims: None)
    claims = data.draw(claim_sets(declared))
    before = repr(claims)

    loaded = load(claims)

    assert loaded is None or repr(loaded) == repr(schema.load(claims))
    assert repr(claims) == before


def shapes(make: Callable[..., Any]) -> list[Any]:
    """Return fields of *make*, and lists and objects of them, with each default."""
    given: list[dict[str, Any]] = [
        {"load_default": default, "allow_none": allow_none}
        for default in (None, "d", list)
        for allow_none in (True, False)
    ]
    given += [{}, {"required": True}, {"allow_none": True, "required": True}]
    return [
        shape
        for options in given
        for shape in (
            make(**options),
            fields.List(make(), **options),
            fields.List(make(**options)),
            fields.Nested(Schema.from_dict({"a": make(**options)})),
        )
    ]


@pytest.mark.parametrize("make", ANY)
def test_all_atoms_in_all_shapes_are_loaded_as_marshmallow_does(make: Callable[..., Any]) -> None:
    found = [Schema.from_dict({"a": field})() for field in shapes(make)]
    loaders = [(schema, load) for schema in found if (load := compile_loader(schema))]
    given = [{"a": held} for atom in ATOMS for held in (atom, [atom], {"a": atom}, {}, [])]

    assert bool(loaders) is (make in PLAIN)
    for (schema, load), claims in product(loaders, [*given, {}, {"b": 1}]):
        loaded = load(claims)
        assert loaded is None or repr(loaded) == repr(schema.load(claims))


class User:
    """Somebody."""


@given(schemas, st.data())
@example({"a": fields.String(attribute="y"), "y": fields.String(attribute="a")}, None)
def test_a_registered_schema_makes_the_same_object_or_error_as_marshmallow_alone(
    declared: dict[str, Any], data: Any
) -> None:
    declared = {"sub": fields.String(required=True), **declared}
    compiled, slow = SchemaRegistry(), SchemaRegistry()
    for registry in (compiled, slow):
        registry.register(ClaimSchema.from_dict(declared), User)
    slow._entries[0]._compiled = None
    claims = data.draw(claim_sets(declared)) if data else {"sub": "u1", "a": "1", "y": "2"}
    claims = {**claims, "sub": "u1", "exp": 4_000_000_000}

    assert principal(compiled, claims) == principal(slow, claims)


def principal(registry: SchemaRegistry, claims: dict[str, Any]) -> str:
    """Return what *registry* makes of a token's claims: each attribute, or why there is none."""
    try:
        return repr(vars(registry.load(claims, "access")))
    except InvalidTokenError as error:
        return error.reason
