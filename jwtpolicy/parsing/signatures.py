"""Read the names of a function's parameters, and never its annotations.

Since Python 3.14 annotations are code that runs when somebody reads them (:pep:`649`), and raises
where a name is there for type checkers only. `inspect.signature` reads them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from types import FunctionType, MethodType
from typing import Any, cast

from ..exceptions import PolicyDefinitionError


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of *function* without annotations; of what it wraps, where it says so.

    Raises:
        PolicyDefinitionError: What it wraps has none: some builtins.
    """
    try:
        return inspect.signature(_bare(function))
    except ValueError:
        msg = f"nobody can tell the parameters of {function!r:.60}; write a function that calls it"
        raise PolicyDefinitionError(msg) from None


def _bare(function: Any) -> Any:
    """Return what takes the same parameters as *function*, and has no annotations."""
    if isinstance(getattr(function, "__signature__", None), inspect.Signature):
        return function
    if (wrapped := getattr(function, "__wrapped__", None)) is not None:
        return _bare(wrapped)
    if isinstance(function, partial):
        return partial(_bare(function.func), *function.args, **function.keywords)
    if isinstance(function, MethodType):
        return MethodType(_bare(function.__func__), function.__self__)
    if isinstance(function, FunctionType):
        return _twin(function)
    if inspect.isroutine(function) or isinstance(function, type):
        return function
    return MethodType(_bare(type(function).__call__), function)


def _twin(function: FunctionType) -> FunctionType:
    code, name = function.__code__, function.__name__
    twin = FunctionType(code, {}, name, function.__defaults__, function.__closure__)
    twin.__kwdefaults__ = cast(dict[str, Any], function.__kwdefaults__)
    return twin
