"""Tell what may be a user from the answers of hooks that cannot mean one."""

from __future__ import annotations

import inspect
from types import AsyncGeneratorType, EllipsisType, GeneratorType, NotImplementedType
from typing import Final

from werkzeug.wrappers import Response

#: A hook that answers so has said yes or no, failed, forgotten a call, or answered the request.
_NO_USERS: Final = (
    bool,
    type,
    BaseException,
    NotImplementedType,
    EllipsisType,
    GeneratorType,
    AsyncGeneratorType,
    Response,
)

#: An empty one of these is what queries return where they find nobody.
_PLAIN: Final = (int, float, str, bytes, list, tuple, dict, set, frozenset)


def is_user(value: object) -> bool:
    """Whether *value* may be meant as a user, by a hook that returns one.

    None, truth values, exceptions, classes, functions, ``NotImplemented``, generators, responses,
    what would have to be awaited, and 0 and empty text or collections are no users (HTTP-11).
    """
    if inspect.isawaitable(value):
        # A coroutine is true and has no attributes: nobody must take it for a user.
        if inspect.iscoroutine(value):
            value.close()
        return False
    if value is None or isinstance(value, _NO_USERS) or inspect.isroutine(value):
        return False
    return not isinstance(value, _PLAIN) or bool(value)
