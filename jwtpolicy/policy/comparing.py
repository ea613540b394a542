"""Compare values as JSON does (:rfc:`8259#section-3`): type and value, all the way down.

Python takes ``True`` for ``1``, and ``1`` for ``1.0``; these are three values here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeGuard

#: Compared by their type and Python's ``==``.
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


class Unknown(Exception):  # noqa: N818 # not an error of anybody: the question has no answer
    """A value is absent, or of another type than the matcher asks for."""


def is_array(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    """Whether *value* is an array; a frozen one is a tuple."""
    return isinstance(value, list | tuple)


def are_of_one_type(one: object, other: object) -> bool:
    """Whether both are of the same JSON type, or of the same Python type beyond JSON."""
    return type(one) is type(other) or (is_array(one) and is_array(other))


def same(one: object, other: object) -> bool:
    """Whether both are the same value: ``true`` is not ``1``, also inside arrays and objects."""
    if type(one) in _SCALARS:
        return type(one) is type(other) and one == other
    if is_array(one):
        return is_array(other) and len(one) == len(other) and all(map(same, one, other))
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def is_among(value: object, values: Iterable[object]) -> bool:
    """Whether *value* is the same as one of *values*.

    Raises:
        Unknown: None of them is of its type.
    """
    is_asked_for = False
    for one in values:
        if are_of_one_type(value, one):
            if same(value, one):
                return True
            is_asked_for = True
    if not is_asked_for:
        msg = f"{type_name(value)} is not asked for"
        raise Unknown(msg)
    return False


def type_name(value: object) -> str:
    """Return what *value* is, for the reason of a refusal."""
    return type(value).__name__
