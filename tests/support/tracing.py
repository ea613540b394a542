"""Trace what the package does for one request: its calls, file by file, in their order."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import jwtpolicy

PACKAGE = str(Path(jwtpolicy.__file__).parent)


class Call(NamedTuple):
    """A call of a function of the package; a generator that is resumed is called again.

    Attributes:
        file: Its file, below the package.
        function: Its qualified name.
    """

    file: str
    function: str


@dataclass(frozen=True)
class Trace:
    """The calls into the package, in their order."""

    calls: tuple[Call, ...]

    @property
    def files(self) -> int:
        """How many files were entered."""
        return len({call.file for call in self.calls})

    @property
    def switches(self) -> int:
        """How often a call was followed by one in another file."""
        return sum(one.file != other.file for one, other in pairwise(self.calls))

    @property
    def returns(self) -> int:
        """How many of the switches led into a file that had been left before."""
        # Each file but the first is entered once by a switch that is no return.
        return self.switches - max(self.files - 1, 0)

    def __str__(self) -> str:
        return "\n".join(f"{call.file:32} {call.function}" for call in self.calls)


def traced(action: Callable[[], object]) -> Trace:
    """Run *action*, and return what it called in the package."""
    calls: list[Call] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(PACKAGE):
            calls.append(Call(code.co_filename[len(PACKAGE) + 1 :], code.co_qualname))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(before)
    return Trace(tuple(calls))


def table(traces: dict[str, Trace]) -> str:
    """Return the figures of *traces* as a table."""
    head = f"{'':24} calls  files  switches  returns"
    rows = [
        f"{name:24} {len(found.calls):5}  {found.files:5}  {found.switches:8}  {found.returns:7}"
        for name, found in traces.items()
    ]
    return "\n".join([head, *rows])
