"""Let what must not be shared with a parent process start afresh in the child."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import Final
from weakref import WeakSet


class Restarting(ABC):
    """Something with connections and locks, which are of no use to a child process.

    Its connections would be in two hands, and a lock may be held by a thread that was not forked
    along. The constructor calls `begin`, and so does the child before any code of its own runs.
    """

    def __init__(self) -> None:
        self.begin()
        _ALL.add(self)

    @abstractmethod
    def begin(self) -> None:
        """Start afresh, with no connection and new locks."""


_ALL: Final[WeakSet[Restarting]] = WeakSet()


def _begin_all() -> None:
    for restarting in list(_ALL):
        restarting.begin()


if hasattr(os, "register_at_fork"):  # pragma: no branch # not on Windows
    os.register_at_fork(after_in_child=_begin_all)
