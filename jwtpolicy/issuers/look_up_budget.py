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

    __slots__ = ("_at", "_spent")

    def __init__(self) -> None:
        self._spent = 0.0
        #: When that was so.
        self._at = -math.inf

    def take(self, now: float) -> bool:
        """Take one look-up; return whether there was one."""
        passed = max(0.0, now - self._at)
        self._at = max(self._at, now)
        self._spent = max(0.0, self._spent - passed * PER_SECOND)
        if self._spent > BURST - 1:
            return False
        self._spent += 1
        return True

    def give_back(self) -> None:
        """Give back the look-up that was taken: it has found an issuer."""
        self._spent = max(0.0, self._spent - 1)
