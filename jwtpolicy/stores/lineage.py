"""Detect a store that went back in time because an older copy was put in its place."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from typing import Final, NamedTuple

from ..clock import elapsed

#: Seconds between two advances of a mark by one process, so that changes do not meet at one row.
PERIOD: Final = 1.0

_LOG: Final = logging.getLogger("jwtpolicy")


class Age(NamedTuple):
    """The age of a store's content; of two, the larger one is the later.

    Attributes:
        began: The second since which it has all entries; a store that lost everything begins anew.
        mark: A number that grows while the store is written to.
    """

    began: int
    mark: int


#: An age below that of every store.
NEW: Final = Age(-(2**62), 0)


class Lineage:
    """The ages of a store that one process has seen, and the schedule of advancing its mark.

    A copy that was made earlier has not come as far as the store was seen to be. Whoever saw it
    knows; a process that was started since cannot.

    Ages are kept for each part of a store that may go back by itself.

    Args:
        timer: A monotonic clock, in seconds.
    """

    def __init__(self, timer: Callable[[], float] = elapsed) -> None:
        self._timer = timer
        self._ages: dict[Hashable, Age] = {}
        self._due_at: dict[Hashable, float] = {}

    def seen(self, part: Hashable = None) -> Age:
        """Return the greatest age seen so far; read it before asking the store.

        Whoever asked at the same time may have seen a greater one, since.
        """
        return self._ages.get(part, NEW)

    def see(self, age: Age, part: Hashable = None) -> None:
        """Remember an age of the store, if it is the greatest."""
        if age > self.seen(part):
            self._ages[part] = age

    def is_due(self, part: Hashable = None) -> bool:
        """Whether the mark is to be advanced with a change that was made now."""
        return self._timer() >= self._due_at.get(part, 0.0)

    def advanced(self, part: Hashable = None) -> None:
        """Postpone the next advance of the mark: it was advanced, or could not be."""
        self._due_at[part] = self._timer() + PERIOD


def warn_of(what: str, seen: Age, found: Age) -> None:
    """Log that a store went back in time."""
    _LOG.error(
        "%s went back in time (memory began %d, mark %d; before: %d, %d): somebody put an older "
        "copy in its place. All tokens that were issued until now are refused",
        what,
        *found,
        *seen,
    )
