"""The check that a hook's answer is a user, and no mistake such as a coroutine or a bool."""

from __future__ import annotations

import inspect
from collections import deque
from functools import partial
from numbers import Number
from types import (
    AsyncGeneratorType,
    EllipsisType,
    GeneratorType,
    MappingProxyType,
    NotImplementedType,
)
from typing import Final

from werkzeug.wrappers import Response

from ..decision import Decision, Finding, Outcome

#: A hook that answers so has said yes or no, as a policy does too, failed, forgotten a call, found
#: nobody yet, or answered the request. ``filter(…)`` says yes, whoever is in it.
_NO_USERS: Final = (
    bool,
    Outcome,
    Finding,
    Decision,
    type,
    partial,
    BaseException,
    NotImplementedType,
    EllipsisType,
    GeneratorType,
    AsyncGeneratorType,
    filter,
    map,
    Response,
)

#: An empty one of these is what queries return where they find nobody.
_PLAIN: Final = (
    Number,
    str,
    bytes,
    bytearray,
    list,
    tuple,
    range,
    deque,
    dict,
    MappingProxyType,
    set,
    frozenset,
)


def is_user(value: object) -> bool:
    """Whether *value* may be meant as a user, by a hook that returns one.

    None, truth values, answers of policies, exceptions, classes, functions, ``NotImplemented``,
    generators, ``filter`` and ``map``, responses, what would have to be awaited, and 0 and empty
    text or collections are no users (HTTP-11).
    """
    if inspect.isawaitable(value):
        # A coroutine is true and has no attributes: nobody must take it for a user.
        if inspect.iscoroutine(value):
            value.close()
        return False
    if value is None or isinstance(value, _NO_USERS) or inspect.isroutine(value):
        return False
    return not isinstance(value, _PLAIN) or bool(value)
