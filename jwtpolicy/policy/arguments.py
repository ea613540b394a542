"""Compare and print policies by the arguments that made them, types included."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from marshmallow.validate import Validator

from ..exceptions import PolicyDefinitionError


def identity_of(cls: type, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> object:
    """Return what is equal for calls that mean the same, and hashable."""
    return (cls, frozen_value(args), frozen_value(dict(kwargs)))


def frozen_value(value: Any) -> object:
    """Return a hashable stand-in for *value*; ``True`` and ``1`` differ, as in JSON.

    Raises:
        PolicyDefinitionError: *value* can neither be hashed nor be taken apart.
    """
    if isinstance(value, Validator):
        return (type(value), frozen_value(_arguments_of(value)))
    if isinstance(value, Mapping):
        pairs = frozenset((frozen_value(k), frozen_value(v)) for k, v in value.items())
        return (dict, pairs)
    if isinstance(value, list | tuple):
        return (type(value), *map(frozen_value, value))
    if isinstance(value, set | frozenset):
        return (frozenset, frozenset(map(frozen_value, value)))
    try:
        hash(value)
    except TypeError:
        msg = f"a policy's arguments must be hashable, {type(value).__name__} is not"
        raise PolicyDefinitionError(msg) from None
    return (type(value), value)


def source_of(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Return the call as source text: ``Fresh(within=300)``."""
    parts = [rendered(value) for value in args]
    parts += [f"{key}={rendered(value)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(parts)})"


def rendered(value: Any) -> str:
    """Return *value* as source text; validators by class and arguments."""
    if isinstance(value, Validator):
        return source_of(type(value).__name__, (), _arguments_of(value))
    if isinstance(value, type):
        return value.__name__
    if type(value) is dict:
        return "{" + ", ".join(f"{rendered(k)}: {rendered(v)}" for k, v in value.items()) + "}"
    if type(value) is list:
        return "[" + ", ".join(map(rendered, value)) + "]"
    return repr(value)


def _arguments_of(validator: Validator) -> dict[str, Any]:
    """Return the arguments that made *validator*, as far as they differ from the defaults."""
    found: dict[str, Any] = {}
    for name, parameter in inspect.signature(type(validator).__init__).parameters.items():
        value = getattr(validator, name, parameter.default)
        if parameter.kind is parameter.VAR_POSITIONAL:
            value = tuple(getattr(validator, name, getattr(validator, "validators", ())))
        if name != "self" and not _is_default(validator, name, value, parameter.default):
            found[name] = value
    return found


def _is_default(validator: Validator, name: str, value: object, default: object) -> bool:
    """Marshmallow replaces some defaults, messages among them, when it makes the object."""
    if name == "error" and value == getattr(validator, "default_message", None):
        return True
    return (not value and not default) or value == default
