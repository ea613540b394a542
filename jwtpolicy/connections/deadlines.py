"""Deadlines: one timeout for all the waits that a call of a store consists of."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token
from functools import wraps
from types import TracebackType
from typing import Any, Final, TypeVar, cast

from ..clock import elapsed

#: The part of the time that counts as all of it.
_NEARLY: Final = 0.9
#: Seconds. A socket that may wait for no time at all does not wait, which is another error.
_LEAST: Final = 0.001

Method = TypeVar("Method", bound=Callable[..., Any])


class _Budget:
    """The timeout that several calls share; None before the first of them."""

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds: float | None = None


#: The deadline of the current call, by `elapsed`.
_END: Final[ContextVar[float | None]] = ContextVar("jwtpolicy_store_end", default=None)
_BUDGET: Final[ContextVar[_Budget | None]] = ContextVar("jwtpolicy_store_budget", default=None)


class together:  # noqa: N801 # it is used as a statement
    """A context manager in which all calls of a store share the timeout of one.

    A guard asks about each token that a request presents, and a store that hangs is waited for
    once, and not once for each. What else is done inside does not count.
    """

    __slots__ = ("_before",)

    def __enter__(self) -> None:
        self._before: Token[_Budget | None] | None = None
        if _BUDGET.get() is None:
            self._before = _BUDGET.set(_Budget())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._before is not None:
            _BUDGET.reset(self._before)


class within:  # noqa: N801 # it is used as a statement
    """A context manager that sets a deadline for all waits inside.

    Inside of another one the outer deadline holds.

    Args:
        seconds: The timeout.
    """

    __slots__ = ("_before", "_budget", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._before: Token[float | None] | None = None
        if _END.get() is not None:
            return
        self._budget = budget = _BUDGET.get()
        seconds = self._seconds
        if budget is not None and budget.seconds is not None:
            seconds = min(seconds, budget.seconds)
        self._before = _END.set(elapsed() + seconds)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._before is None:
            return
        if self._budget is not None:
            self._budget.seconds = left(self._seconds)
        _END.reset(self._before)


def left(seconds: float) -> float:
    """Return *seconds*, or the fewer that are left until the deadline; 0 after it."""
    end = _END.get()
    return seconds if end is None else max(0.0, min(seconds, end - elapsed()))


def patience(seconds: float) -> float:
    """Return the timeout of a socket whose usual one is *seconds*, cut by the deadline.

    Setting it lets go of the interpreter's lock, so it stays as it is while little time is gone:
    a deadline is kept to within a tenth.
    """
    remaining = left(seconds)
    return seconds if remaining > seconds * _NEARLY else max(_LEAST, remaining)


def in_time(method: Method) -> Method:
    """Decorate a method of a store: all its round trips together take ``self._timeout``."""

    @wraps(method)
    def timed(self: Any, *args: Any, **kwargs: Any) -> Any:
        with within(self._timeout):
            return method(self, *args, **kwargs)

    return cast("Method", timed)
