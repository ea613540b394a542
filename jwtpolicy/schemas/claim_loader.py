"""Compile schemas of plain fields into functions, several times as fast as `Schema.load`.

marshmallow looks at each option of each field again for every token. Here that is done once, when
the schema is registered; what is left is a table of names and JSON types.

The rule is closed. A schema is compiled only if all that runs when it loads is known to be
marshmallow's own code, with options that are known to change nothing; any other stays with
`Schema.load`. So does every set of claims that a compiled schema does not take at once: it returns
None, has had no side effect, and marshmallow says what is wrong. Only accepted values could differ,
and a property test compares them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import marshmallow
from marshmallow import EXCLUDE, ValidationError, missing
from marshmallow.fields import Boolean, Field, Float, Integer, List, Nested, String

from .claim_schema import Principals, tightened
from .fields import NumericDate

#: Loads claims; None: `Schema.load` has to decide.
Loader: TypeAlias = Callable[[dict[str, Any]], dict[str, Any] | None]
#: Turns a value of the right JSON type into what the field makes of it; None: that is not clear.
Reader: TypeAlias = Callable[[Any], Any]
#: How one field is loaded: the name in the claims, the name when loaded, the JSON type, the reader
#: of values of that type (None: they stay as they are), whether null is taken, and what makes the
#: value of an absent claim (None: nothing does, it is required).
_Row: TypeAlias = tuple[str, str, type, Reader | None, bool, Callable[[], Any] | None]

#: The field classes that are known, which are compared and not inherited from, and the JSON type
#: that each takes without a conversion. Others are converted, or refused, by marshmallow.
_KINDS: Final[Mapping[type, type]] = {
    String: str,
    tightened(String): str,
    Integer: int,
    Float: float,
    Boolean: bool,
    NumericDate: int,
    List: list,
    Nested: dict,
    tightened(Nested): dict,
}
#: The result for a field that cannot be compiled.
_UNKNOWN: Final = (None, None)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: The attributes of fields. A new version's option is unknown, so that nobody overlooks it.
_FIELD_STATE: Final = _words(
    "load_default dump_default attribute data_key validate validators pre_load post_load required "
    "allow_none load_only dump_only metadata error_messages parent name root strict as_string "
    "allow_nan inner only exclude nested many unknown _schema _tightened"
)
#: What schemas hold, and their options; ``additional``, ``context`` and
#: ``ordered`` are marshmallow 3's.
_SCHEMA_STATE: Final = _words(
    "declared_fields many only exclude load_only dump_only partial unknown fields load_fields "
    "dump_fields error_messages context ordered"
)
_SCHEMA_OPTIONS: Final = _words(
    "fields additional exclude include load_only dump_only dateformat datetimeformat timeformat "
    "render_module index_errors unknown register many ordered"
)
#: Methods that run when a field loads, or a schema.
_FIELD_METHODS: Final = _words(
    "deserialize _deserialize _validate _validate_missing _validated _format_num _load "
    "_test_collection"
)
_SCHEMA_METHODS: Final = _words(
    "load _do_load _deserialize _call_and_store _invoke_field_validators"
)
#: The modules of marshmallow's own code; a patched or wrapped method is of another module.
_HOMES: Final = frozenset({"marshmallow.fields", "marshmallow.schema", NumericDate.__module__})

#: The members that a subclass of `Schema` cannot define without changing what may run.
_RESERVED: Final = frozenset(
    {name for name in dir(marshmallow.Schema) if not name.startswith("__")}
    - {"Meta", "opts", "_declared_fields", "_hooks", "_abc_impl"}
    | {"__init__", "__new__", "__getattribute__", "__getattr__"}
)
#: Hooks that run when a schema dumps.
_DUMP_HOOKS: Final = frozenset({"pre_dump", "post_dump"})
#: Defaults that are called, and have no side effect.
_FACTORIES: Final = (list, dict)


def compile_principal(
    schema: marshmallow.Schema, principals: Principals | None
) -> Callable[[dict[str, Any]], Any] | None:
    """Compile a schema without ``post_load`` into a function from claims to its frozen object.

    The function returns None for claims that only ``schema.load`` can judge.

    Args:
        schema: The schema, as it stays: what is changed later is not seen.
        principals: The frozen objects that it loads, or None where a ``post_load`` makes them.

    Returns:
        The function, or None for a schema that cannot be compiled.
    """
    names = None if principals is None else principals.names
    load = None if names is None else compile_loader(schema, EXCLUDE, names)
    if principals is None or load is None:
        return None
    make = principals.filled

    def read(claims: dict[str, Any]) -> Any:
        loaded = load(claims)
        return None if loaded is None else make(loaded)

    return read


def compile_loader(
    schema: marshmallow.Schema,
    unknown: str | None = None,
    names: Mapping[str, str] | None = None,
) -> Loader | None:
    """Compile a schema into a function from claims to what ``schema.load`` returns for them.

    Args:
        schema: The schema.
        unknown: As `Schema.load` takes it: None for what the schema says.
        names: Other names of loaded values.

    Returns:
        The function, which returns None for claims that only ``schema.load`` can judge; or None
        for a schema that cannot be compiled.
    """
    if not _is_plain_schema(schema):
        return None
    rows: list[_Row] = []
    for name, field in schema.load_fields.items():
        row = _row(name, field, names or {})
        if row is None:
            return None
        rows.append(row)
    takes_others = (schema.unknown if unknown is None else unknown) == EXCLUDE
    return _loader(tuple(rows), None if takes_others else frozenset(row[0] for row in rows))


def _loader(rows: tuple[_Row, ...], only: frozenset[str] | None) -> Loader:
    def load(claims: dict[str, Any]) -> dict[str, Any] | None:
        if only is not None and not only.issuperset(claims):
            return None
        loaded = {}
        for claim, key, kind, read, is_nullable, default in rows:
            value = claims.get(claim, missing)
            if type(value) is kind:
                if read is not None:
                    value = read(value)
                    if value is None:
                        return None
            elif value is missing:
                if default is None:
                    return None
                value = default()
                if value is missing:
                    continue
            elif value is not None or not is_nullable:
                return None
            loaded[key] = value
        return loaded

    return load


def _row(name: str, field: Any, names: Mapping[str, str]) -> _Row | None:
    """Return the compiled row of one field, or None if it cannot be compiled."""
    kind, read = _reader(field)
    key = field.attribute or name
    default = field.load_default
    # A dotted name stands for objects in objects. A callable may count how often it is called.
    is_called = callable(default)
    if kind is None or "." in key or (is_called and not any(default is one for one in _FACTORIES)):
        return None
    make = None if field.required else default if is_called else lambda: default
    claim = name if field.data_key is None else field.data_key
    return claim, names.get(key, key), kind, read, bool(field.allow_none), make


def _reader(field: Any) -> tuple[type | None, Reader | None]:
    """Return the JSON type that a field accepts, and the reader of its values.

    The type is None where the field is not known.
    """
    kind = _KINDS.get(type(field))
    if kind is None or not _is_plain_field(field) or getattr(field, "num_type", kind) is not kind:
        return _UNKNOWN
    if kind is list:
        return _list_reader(field)
    if kind is dict:
        return _nested_reader(field)
    if kind is bool and not _takes_booleans(field):
        return _UNKNOWN
    if isinstance(field, NumericDate):
        return kind, _date_reader(field)
    return kind, _finite if kind is float else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _takes_booleans(field: Boolean) -> bool:
    """Whether True loads as True and False as False; applications may change these lists."""
    return True in field.truthy and False in field.falsy and False not in field.truthy


def _date_reader(field: NumericDate) -> Reader:
    def read(value: int) -> Any:
        try:
            return field._deserialize(value, None, None)
        except ValidationError:
            return None

    return read


def _list_reader(field: Any) -> tuple[type | None, Reader | None]:
    kind, read_item = _reader(field.inner)
    if kind is None:
        return _UNKNOWN

    def read(values: list[Any]) -> list[Any] | None:
        for value in values:
            if type(value) is not kind:
                return None
        if read_item is None:
            return values.copy()
        items = [read_item(value) for value in values]
        return None if any(item is None for item in items) else items

    return list, read


def _nested_reader(field: Any) -> tuple[type | None, Reader | None]:
    """Return the reader of a field whose schema is there already, not named or made by a call.

    Resolved too early, a name would not be known yet. Other faults of the field are raised when it
    is first used, as ever.
    """
    nested = field.nested
    schema_class = nested if isinstance(nested, type) else type(nested)
    if not issubclass(schema_class, marshmallow.Schema) or _redefines(schema_class):
        return _UNKNOWN
    if field.only is not None or field.exclude or field.many:
        return _UNKNOWN
    try:
        load = compile_loader(field.schema, field.unknown)
    except Exception:  # noqa: BLE001 # its first use raises it again
        return _UNKNOWN
    return _UNKNOWN if load is None else (dict, load)


def _is_plain_field(field: Field[Any]) -> bool:
    """Whether marshmallow's own code, and no validator or hook, runs when *field* loads."""
    held = vars(field)
    has_hooks = any(held.get(name) for name in ("validators", "pre_load", "post_load"))
    return held.keys() <= _FIELD_STATE and not has_hooks and _is_own(type(field), _FIELD_METHODS)


def _is_plain_schema(schema: marshmallow.Schema) -> bool:
    """Whether marshmallow's own code, and no hook, runs when *schema* loads one object."""
    if _redefines(type(schema)):
        return False
    has_hooks = any(hooks for tag, hooks in schema._hooks.items() if tag not in _DUMP_HOOKS)
    return (
        not has_hooks
        and _is_own(type(schema), _SCHEMA_METHODS)
        and vars(schema).keys() <= _SCHEMA_STATE
        and vars(schema.opts).keys() <= _SCHEMA_OPTIONS
        and schema.dict_class is dict
        and not schema.many
        and schema.partial is None
    )


def _redefines(schema: type[marshmallow.Schema]) -> bool:
    """Whether a base class that is no `Schema`, or a subclass, overrides a member of `Schema`."""
    added = (base for base in schema.__mro__ if not issubclass(marshmallow.Schema, base))
    return any(not _RESERVED.isdisjoint(vars(base)) for base in added)


def _is_own(cls: type, methods: frozenset[str]) -> bool:
    """Whether those of *methods* that *cls* has are neither patched nor wrapped."""
    found = [getattr(cls, name) for name in methods if hasattr(cls, name)]
    return all(getattr(one, "__globals__", {}).get("__name__") in _HOMES for one in found)
