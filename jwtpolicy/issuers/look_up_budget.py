"""How often the application is asked for issuers that it does not have, whoever sends tokens."""

from __future__ import annotations

import math
from typing import Final

#: Look-ups without a result that may follow each other at once.
BURST: Final = 100
#: Those that come back in each second.
PER_SECOND: Final = 10


class LookUpBudget:
    """A hundred look-ups in a row, and then ten per second; one that finds an issuer is given back.

    So strangers with ten thousand made-up names cost a database ten queries per second, and an
    application that starts with a thousand tenants finds all of them at once.

    It is not safe for threads; its owner holds a lock.
    """

    __slots__ = ("_full_at",)

    def __init__(self) -> None:
        #: When all of them are there again.
        self._full_at = -math.inf

    def take(self, now: float) -> bool:
        """Take one look-up; return whether there was one."""
        full_at = max(self._full_at, now) + 1 / PER_SECOND
        if full_at - now > BURST / PER_SECOND:
            return False
        self._full_at = full_at
        return True

    def give_back(self) -> None:
        """Give back the look-up that was taken: it has found an issuer."""
        self._full_at -= 1 / PER_SECOND
