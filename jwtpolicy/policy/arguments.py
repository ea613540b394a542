"""Equality, hash and ``repr`` of policies and matchers, by their constructor arguments.

Of two equal leaves of a tree only the first is evaluated. So they count as equal only where that
is proved: same class, and arguments that are plain values all the way down. A value that is
compared by code of others (a ``Decimal``, a dataclass, a subclass of ``str``, a
validator of the application's own) proves nothing: it equals itself alone.
"""

from __future__ import annotations

import inspect
import math
import re
import struct
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final
from uuid import UUID

from marshmallow import validate
from marshmallow.validate import Validator

from ..exceptions import PolicyDefinitionError
from ..markers import Own

#: Immutable, and compared by their own type alone: ``True``, ``1`` and ``1.0`` are three values.
_ATOMS: Final = frozenset({type(None), bool, int, str, bytes})
#: marshmallow's own validators, whose attributes alone decide what they accept.
_MARSHMALLOWS: Final[frozenset[type]] = frozenset(
    found
    for found in vars(validate).values()
    if isinstance(found, type) and issubclass(found, Validator)
)
_CONTAINERS: Final = frozenset({list, tuple, set, frozenset, dict})
#: Types that `copied` replaces by copies, because their objects can change.
_COPIED: Final = _CONTAINERS | _MARSHMALLOWS
#: Types whose ``repr`` is source text, whatever the value.
_PRINTED: Final = (_ATOMS | {UUID, Own}) - {int}
#: Levels by which an argument may be nested; deeper ones would exhaust Python's stack.
_DEEPEST: Final = 100
#: Bits of an integer that is printed in decimal digits; Python refuses that for long ones.
_LONGEST: Final = 2048


class Comparable:
    """Base class of policies and matchers: ``==`` and ``hash`` by `identity`."""

    @property
    def identity(self) -> object:
        """The key for ``==`` and ``hash``: equal only where two objects are proved equal."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return self.identity == other.identity if isinstance(other, Comparable) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.identity)


class Alone:
    """Identity key of an object that is compared with ``is``.

    It keeps the object alive: Python gives the `id` of a deleted object to the next one.
    """

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alone) and self._value is other._value

    def __hash__(self) -> int:
        return id(self._value)


def identity_of(value: object, *, is_copy: bool = False) -> object:
    """Return the hashable key by which an argument is compared, types included.

    Args:
        value: An argument, or a part of one.
        is_copy: Whether `copied` made it, so that no caller has a reference to it. Lists, sets,
            mappings and validators of a caller can change, and so equal themselves alone.
    """
    kind = type(value)
    if kind in _ATOMS:
        return (kind, value)
    if isinstance(value, Comparable):
        return value.identity
    if kind in (tuple, frozenset) or (is_copy and kind in _COPIED):
        return (kind, _identity_of_members(value, is_copy))
    return _identity_of_atom(value)


def _identity_of_members(value: Any, is_copy: bool) -> object:
    if isinstance(value, list | tuple):
        return tuple(identity_of(item, is_copy=is_copy) for item in value)
    if isinstance(value, set | frozenset):
        return frozenset(identity_of(item, is_copy=is_copy) for item in value)
    pairs = value if isinstance(value, dict) else vars(value)
    return frozenset(
        (identity_of(key, is_copy=True), identity_of(item, is_copy=True))
        for key, item in pairs.items()
    )


def _identity_of_atom(value: object) -> object:
    kind = type(value)
    if isinstance(value, float) and kind is float:
        return (kind, struct.pack("d", value))  # tells -0.0 from 0.0, and NaN equals itself
    if isinstance(value, UUID) and kind is UUID:
        return (kind, value.int, value.is_safe)
    if isinstance(value, re.Pattern):
        return (kind, identity_of(value.pattern), value.flags)
    return Alone(value)  # also for members of an enum: each is a single object


def copied(value: Any, above: tuple[int, ...] = ()) -> Any:
    """Return *value* with its containers and marshmallow's validators replaced by copies.

    A caller who changes the originals afterwards does not change the policy.

    Args:
        value: An argument, or a part of one.
        above: The `id` of each container around it, the outermost first.

    Raises:
        PolicyDefinitionError: A container contains itself, or is nested more than 100 deep.
    """
    kind = type(value)
    if kind not in _COPIED:
        return value
    if id(value) in above or len(above) > _DEEPEST:
        msg = f"a {kind.__name__} that holds itself, or is nested {_DEEPEST} deep, is no argument"
        raise PolicyDefinitionError(msg)
    above = (*above, id(value))
    if kind is dict:
        return {copied(key, above): copied(item, above) for key, item in value.items()}
    if kind in _MARSHMALLOWS:
        return _copied_validator(value, above)
    return kind(copied(item, above) for item in value)


#: Attributes of marshmallow's validators that are joined for messages, and those of the text.
_TEXTS: Final = {"choices": "choices_text", "iterable": "values_text"}


def _copied_validator(validator: Validator, above: tuple[int, ...]) -> Validator:
    copy = object.__new__(type(validator))
    for name, value in vars(validator).items():
        vars(copy)[name] = copied(_listed(name, value), above)
    for name, text in _TEXTS.items():
        if isinstance(values := vars(copy).get(name), set | frozenset):
            # Equal sets may iterate in two orders, and the text would tell the copies apart.
            vars(copy)[text] = ", ".join(sorted(map(str, values)))
    return copy


def _listed(name: str, value: Any) -> Any:
    """Return the choices of a validator as a list: views, ranges and the like are read once.

    Raises:
        PolicyDefinitionError: The choices are an iterator, which marshmallow has emptied.
    """
    if name not in ("choices", "iterable", "labels") or type(value) in (*_CONTAINERS, str):
        return value
    if iter(value) is value:
        msg = f"an iterator can be read only once; pass a list as {name}"
        raise PolicyDefinitionError(msg)
    return list(value)


def is_marshmallows(validator: object) -> bool:
    """Whether the class of *validator* is marshmallow's own, and no subclass."""
    return type(validator) in _MARSHMALLOWS


def source_of(name: str, args: Iterable[Any], kwargs: Mapping[str, Any]) -> str:
    """Return a constructor call as source text: ``Fresh(within=300)``."""
    parts = [rendered(value) for value in args]
    parts += [f"{key}={rendered(value)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(parts)})"


def rendered(value: Any) -> str:
    """Return *value* as source text, or ``Decimal(…)`` where that would not evaluate to it."""
    kind = type(value)
    if kind is dict:
        return "{" + ", ".join(f"{rendered(k)}: {rendered(v)}" for k, v in value.items()) + "}"
    if kind in _CONTAINERS:
        return _rendered_container(value)
    if kind in _MARSHMALLOWS:
        return _rendered_validator(value)
    if isinstance(value, Comparable) or kind in _PRINTED:
        return repr(value)
    return _rendered_number(value) if kind in (int, float) else _rendered_by_name(value)


def _rendered_container(value: Any) -> str:
    parts = [rendered(item) for item in value]
    if isinstance(value, list):
        return f"[{', '.join(parts)}]"
    if isinstance(value, tuple):
        return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
    text = "{" + ", ".join(sorted(parts)) + "}" if parts else "set()"
    if isinstance(value, set):
        return text
    return f"frozenset({text})" if parts else "frozenset()"


def _rendered_number(value: float) -> str:
    if isinstance(value, int):
        return repr(value) if value.bit_length() < _LONGEST else hex(value)
    return repr(value) if math.isfinite(value) else f"float('{value}')"


def _rendered_by_name(value: Any) -> str:
    """Return the name of an enum member, class or function, a pattern, or ``Decimal(…)``."""
    kind = type(value)
    if isinstance(value, Enum) and value.name in kind.__members__:
        return f"{kind.__name__}.{value.name}"
    if isinstance(value, re.Pattern):
        return _rendered_pattern(value)
    if isinstance(value, type) or inspect.isroutine(value):
        name: str = value.__name__
        if value.__qualname__ == name and name.isidentifier():
            return name
    return f"{kind.__name__}(…)"


def _rendered_pattern(pattern: re.Pattern[Any]) -> str:
    """Return the whole of *pattern*; its own ``repr`` stops after 200 characters."""
    implied = re.UNICODE if isinstance(pattern.pattern, str) else 0
    flags = re.RegexFlag(pattern.flags & ~implied)
    return f"re.compile({rendered(pattern.pattern)}{f', {flags!r}' if flags else ''})"


def _rendered_validator(validator: Validator) -> str:
    name = type(validator).__name__
    try:
        args, kwargs = _arguments_of(validator)
        again = type(validator)(*args, **kwargs)
    except Exception:  # noqa: BLE001 # changed to attributes that its __init__ refuses
        return f"{name}(…)"
    is_exact = identity_of(copied(again), is_copy=True) == identity_of(validator, is_copy=True)
    return source_of(name, args, kwargs) if is_exact else f"{name}(…)"


def _arguments_of(validator: Validator) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the constructor arguments of *validator*, without those that equal the defaults.

    marshmallow replaces some defaults in ``__init__``, its messages among them. So the defaults are
    read from a validator that is made with the required arguments alone, not from the signature.
    """
    args: tuple[Any, ...] = ()
    demanded: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for name, parameter in inspect.signature(type(validator)).parameters.items():
        value: Any = getattr(validator, name, None)
        if parameter.kind is parameter.VAR_POSITIONAL:
            args = value
        elif parameter.kind is parameter.VAR_KEYWORD:
            demanded |= value
        elif parameter.default is parameter.empty:
            demanded[name] = value
        elif hasattr(validator, name):
            others[name] = value
    bare = copied(type(validator)(*args, **demanded))
    for name, value in others.items():
        if identity_of(value, is_copy=True) != identity_of(getattr(bare, name), is_copy=True):
            demanded[name] = value
    return args, demanded
