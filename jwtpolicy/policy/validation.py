"""Judge a JSON value by a marshmallow validator, without taking its answer for a truth value.

marshmallow's validators *return the value*, which may be ``False``, and compare as Python does,
which takes ``True`` for ``1``. So those that compare are not called but judged here, and of the
others only `ValidationError` is a no.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final

from marshmallow import ValidationError
from marshmallow import validate as validators

from ..exceptions import PolicyDefinitionError
from .arguments import is_marshmallows, rendered
from .comparing import Unknown, are_of_one_type, is_among, is_array, same, type_name

#: Says whether a value is accepted; raises `Unknown` where that cannot be told.
Judge = Callable[[Any], bool]


def judge_of(validator: Any) -> Judge:
    """Return what *validator* says of a value, prepared so that a request only compares.

    Args:
        validator: A validator, or what stands beside others in an ``And``; one of marshmallow's
            own as a copy that nobody changes.

    Raises:
        PolicyDefinitionError: It is async or cannot be called, or is a ``Range`` whose bound is
            not a number.
    """
    if is_marshmallows(validator):
        return _OWN.get(type(validator), _called)(validator)
    if not callable(validator) or _is_async(validator):
        why = "is async: nobody would await it" if callable(validator) else "cannot be called"
        msg = f"{rendered(validator)} {why}; for a question of your own write a @policy"
        raise PolicyDefinitionError(msg)
    return _called(validator)


def _equal(validator: validators.Equal) -> Judge:
    wanted = validator.comparable

    def judge(value: object) -> bool:
        if not are_of_one_type(value, wanted):
            raise _other_type(value, validator)
        return same(value, wanted)

    return judge


def _one_of(validator: validators.OneOf) -> Judge:
    choices = validator.choices
    return lambda value: is_among(value, choices)


def _none_of(validator: validators.NoneOf) -> Judge:
    refused = validator.iterable
    return lambda value: not is_among(value, refused)


def _contains_only(validator: validators.ContainsOnly) -> Judge:
    choices = validator.choices

    def judge(value: object) -> bool:
        if not is_array(value):
            raise _other_type(value, validator)
        return all(any(same(item, choice) for choice in choices) for item in value)

    return judge


def _contains_none_of(validator: validators.ContainsNoneOf) -> Judge:
    refused = validator.iterable

    def judge(value: object) -> bool:
        if not is_array(value):
            raise _other_type(value, validator)
        return not any(same(item, one) for one in refused for item in value)

    return judge


def _range(validator: validators.Range) -> Judge:
    low, high = validator.min, validator.max
    takes_low, takes_high = validator.min_inclusive, validator.max_inclusive
    for bound in (low, high):
        _check_bound(bound)

    def judge(value: float) -> bool:
        # A bool is an int to Python, and no number to JSON; neither is what differs from itself.
        if type(value) not in (int, float) or value != value:
            raise _other_type(value, validator)
        if low is not None and (value < low if takes_low else value <= low):
            return False
        return high is None or (value <= high if takes_high else value < high)

    return judge


def _check_bound(bound: Any) -> None:
    try:
        is_number = bound is None or bool(bound > 0 or bound <= 0)
    except (TypeError, ArithmeticError):
        is_number = False
    if not is_number:
        msg = f"Range compares numbers, so its bounds are numbers too, not {rendered(bound)}"
        raise PolicyDefinitionError(msg)


def _and(validator: validators.And) -> Judge:
    judges = [judge_of(part) for part in validator.validators]

    def judge(value: object) -> bool:
        # All of them are asked: what one cannot tell outweighs the no of another.
        said = [says(value) for says in judges]
        return all(said)

    return judge


def _called(validator: Any) -> Judge:
    """Return the judge that calls: what did not raise, and did not return False, accepts."""
    asked = next((_ASKED[cls] for cls in type(validator).__mro__ if cls in _ASKED), None)

    def judge(value: object) -> bool:
        try:
            if asked is None or type(value) in asked(validator):
                return _is_yes(validator(value), value)
        except ValidationError:
            return False
        except Exception as error:  # noqa: BLE001 # validators raise what they like
            msg = f"{type_name(validator)} raised {type_name(error)}"
            raise Unknown(msg) from None
        raise _other_type(value, validator)

    return judge


def _is_async(validator: Any) -> bool:
    return any(map(inspect.iscoroutinefunction, (validator, type(validator).__call__)))


def _is_yes(answer: object, value: object) -> bool:
    if inspect.iscoroutine(answer):
        answer.close()
        msg = "it has to be awaited"
        raise TypeError(msg)
    # Who answers False to `false` may have returned the value.
    return answer is not False or value is False


def _other_type(value: object, validator: object) -> Unknown:
    return Unknown(f"{type_name(value)} is not what {type_name(validator)} asks for")


def _types_in(name: str) -> Callable[[Any], tuple[type, ...]]:
    return lambda validator: tuple(type(item) for item in getattr(validator, name))


#: Those that are judged here, and not called. A subclass is somebody else's code.
_OWN: Final[Mapping[type, Callable[[Any], Judge]]] = {
    validators.And: _and,
    validators.ContainsNoneOf: _contains_none_of,
    validators.ContainsOnly: _contains_only,
    validators.Equal: _equal,
    validators.NoneOf: _none_of,
    validators.OneOf: _one_of,
    validators.Range: _range,
}

#: The types that a validator which is called asks for; a subclass asks for those of its base.
_ASKED: Final[Mapping[type, Callable[[Any], tuple[type, ...]]]] = {
    validators.ContainsNoneOf: lambda _: (list, tuple),
    validators.ContainsOnly: lambda _: (list, tuple),
    validators.Email: lambda _: (str,),
    validators.Equal: lambda validator: (type(validator.comparable),),
    validators.Length: lambda _: (str, list, tuple, dict),
    validators.NoneOf: _types_in("iterable"),
    validators.OneOf: _types_in("choices"),
    validators.Range: lambda _: (int, float),
    validators.Regexp: lambda _: (str,),
    validators.URL: lambda _: (str,),
}
