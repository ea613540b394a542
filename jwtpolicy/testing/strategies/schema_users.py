"""Draw users whose claims fit a schema, and the claims of such users."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from inspect import Parameter
from types import SimpleNamespace
from typing import Any, Final, TypeVar, overload

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from marshmallow import EXCLUDE, ValidationError, fields

from ...exceptions import PolicyDefinitionError, expect
from ...parsing.signatures import signature_of
from ...schemas import ClaimSchema
from ...schemas.claim_schema import claim_name
from ...schemas.json_values import check_json
from ...tokens.claims import MAX_ID, is_storable
from .field_values import values_of

User = TypeVar("User")

#: Fields that name no attribute which they read.
_WITHOUT_ATTRIBUTE: Final = (fields.Function, fields.Method, fields.Constant)


@overload
def users(schema: type[ClaimSchema], /, **attributes: Any) -> SearchStrategy[SimpleNamespace]: ...
@overload
def users(
    schema: type[ClaimSchema], make: Callable[..., User], /, **attributes: Any
) -> SearchStrategy[User]: ...
def users(
    schema: type[ClaimSchema], make: Callable[..., Any] = SimpleNamespace, /, **attributes: Any
) -> SearchStrategy[Any]:
    """Draw users whose claims fit *schema*: ``users(UserClaims, User)``.

    Each attribute that a field reads has a value for that field: all fields of marshmallow are
    known, with its own validators. What a ``Function`` or a ``Method`` reads, no field tells, nor
    what *make* needs beside: ``users(UserClaims, User, name=st.text())``.

    Args:
        schema: The claim schema.
        make: The type of the users, or a function that takes their attributes by name.
        attributes: Values of attributes, or strategies for them: of those that no field tells, and
            of those that have to be more than the field asks for, as ``id=st.integers(1, 9)``.

    Raises:
        TypeError: *schema* is no `ClaimSchema`, or a field is of a class for which no values are
            known, and *attributes* has none for it; or *make* needs what no field reads, or does
            not take what one reads.
    """
    found = _checked(schema)
    given = {name: strategy_of(value) for name, value in attributes.items()}
    drawn = {**_attributes(found, known=given.keys()), **given}
    _check_maker(make, schema, {path.partition(".")[0] for path in drawn})
    made = st.fixed_dictionaries(drawn).map(lambda values: make(**_nested(values)))
    return made.filter(lambda user: _is_readable(found, user))


def schema_claims(schema: type[ClaimSchema]) -> SearchStrategy[dict[str, Any]]:
    """Draw the claims of users of *schema*; those that are not required may be absent.

    Raises:
        TypeError: *schema* is no `ClaimSchema`, or a field is of a class for which no values are
            known.
    """
    found = _checked(schema)
    readable = _objects(found).filter(lambda user: _is_readable(found, user))
    return readable.map(lambda user: dict(found.dump(user)))


def _checked(schema: type[ClaimSchema]) -> ClaimSchema:
    expect(schema, type(ClaimSchema), "a schema of claims is a subclass of ClaimSchema")
    return schema()


def strategy_of(value: Any) -> SearchStrategy[Any]:
    """Return a strategy for *value*, where it is none itself."""
    return value if isinstance(value, SearchStrategy) else st.just(value)


def _check_maker(make: Callable[..., Any], schema: type[ClaimSchema], names: set[str]) -> None:
    """Refuse to make users by *make* where it does not take precisely these *names*.

    Raises:
        TypeError: It needs one that is not among them, or does not take one that is.
    """
    label, title = getattr(make, "__name__", repr(make)), schema.__name__
    needed, taken = _parameters(make, names)
    if missing := [name for name in needed if name not in names]:
        given = ", ".join(f"{name}=…" for name in missing)
        msg = (
            f"{label} needs {' and '.join(missing)}, which no field of {title} reads: "
            f"give {given}, a value or a strategy: users({title}, {label}, {given})"
        )
        raise TypeError(msg)
    if strange := sorted(names.difference(taken)):
        msg = (
            f"{label} does not take {' and '.join(strange)}, which {title} reads or you give: "
            f"in place of {label}, give a function that does, and makes a user"
        )
        raise TypeError(msg)


def _parameters(make: Callable[..., Any], names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the names that *make* needs, and those that it takes; of *names* if it takes any."""
    try:
        found = signature_of(make).parameters.values()
    except (
        PolicyDefinitionError
    ):  # Some that are written in C have none; the call itself will tell.
        return [], list(names)
    named = [one for one in found if one.kind in (one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD)]
    needed = [one.name for one in named if one.default is Parameter.empty]
    takes_any = any(one.kind is Parameter.VAR_KEYWORD for one in found)
    return needed, list(names) if takes_any else [one.name for one in named]


def _attributes(schema: Any, known: Collection[str] = ()) -> dict[str, SearchStrategy[Any]]:
    """Return values for each attribute that a field reads, but for those that are *known*."""
    read: dict[str, SearchStrategy[Any]] = {}
    for name, field in schema.dump_fields.items():
        path = field.attribute or name
        if path not in known and not isinstance(field, _WITHOUT_ATTRIBUTE):
            values = values_of(field, _objects)
            read[path] = values.filter(_is_subject) if claim_name(name, field) == "sub" else values
    return read


def _is_subject(value: object) -> bool:
    text = str(value)
    return value is not None and 0 < len(text) <= MAX_ID and is_storable(text)


def _objects(schema: Any) -> SearchStrategy[SimpleNamespace]:
    """Draw objects that a schema dumps; what it does not require may be absent."""
    read = _attributes(schema)
    fields_of = schema.dump_fields.items()
    needed = {field.attribute or name for name, field in fields_of if field.required}
    required = {path: values for path, values in read.items() if path in needed}
    optional = {path: values for path, values in read.items() if path not in needed}
    drawn = st.fixed_dictionaries(required, optional=optional)
    return drawn.map(lambda values: SimpleNamespace(**_nested(values)))


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes by their names, where ``team.name`` is one of the object ``team``."""
    owners: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        owner, _, name = path.partition(".")
        if name:
            owners.setdefault(owner, {})[name] = value
    plain = {path: value for path, value in values.items() if "." not in path}
    inner = {owner: SimpleNamespace(**_nested(found)) for owner, found in owners.items()}
    return {**plain, **inner}


def _is_readable(schema: ClaimSchema, user: object) -> bool:
    """Whether a token with the claims of *user* could be read.

    Raises:
        IssueError: The schema writes what is not JSON, for whatever user.
    """
    claims = dict(schema.dump(user))
    check_json(claims, "claims")
    try:
        schema.load(claims, unknown=EXCLUDE)
    except ValidationError:
        return False
    return True
