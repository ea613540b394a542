"""The request as a guarded function that a view calls has been let in with."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Generator
from contextvars import ContextVar
from typing import Any, Final

from .live_access import LiveAccess


class InnerAccess:
    """A request as an inner guard has let it in, for as long as the guarded function runs.

    It shades what the endpoint's guard has let in for the task or thread that entered it, and for
    what these start with a copy of their context: tasks of `asyncio.gather` each see their own.

    Attributes:
        state: The request that is shaded; no other one sees it, whatever context it runs in.
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
        """Return the generator that a guarded function is, with the shade around each step.

        Its body has not begun yet, and will run when the shade is gone.
        """
        is_async = inspect.isasyncgen(steps)
        return GuardedAsyncSteps(self, steps) if is_async else GuardedSteps(self, steps)

    def again(self) -> InnerAccess:
        """Return the same shade, entered once more."""
        return InnerAccess(self.state, self.access)

    def of(self, state: object) -> LiveAccess | None:
        """Return the innermost access to *state*; None where nothing shades it here."""
        shade: InnerAccess | None = self
        while shade is not None and shade.state is not state:
            shade = shade._outer
        return None if shade is None else shade.access


class GuardedSteps(Generator[Any, Any, Any]):
    """A generator of a guarded function, each of whose steps sees what its guard has let in.

    Args:
        shade: The shade.
        steps: The generator.
    """

    def __init__(self, shade: InnerAccess, steps: Generator[Any, Any, Any]) -> None:
        self._shade = shade
        self._steps = steps

    def send(self, value: Any) -> Any:
        shade = self._shade.again()
        try:
            return self._steps.send(value)
        finally:
            shade.restore()

    def throw(self, *error: Any) -> Any:
        shade = self._shade.again()
        try:
            return self._steps.throw(*error)
        finally:
            shade.restore()


class GuardedAsyncSteps(AsyncGenerator[Any, Any]):
    """The same for an async generator.

    Args:
        shade: The shade.
        steps: The generator.
    """

    def __init__(self, shade: InnerAccess, steps: AsyncGenerator[Any, Any]) -> None:
        self._shade = shade
        self._steps = steps

    async def asend(self, value: Any) -> Any:
        shade = self._shade.again()
        try:
            return await self._steps.asend(value)
        finally:
            shade.restore()

    async def athrow(self, *error: Any) -> Any:
        shade = self._shade.again()
        try:
            return await self._steps.athrow(*error)
        finally:
            shade.restore()


#: What shades requests in this task or thread, the innermost guard's.
_INNERMOST: Final[ContextVar[InnerAccess | None]] = ContextVar("jwtpolicy.shade", default=None)
