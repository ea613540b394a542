"""The check that a hook's answer is a user, and no mistake such as a coroutine or a bool."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Awaitable
from functools import lru_cache, partial
from numbers import Number
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    EllipsisType,
    GeneratorType,
    MappingProxyType,
    MethodType,
    MethodWrapperType,
    NoneType,
    NotImplementedType,
)
from typing import Any, Final

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

#: Routines that are no descriptors.
_ROUTINES: Final = (BuiltinFunctionType, MethodType, MethodWrapperType)

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
    cls: Any = type(value)
    return _is_always_user(cls) or _may_be_user(value)


@lru_cache(maxsize=256)
def _is_always_user(cls: Any) -> bool:
    """Whether every object of *cls* is a user, so that none has to be looked at.

    Not that of a proxy, whose class is what it stands for says, nor of a descriptor, which may be a
    routine.
    """
    says_its_class = any("__class__" in vars(base) for base in cls.__mro__ if base is not object)
    is_proxy = says_its_class or cls.__getattribute__ is not object.__getattribute__
    is_other = issubclass(cls, (NoneType, Awaitable, *_ROUTINES, *_NO_USERS, *_PLAIN))
    return not (is_proxy or is_other or hasattr(cls, "__get__"))


def _may_be_user(value: object) -> bool:
    """Say the same of any value, by what it is itself."""
    if inspect.isawaitable(value):
        # A coroutine is true and has no attributes: nobody must take it for a user.
        if inspect.iscoroutine(value):
            value.close()
        return False
    if value is None or isinstance(value, _NO_USERS) or inspect.isroutine(value):
        return False
    return not isinstance(value, _PLAIN) or bool(value)
