"""Check that claims are plain JSON; errors name the path of the value in the claims."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, Final

from ..exceptions import IssueError

#: Types of which every value is JSON. A number need not be: NaN is none, nor one that is too long.
_SAFE: Final = frozenset({bool, NoneType})


def plain_json(value: Any, path: str, encode: Callable[[Any], str]) -> Any:
    """Return a deep copy of *value* that is JSON.

    Args:
        value: A claim or header that an application adds to a token.
        path: Its path, for error messages.
        encode: Returns the JSON text of a type that JSON does not have, such as dates.

    Raises:
        IssueError: *value* is not JSON; the message has the path and the type, never the value.
    """
    if type(value) in _SAFE or (type(value) is str and value.isascii()):
        return value
    if isinstance(value, Mapping):
        _check_names(value, path)
        return {name: plain_json(item, f"{path}.{name}", encode) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item, f"{path}[{i}]", encode) for i, item in enumerate(value)]
    if value is not None and type(value) not in (str, int, float, bool):
        try:
            value = json.loads(encode(value))
        except (TypeError, ValueError) as error:
            msg = f"{path}: {type(value).__name__} is not JSON"
            raise IssueError(msg) from error
    check_json(value, path)
    return value


def check_json(value: Any, path: str) -> None:
    """Check that *value* is plain JSON, which arrives as it was sent.

    Raises:
        IssueError: *value* is not JSON; the message has the path and the type.
    """
    if isinstance(value, dict):
        _check_names(value, path)
        for name, item in value.items():
            # Most values are plain to see, without a call for each.
            if type(item) not in _SAFE and not (type(item) is str and item.isascii()):
                check_json(item, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if type(item) not in _SAFE and not (type(item) is str and item.isascii()):
                check_json(item, f"{path}[{index}]")
    elif value is not None and type(value) not in (str, int, float, bool):
        msg = f"{path}: {type(value).__name__} is not JSON"
        raise IssueError(msg)
    else:
        _check_scalar(value, path)


def _check_names(members: Mapping[Any, Any], path: str) -> None:
    for name in members:
        if type(name) is not str:
            msg = f"{path}: the name {name!r} is {type(name).__name__}, not text"
            raise IssueError(msg)


def _check_scalar(value: Any, path: str) -> None:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8")
    except ValueError as error:
        msg = f"{path}: {type(value).__name__} that is not JSON"
        raise IssueError(msg) from error
