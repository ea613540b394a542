"""How often a key set may be fetched, however many tokens ask for it (KEY-6)."""

from __future__ import annotations

import math
from typing import Final

#: Fetches that may follow each other at once.
BURST: Final = 3
#: Seconds after which one more is allowed.
COOL_DOWN: Final = 30.0


class FetchBudget:
    """Three fetches in a row, and then one for each cool-down.

    Each cool-down that passes gives one fetch back, up to three. So in any span of time there are
    at most three fetches, and one more for each cool-down in it, whether they succeed or not.

    It is not safe for threads; its owner holds a lock.
    """

    __slots__ = ("_full_at",)

    def __init__(self) -> None:
        #: When all three are there again.
        self._full_at = -math.inf

    def take(self, now: float) -> bool:
        """Take one fetch; return whether there was one."""
        if self.wait(now) > 0:
            return False
        self._full_at = max(self._full_at, now) + COOL_DOWN
        return True

    def wait(self, now: float) -> float:
        """Return the seconds until there is a fetch to take; 0 if there is one now."""
        return max(0.0, self._full_at - now - (BURST - 1) * COOL_DOWN)
