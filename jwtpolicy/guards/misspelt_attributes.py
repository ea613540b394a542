"""Misspelt names of the attributes that guard a view class, such as ``polices``."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Final

from ..exceptions import PolicyDefinitionError
from ..policy.base import Policy, When
from ..policy.functions import PolicyFactory
from ..settings.readers import PLACES
from ..transports import Transport

#: The least similarity, from 0 to 1, of a word and its misspelling: of "policies" and "policy".
_ALIKE: Final = 0.7


def check_names(cls: type, methods: frozenset[str]) -> None:
    """Refuse a view class that writes policies or places under a misspelt attribute name.

    Other names are the application's own, ``base_policies`` too: a policy may stand there to be
    used in a list.

    Args:
        cls: The class; only what it writes itself is looked at.
        methods: The methods that there are, in upper case.

    Raises:
        PolicyDefinitionError: An attribute looks like a misspelt guard, and would guard nothing.
    """
    for name, value in vars(cls).items():
        meant = _meant(name, value, methods)
        if meant is not None:
            msg = (
                f"{cls.__name__}.{name} guards nothing, because that name has no meaning; "
                f"did you mean {meant}?"
            )
            raise PolicyDefinitionError(msg)


def _meant(name: str, value: object, methods: frozenset[str]) -> str | None:
    """Return the attribute that *name* misspells, or None: it is one itself, or unlike any."""
    if name in _VALUES or name.startswith("_"):
        return None
    near = [one for one in _VALUES if _is_near(name.lower(), one)]
    if _is_by_method(value, methods):
        return "method_policies" if near else None
    return next((one for one in near if _VALUES[one](value)), None)


def _is_near(name: str, meant: str) -> bool:
    """Whether *name* is *meant*, misspelt: as many words, each nearly the same."""
    if name.replace("_", "") == meant.replace("_", ""):
        return True
    words, parts = name.strip("_").split("_"), meant.split("_")
    return len(words) == len(parts) and all(map(_is_alike, words, parts))


def _is_alike(word: str, part: str) -> bool:
    return difflib.SequenceMatcher(None, word, part).ratio() >= _ALIKE


def _is_level(value: object) -> bool:
    """Whether *value* is a policy or several, or a policy class without its parentheses."""
    if isinstance(value, list | tuple):
        return bool(value) and all(map(_is_level, value))
    is_class = isinstance(value, type) and issubclass(value, Policy)
    return is_class or isinstance(value, Policy | PolicyFactory | When)


def _is_by_method(value: object, methods: frozenset[str]) -> bool:
    if not isinstance(value, Mapping) or not value:
        return False
    named = all(isinstance(name, str) and name.upper() in methods for name in value)
    return named and any(map(_is_level, value.values()))


def _is_place(value: object) -> bool:
    listed = value if isinstance(value, list | tuple | set | frozenset) else (value,)
    return bool(listed) and all(
        isinstance(place, Transport) or (isinstance(place, str) and place in PLACES)
        for place in listed
    )


def _is_flag(value: object) -> bool:
    return type(value) is bool


_VALUES: Final[Mapping[str, Callable[[object], bool]]] = {
    "policies": _is_level,
    "method_policies": _is_level,
    "transports": _is_place,
    "inherit_policies": _is_flag,
}
