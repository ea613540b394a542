"""Messages about marshmallow's validation errors, without the invalid values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from marshmallow import ValidationError

#: Characters of one reason.
_LONGEST: Final = 100


def places_of(error: ValidationError) -> str:
    """Return the paths of the invalid fields, without their values."""
    return ", ".join(dict.fromkeys(path for path, _ in _complaints(_messages(error), "claims")))


def reasons_of(error: ValidationError, claims: Mapping[str, Any]) -> str:
    """Return the paths of the invalid fields and the reasons, without any value of *claims*.

    The messages of a validator of the application's own may repeat the value.
    """
    values = sorted({str(leaf) for leaf in _leaves(claims)} - {""}, key=len, reverse=True)
    either = "|".join(map(re.escape, values)) or r"(?!)"
    hidden = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)
    return "; ".join(
        f"{path}: {hidden.sub('…', reason)[:_LONGEST]}"
        for path, reason in _complaints(_messages(error), "claims")
    )


def _messages(error: ValidationError) -> Any:
    return error.normalized_messages()  # type: ignore[no-untyped-call] # marshmallow's


def _complaints(messages: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the paths of the invalid fields, each with marshmallow's message."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from _complaints(inner, f"{path}.{name}")
    elif isinstance(messages, list):
        for inner in messages:
            yield from _complaints(inner, path)
    else:
        yield path, str(messages)


def _leaves(value: Any) -> Iterator[Any]:
    """Yield the values within *value* that are neither objects nor arrays, nor true or false."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None and type(value) is not bool:
        yield value
