"""The base class of claim schemas: `ClaimSchema`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import make_dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import marshmallow
from marshmallow import EXCLUDE, ValidationError
from marshmallow.fields import Nested, String
from marshmallow.schema import SchemaMeta
from marshmallow.validate import And

from ..exceptions import IssueError, SchemaError
from ..tokens.claims import CARRIED, RESERVED_CLAIMS


def claim_name(name: str, field: Any) -> str:
    """Return the name that a field has in the token."""
    return cast(str, field.data_key or name)


def _check_names(owner: str, declared: Mapping[str, Any]) -> None:
    names = {claim_name(name, field): field for name, field in declared.items()}
    taken = {*RESERVED_CLAIMS, CARRIED}.intersection(names)
    if taken:
        msg = f"{owner} defines {', '.join(sorted(taken))}, which the library writes itself"
        raise SchemaError(msg)
    if declared and "sub" not in names:
        msg = f"{owner} has to define sub, for example sub = fields.String(required=True)"
        raise SchemaError(msg)


def _tighten(field: Any) -> None:
    """Make a field refuse what marshmallow overlooks: validators that return False, a repr."""
    field.validators = [_strict(validator) for validator in field.validators]
    inner = [getattr(field, name, None) for name in ("inner", "key_field", "value_field")]
    for part in (*inner, *getattr(field, "tuple_fields", ())):
        if part is not None:
            _tighten(part)
    cls: Any = type(field)
    if cls._serialize is String._serialize:
        field.__class__ = tightened(cls)
    if isinstance(field, Nested) and not isinstance(field, _StrictNested):
        # Its schema is made when it is first asked for, and may be this one again.
        field.__class__ = tightened(cls)


@cache
def tightened(cls: Any) -> Any:
    """Return the subclass of a field's class with the checks of `ClaimSchema`; it is cached."""
    strict = _StrictNested if issubclass(cls, Nested) else _StrictText
    return type(cls.__name__, (strict, cls), {})


class _StrictText(String):
    """A string field that refuses to write the ``repr`` of an object."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        text = super()._serialize(value, attr, obj, **kwargs)
        kind = type(value)
        if _is_repr(text, kind):
            msg = (
                f"claims.{attr}: {kind.__name__} has no text of its own, only its repr; name what "
                f"stands for it: fields.Function(lambda user: [one.name for one in user.{attr}])"
            )
            raise IssueError(msg)
        return text


def _is_repr(text: str | None, kind: Any) -> bool:
    """Whether *text* is the ``repr`` of an object of *kind*; a builtin's text never counts."""
    if text is None or kind.__str__ is not object.__str__ or kind.__module__ == "builtins":
        return False
    return text.startswith(("<", f"{kind.__name__}(", f"{kind.__qualname__}("))


class _StrictNested(Nested):
    """A field that tightens the fields of its own copy of another schema."""

    _tightened: marshmallow.Schema | None = None

    @property
    def schema(self) -> marshmallow.Schema:
        found = super().schema
        if found is not self._tightened:
            for field in found.fields.values():
                _tighten(field)
            self._tightened = found
        return found


class _Strict:
    """A validator that fails if the one it wraps returns False."""

    def __init__(self, validator: Callable[[Any], Any]) -> None:
        self.validator = validator

    def __call__(self, value: Any) -> None:
        if self.validator(value) is False and value is not False:
            msg = "Invalid value."
            raise ValidationError(msg)


def _strict(validator: Any) -> Any:
    """Return *validator* wrapped so that False is an error.

    Raises:
        SchemaError: The validator is async, so that nobody would await its answer.
    """
    if isinstance(validator, _Strict):
        return validator
    if any(map(inspect.iscoroutinefunction, (validator, type(validator).__call__))):
        msg = f"{validator!r:.60} is async: nobody would await it, so that every value would pass"
        raise SchemaError(msg)
    if type(validator) is And:
        # marshmallow 4 overlooks what the parts return, too.
        return _Strict(And(*map(_strict, validator.validators)))
    return _Strict(validator)


def declared_validators(field: Any) -> list[Any]:
    """Return the validators of a field as they were declared."""
    return [getattr(one, "validator", one) for one in field.validators]


def _identified(name: str, meta: object) -> tuple[str, int]:
    version = getattr(meta, "version", 1)
    if type(version) is not int or version < 1:
        msg = f"{name}.Meta.version is a whole number above 0, not {version!r}"
        raise SchemaError(msg)
    own_name = getattr(meta, "name", name)
    if type(own_name) is not str or not own_name or "/" in own_name:
        msg = f"{name}.Meta.name is text without a slash, not {own_name!r}"
        raise SchemaError(msg)
    return own_name, version


def _prefix_of(name: str, meta: object) -> str:
    prefix = getattr(meta, "subject_prefix", "")
    if type(prefix) is not str or not prefix.isprintable():
        msg = f'{name}.Meta.subject_prefix is text such as "machine:", not {prefix!r:.40}'
        raise SchemaError(msg)
    return prefix


class _Checked(SchemaMeta):
    """The metaclass of `ClaimSchema`, which checks each schema when its class is made."""

    def __init__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> None:  # noqa: N805
        super().__init__(name, bases, attrs)  # type: ignore[no-untyped-call] # marshmallow's
        declared = cast(Mapping[str, Any], cls._declared_fields)
        _check_names(name, declared)
        cls.claims_name, cls.claims_version = _identified(name, attrs.get("Meta"))
        # A schema that grows out of another is of the same users, unless it says otherwise.
        cls.subject_prefix = _prefix_of(name, getattr(cls, "Meta", None))
        for field in declared.values():
            _tighten(field)


class ClaimSchema(marshmallow.Schema, metaclass=_Checked):
    """A marshmallow schema that turns an object into claims, and claims into an object.

    It has to define ``sub``, which is text in the token. It may not define the claims that the
    library writes itself. Without a ``post_load`` that makes an object, `current_user` is a frozen
    object with the fields as attributes.

    Schemas of plain fields are compiled when they are registered, and load several times as fast as
    with marshmallow. Later changes of the schema have no effect.

    In ``class Meta``, ``name`` and ``version`` distinguish it from other schemas of the same kind
    of token; `upgrade` then reads the claims of an older version.

    ``sub`` is unique within the issuer (:rfc:`7519#section-4.1.2`). If there are several types of
    users, all but one declare ``subject_prefix`` in ``Meta``, such as ``"machine:"``. In the token,
    ``sub`` begins with the prefix; it is removed before the schema loads the claims.
    """

    class Meta:
        """The default options: claims that the schema does not know are ignored."""

        unknown = EXCLUDE

    claims_name: ClassVar[str]
    claims_version: ClassVar[int]
    subject_prefix: ClassVar[str]

    def upgrade(self, claims: dict[str, Any], version: int) -> dict[str, Any]:
        """Return the *claims* of an older version in the form of this version.

        Raises:
            ValidationError: Claims of that version cannot be read; always, unless a subclass
                overrides this method.
        """
        msg = f"version {version} cannot be read"
        raise ValidationError(msg)


class Principals:
    """The frozen objects of a schema without ``post_load``, made of claims and read for new ones.

    Their attributes are called as the fields are, wherever the fields read them from.

    Attributes:
        type: Their type.
        names: The name of each attribute by that of the loaded value, or None where two
            attributes share one value.
    """

    def __init__(self, schema: type[ClaimSchema]) -> None:
        declared = cast(Mapping[str, Any], schema._declared_fields)
        self._sources = {name: field.attribute or name for name, field in declared.items()}
        self._nullable = {name for name, field in declared.items() if field.allow_none}
        name = schema.__name__.removesuffix("Claims") or "Principal"
        fields = [(field, Any, None) for field in self._sources]
        self.type: type = make_dataclass(name, fields, frozen=True)
        names = {key: name for name, key in self._sources.items()}
        self.names = names if len(names) == len(self._sources) else None
        self._absent = dict.fromkeys(self._sources)

    def made(self, loaded: dict[str, Any]) -> Any:
        """Return the object of what the schema loaded."""
        return self.filled({name: loaded.get(key) for name, key in self._sources.items()})

    def filled(self, values: dict[str, Any]) -> Any:
        """Return the object of values by the names of its attributes; what is absent is None.

        Its ``__init__`` would call ``object.__setattr__`` for each of them, for want of another way
        to fill what is frozen.
        """
        principal: Any = object.__new__(self.type)
        held = vars(principal)
        held.update(self._absent)
        held.update(values)
        return principal

    def user(self, principal: Any) -> Any:
        """Return an object that the schema can dump: with the attributes that its fields read."""
        read = {name: getattr(principal, name) for name in self._sources}
        return SimpleNamespace(
            **{
                self._sources[name]: value
                for name, value in read.items()
                # A claim that was absent stays absent.
                if value is not None or name in self._nullable
            }
        )
