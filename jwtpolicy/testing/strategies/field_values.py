"""Draw values for the fields of a marshmallow schema, as they stand in objects that it dumps."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_interface
from typing import Any, Final, cast

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from marshmallow import ValidationError, fields, validate

from ...schemas import NumericDate
from ...schemas.claim_schema import declared_validators
from .json_documents import json_values
from .texts import texts

_FIRST: Final = datetime(1970, 1, 1)  # noqa: DTZ001 # hypothesis adds the time zone itself
_LAST: Final = datetime(2100, 1, 1)  # noqa: DTZ001 # as above

#: Draws the objects of a nested schema.
Objects = Callable[[Any], SearchStrategy[Any]]


def values_of(field: Any, objects: Objects) -> SearchStrategy[Any]:
    """Draw what *field* dumps, and loads again.

    Args:
        field: The field of a schema.
        objects: Draws objects of a nested schema.

    Raises:
        TypeError: The field is of a class for which no values are known.
    """
    listed = _chosen(field)
    found = _of_class(field, objects) if listed is None else listed
    return st.none() | found if field.allow_none else found


def _chosen(field: Any) -> SearchStrategy[Any] | None:
    """Return the values that a validator lists, if one does."""
    for validator in declared_validators(field):
        if isinstance(validator, validate.Equal):
            return st.just(validator.comparable)
        if isinstance(validator, validate.OneOf) and not _is_of_members(validator):
            return st.sampled_from(list(validator.choices)).filter(lambda one: _fits(field, one))
    return None


def _of_class(field: Any, objects: Objects) -> SearchStrategy[Any]:
    if isinstance(field, fields.Nested):
        return _nested(field, objects)
    if isinstance(field, fields.List):
        return st.lists(_members(field, objects), **_sizes(field, 3))
    if isinstance(field, fields.Mapping):
        return _mappings(field, objects)
    makers = [make for cls in type(field).__mro__ if (make := _PLAIN.get(cls)) is not None]
    if not makers:
        read = field.attribute or field.name
        msg = f"no values are known for {type(field).__name__}, the class of {field.name}: {read}=…"
        raise TypeError(msg)
    return makers[0](field).filter(lambda value: _fits(field, value))


def _fits(field: Any, value: object) -> bool:
    try:
        field._validate(value)
    except ValidationError:
        return False
    return True


def _is_of_members(validator: object) -> bool:
    """Whether a validator lists what a list may hold; marshmallow's is a kind of `OneOf`."""
    return isinstance(validator, validate.ContainsOnly)


def _members(field: Any, objects: Objects) -> SearchStrategy[Any]:
    for validator in declared_validators(field):
        if _is_of_members(validator):
            return st.sampled_from(list(validator.choices))
    return values_of(field.inner, objects)


def _nested(field: Any, objects: Objects) -> SearchStrategy[Any]:
    # A schema may be nested in itself.
    one = st.deferred(lambda: objects(field.schema))
    return st.lists(one, **_sizes(field, 2)) if field.many else one


def _mappings(field: Any, objects: Objects) -> SearchStrategy[Any]:
    names = texts() if field.key_field is None else values_of(field.key_field, objects)
    inner = field.value_field
    values = json_values() if inner is None else values_of(inner, objects)
    return st.dictionaries(names, values, **_sizes(field, 3))


def _sizes(field: Any, more: int) -> dict[str, Any]:
    """Return how long a value may be: at most *more* than it must, where nothing says so."""
    asked = [one for one in declared_validators(field) if isinstance(one, validate.Length)]
    least = max((one.equal or one.min or 0 for one in asked), default=0)
    most = [limit for one in asked if (limit := one.equal or one.max) is not None]
    return {"min_size": least, "max_size": min([least + more, *most])}


def _texts(field: Any) -> SearchStrategy[str]:
    for validator in declared_validators(field):
        if isinstance(validator, validate.Regexp):
            return st.from_regex(cast(re.Pattern[str], validator.regex))
    return texts(**_sizes(field, 20))


def _bounds(field: Any) -> dict[str, Any]:
    asked = [one for one in declared_validators(field) if isinstance(one, validate.Range)]
    least = [one.min for one in asked if one.min is not None]
    most = [one.max for one in asked if one.max is not None]
    return {"min_value": max(least, default=None), "max_value": min(most, default=None)}


_PLAIN: Final[Mapping[type, Callable[[Any], SearchStrategy[Any]]]] = {
    fields.String: _texts,
    fields.Email: lambda field: _host_names().map("somebody@{}".format),
    fields.Url: lambda field: _host_names().map("https://{}/".format),
    fields.UUID: lambda field: st.uuids(),
    fields.Integer: lambda field: st.integers(**_bounds(field)),
    fields.Float: lambda field: st.floats(allow_nan=False, allow_infinity=False, **_bounds(field)),
    fields.Decimal: lambda field: st.decimals(-1000, 1000, places=2),
    fields.Boolean: lambda field: st.booleans(),
    fields.DateTime: lambda field: st.datetimes(_FIRST, _LAST),
    fields.AwareDateTime: lambda field: _moments(),
    NumericDate: lambda field: _moments(),
    fields.Date: lambda field: st.dates(),
    fields.Time: lambda field: st.times(),
    fields.TimeDelta: lambda field: st.integers(0, 86_400).map(lambda n: timedelta(seconds=n)),
    fields.Enum: lambda field: st.sampled_from(list(field.enum)),
    fields.IP: lambda field: st.ip_addresses(),
    fields.IPv4: lambda field: st.ip_addresses(v=4),
    fields.IPv6: lambda field: st.ip_addresses(v=6),
    fields.IPInterface: lambda field: st.ip_addresses().map(ip_interface),
    fields.IPv4Interface: lambda field: st.ip_addresses(v=4).map(ip_interface),
    fields.IPv6Interface: lambda field: st.ip_addresses(v=6).map(ip_interface),
    fields.Raw: lambda field: json_values(),
}


def _host_names() -> SearchStrategy[str]:
    # RFC 2606 section 2: nobody ever has these.
    label = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=10)
    return label.map("{}.example".format)


def _moments() -> SearchStrategy[datetime]:
    return st.datetimes(_FIRST, _LAST, timezones=st.just(UTC))
