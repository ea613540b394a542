"""The request as a guarded function that a view calls has been let in with."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Generator
from contextvars import ContextVar
from typing import Any, Final

from .live_access import LiveAccess


class InnerAccess:
    """A request as an inner guard has let it in, current for as long as the guarded function runs.

    It takes the place of what the endpoint's guard has let in for the task or thread that entered
    it, and for what these start with a copy of their context: tasks of `asyncio.gather` each see
    their own.

    Attributes:
        state: The request that it is about; no other one sees it, whatever context it runs in.
        access: The request as the inner guard sees it.
    """

    __slots__ = ("_outer", "access", "state")

    def __init__(self, state: object, access: LiveAccess) -> None:
        self.state = state
        self.access = access
        self._outer = _INNERMOST.get()
        _INNERMOST.set(self)

    def restore(self) -> None:
        """Make current again what was current before (C23)."""
        # A coroutine that nobody finished is closed in whatever context collects the garbage.
        if _INNERMOST.get() is self:
            _INNERMOST.set(self._outer)

    def around(self, steps: Any) -> Any:
        """Return the generator that a guarded function is, which sees this access at each step.

        Its body has not begun yet, and will run when the function has returned.
        """
        is_async = inspect.isasyncgen(steps)
        return GuardedAsyncSteps(self, steps) if is_async else GuardedSteps(self, steps)

    def again(self) -> InnerAccess:
        """Return the same access, entered once more."""
        return InnerAccess(self.state, self.access)

    def of(self, state: object) -> LiveAccess | None:
        """Return the innermost access to *state*; None where no inner guard has let it in here."""
        inner: InnerAccess | None = self
        while inner is not None and inner.state is not state:
            inner = inner._outer
        return None if inner is None else inner.access


class GuardedSteps(Generator[Any, Any, Any]):
    """A generator of a guarded function, each of whose steps sees what its guard has let in.

    Args:
        inner: What its guard has let in.
        steps: The generator.
    """

    def __init__(self, inner: InnerAccess, steps: Generator[Any, Any, Any]) -> None:
        self._inner = inner
        self._steps = steps

    def send(self, value: Any) -> Any:
        inner = self._inner.again()
        try:
            return self._steps.send(value)
        finally:
            inner.restore()

    def throw(self, *error: Any) -> Any:
        inner = self._inner.again()
        try:
            return self._steps.throw(*error)
        finally:
            inner.restore()


class GuardedAsyncSteps(AsyncGenerator[Any, Any]):
    """The same for an async generator.

    Args:
        inner: What its guard has let in.
        steps: The generator.
    """

    def __init__(self, inner: InnerAccess, steps: AsyncGenerator[Any, Any]) -> None:
        self._inner = inner
        self._steps = steps

    async def asend(self, value: Any) -> Any:
        inner = self._inner.again()
        try:
            return await self._steps.asend(value)
        finally:
            inner.restore()

    async def athrow(self, *error: Any) -> Any:
        inner = self._inner.again()
        try:
            return await self._steps.athrow(*error)
        finally:
            inner.restore()


#: What an inner guard has let in for this task or thread, the innermost one's.
_INNERMOST: Final[ContextVar[InnerAccess | None]] = ContextVar("jwtpolicy.inner", default=None)


def innermost(state: object) -> LiveAccess | None:
    """Return the request as the innermost guard of this task or thread has let it in, or None."""
    inner = _INNERMOST.get()
    return None if inner is None else inner.of(state)
