"""The clock of an application, in seconds since the epoch, which tests can replace."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from .exceptions import ConfigurationError

#: Seconds since the epoch, as ``time.time`` gives them. Every part takes one of these.
Clock = Callable[[], float]


def system_clock() -> float:
    """Return the seconds since the epoch; what moves ``time.time`` in tests moves it."""
    return time.time()


def checked_clock(clock: Clock) -> Clock:
    """Return *clock* after one call of it that has to return seconds since the epoch.

    Raises:
        ConfigurationError: *clock* is not callable, or does not return a finite number.
    """
    given: object = clock
    told = given() if callable(given) else None
    if isinstance(told, int | float) and type(told) is not bool and math.isfinite(told):
        return clock
    found = f"{clock!r:.60}" if told is None else f"one that returns {told!r:.60}"
    msg = f"clock is a function that returns seconds since the epoch, as time.time, not {found}"
    raise ConfigurationError(msg)


def _even() -> Callable[[], float]:
    # Held by an object, because freezegun replaces ``time.monotonic`` wherever a module has it.
    if sys.platform == "win32":  # pragma: no cover
        return partial(time.monotonic)
    return partial(time.clock_gettime, time.CLOCK_MONOTONIC)


#: Seconds that pass evenly, for waiting; from when they count means nothing. What stops or moves
#: the clock of tests does not stop them: whoever waits would wait for ever.
elapsed: Final[Callable[[], float]] = _even()
