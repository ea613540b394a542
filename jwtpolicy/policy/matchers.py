"""Compare a JSON value with what is asked of it, type and value, and say when it cannot tell."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any
from uuid import UUID

from marshmallow import ValidationError
from marshmallow import validate as validators

from ..access import AccessRequest
from ..exceptions import PolicyDefinitionError
from .arguments import frozen_value, source_of


class Unknown(Exception):  # noqa: N818 # not an error of anybody: the question has no answer
    """A value is absent, or of another type than the matcher asks for."""


class Matcher(ABC):
    """What a value is compared with; equal and hashable by its arguments."""

    arguments: tuple[Any, ...] = ()

    @abstractmethod
    def matches(self, value: object, access: AccessRequest, is_subject: bool) -> bool:
        """Return whether *value* is what is asked for.

        Raises:
            Unknown: It is of a type that is not asked for.
        """

    def __eq__(self, other: object) -> bool:
        return hash(self) == hash(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), frozen_value(self.arguments)))

    def __repr__(self) -> str:
        return source_of(type(self).__name__, self.arguments, {})


class literal(Matcher):  # noqa: N801 # reads as a value in an expression
    """Exactly this value: the same JSON type, deeply."""

    def __init__(self, value: object) -> None:
        if value is None:
            msg = 'a null claim counts as absent; to demand one, use absent="mismatch" and ~'
            raise PolicyDefinitionError(msg)
        self.arguments = (deepcopy(value),)

    def matches(self, value: object, access: AccessRequest, is_subject: bool) -> bool:
        return _equal(value, _plain(self.arguments[0]), is_subject)


class _Looked(Matcher):
    """Equal to a value that is looked up when the request is judged."""

    def __init__(self, name: str) -> None:
        if type(name) is not str or not name:
            msg = f"{type(self).__name__} takes a name, not {name!r}"
            raise PolicyDefinitionError(msg)
        self.arguments = (name,)

    @property
    def name(self) -> str:
        return str(self.arguments[0])

    @abstractmethod
    def look_up(self, access: AccessRequest) -> tuple[object, bool]:
        """Return the value, and whether it is the subject."""

    def matches(self, value: object, access: AccessRequest, is_subject: bool) -> bool:
        wanted, is_wanted_subject = self.look_up(access)
        return _equal(value, wanted, is_subject or is_wanted_subject)


class view_arg(_Looked):  # noqa: N801 # reads as a value in an expression
    """The value of a variable in the URL."""

    def look_up(self, access: AccessRequest) -> tuple[object, bool]:
        if self.name not in access.view_args:
            msg = f"the URL has no variable {self.name!r}"
            raise Unknown(msg)
        return access.view_args[self.name], False


class claim(_Looked):  # noqa: N801 # reads as a value in an expression
    """The value of a claim; a dotted path reaches into objects."""

    def look_up(self, access: AccessRequest) -> tuple[object, bool]:
        if access.token is None:
            msg = "there is no token"
            raise Unknown(msg)
        return claim_at(access.token._claims, self.name), self.name == "sub"


class subject_arg(view_arg):  # noqa: N801 # as the others
    """The user of a type whom a variable in the URL names: what a subject is compared with."""

    def __init__(self, name: str, of: type | None) -> None:
        super().__init__(name)
        self.arguments = (name, of)

    def matches(self, value: object, access: AccessRequest, is_subject: bool) -> bool:
        return _is_named(value, self.look_up(access)[0], access, self.arguments[1])


class owner_of(claim):  # noqa: N801 # as the others
    """The token's subject as a user of a type: what an attribute is compared with."""

    def __init__(self, of: type | None) -> None:
        super().__init__("sub")
        self.arguments = ("sub", of)

    def matches(self, value: object, access: AccessRequest, is_subject: bool) -> bool:
        return _is_named(self.look_up(access)[0], value, access, self.arguments[1])


class contains(Matcher):  # noqa: N801 # reads as a condition in an expression
    """An array that holds this value."""

    def __init__(self, value: object) -> None:
        self.arguments = (value,)

    def matches(self, value: object, access: AccessRequest, is_subject: bool) -> bool:
        items = _plain(value)
        if not isinstance(items, list):
            msg = "an array is asked for"
            raise Unknown(msg)
        wanted = _plain(self.arguments[0])
        return any(_same(item, wanted) for item in items)


class one_of(Matcher):  # noqa: N801 # reads as a condition in an expression
    """Equal to one of these values, type included."""

    def __init__(self, *values: object) -> None:
        if not values:
            msg = "one_of() of nothing matches nothing; name the values"
            raise PolicyDefinitionError(msg)
        self.arguments = values

    def matches(self, value: object, access: AccessRequest, is_subject: bool) -> bool:
        wanted = [_plain(item) for item in self.arguments]
        if not any(type(value) is type(item) for item in wanted):
            msg = f"{type(value).__name__} is not asked for"
            raise Unknown(msg)
        return any(_same(value, item) for item in wanted)


class validated(Matcher):  # noqa: N801 # reads as a condition in an expression
    """What a marshmallow validator accepts."""

    def __init__(self, validator: validators.Validator) -> None:
        self.arguments = (validator,)

    def matches(self, value: object, access: AccessRequest, is_subject: bool) -> bool:
        validator = self.arguments[0]
        if not _suits(validator, value):
            msg = f"{type(value).__name__} is not what {type(validator).__name__} asks for"
            raise Unknown(msg)
        try:
            return validator(value) is not False
        except ValidationError:
            return False
        except Exception as error:  # noqa: BLE001 # marshmallow's raise what they like
            msg = f"{type(validator).__name__} raised {type(error).__name__}"
            raise Unknown(msg) from None

    def __repr__(self) -> str:
        return source_of("", self.arguments, {})[1:-1]


def as_matcher(value: object) -> Matcher:
    """Return what *value* means where something is matched.

    Raises:
        PolicyDefinitionError: *value* is a function or a class.
    """
    if isinstance(value, Matcher):
        return value
    if isinstance(value, validators.Validator):
        return validated(value)
    if isinstance(value, type) or inspect.isroutine(value):
        name = getattr(value, "__name__", "it")
        msg = f"{name} is not a value to match; write a validator's object, or a @policy"
        raise PolicyDefinitionError(msg)
    return literal(value)


def claim_at(claims: Mapping[str, Any], path: str) -> object:
    """Return the claim at *path*: the claim of exactly that name, else member by member.

    Raises:
        Unknown: It is absent, or null.
    """
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
    if found is None:
        msg = f"the claim {path!r} is absent"
        raise Unknown(msg)
    return found


def _equal(value: object, wanted: object, is_subject: bool) -> bool:
    if is_subject:
        value, wanted = _as_text(value), _as_text(wanted)
    if type(value) is not type(wanted):
        msg = f"{type(value).__name__} was found, {type(wanted).__name__} is asked for"
        raise Unknown(msg)
    return _same(value, wanted)


def _is_named(subject: object, name: object, access: AccessRequest, of: type | None) -> bool:
    """Whether *subject*, as it stands in the token, is the user of the type *of* called *name*.

    Without a type it is one whose subject has no prefix: ``machine:1`` is no name for a user.

    Raises:
        Unknown: There are no users of that type, or *name* cannot be one's.
    """
    terms, subject = access.terms, str(subject)
    prefix = terms.prefix_of(of)
    if prefix is None:
        msg = f"no schema describes users of the type {of.__name__ if of else of}"
        raise Unknown(msg)
    bare = subject.removeprefix(prefix)
    is_of_type = bare != subject if prefix else not subject.startswith(terms.prefixes)
    return _equal(bare, name, True) and is_of_type


def _as_text(value: object) -> object:
    """A subject is text on the wire; integer and UUID keys of the application are compared so."""
    return str(value) if type(value) is int or isinstance(value, UUID) else value


def _plain(value: object) -> object:
    """Return arrays as lists, whoever froze them."""
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _same(one: object, other: object) -> bool:
    """Compare as JSON does: ``true`` is not ``1``, also inside arrays and objects."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    return one == other


def _types_in(name: str) -> Callable[[Any], tuple[type, ...]]:
    return lambda validator: tuple(type(item) for item in getattr(validator, name))


#: The JSON types that a validator asks for; marshmallow's own comparisons would take ``true``
#: for ``1`` and search text by its characters.
_ASKED: Mapping[type, Callable[[Any], tuple[type, ...]]] = {
    validators.ContainsOnly: lambda _: (list,),
    validators.ContainsNoneOf: lambda _: (list,),
    validators.OneOf: _types_in("choices"),
    validators.NoneOf: _types_in("iterable"),
    validators.Equal: lambda validator: (type(validator.comparable),),
    validators.Regexp: lambda _: (str,),
    validators.URL: lambda _: (str,),
    validators.Email: lambda _: (str,),
    validators.Length: lambda _: (str, list, dict),
    validators.Range: lambda _: (int, float),
}


def _suits(validator: validators.Validator, value: object) -> bool:
    if isinstance(validator, validators.And):
        return all(
            _suits(part, value)
            for part in validator.validators
            if isinstance(part, validators.Validator)
        )
    asked = next((_ASKED[cls] for cls in type(validator).__mro__ if cls in _ASKED), None)
    return asked is None or type(value) in asked(validator)
