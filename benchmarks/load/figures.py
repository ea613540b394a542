"""Write what was measured as the table of the page "Sizing"."""

from __future__ import annotations

import csv
import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

#: The columns behind those of the sizes.
COLUMNS = (
    "99th percentile",
    "look-ups/s",
    "rotations/s",
    "bytes: session",
    "server µs: look-up",
    "server µs: rotation",
    "bytes: token",
    "pruned/s",
)
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Figures:
    """The median of each figure's rounds, by the title of a row and the name of a column."""

    def __init__(self) -> None:
        self._rounds: defaultdict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, title: str, column: str, value: float) -> None:
        """Add what one round found."""
        self._rounds[title, column].append(value)

    def write(self, path: Path, titles: Sequence[str], sizes: Sequence[int]) -> None:
        """Write the rows of *titles*, in their order; what was not measured is empty."""
        columns = [*map(among, sizes), *COLUMNS]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["store", *columns])
            writer.writerows([title, *(self._cell(title, c) for c in columns)] for title in titles)

    def _cell(self, title: str, column: str) -> str:
        rounds = self._rounds.get((title, column))
        return short(statistics.median(rounds)) if rounds else ""


def among(size: int) -> str:
    """Return the column of look-ups among so many sessions."""
    exponent = round(math.log10(size))
    power = f"10{str(exponent).translate(_SUPERSCRIPTS)}"
    return f"µs among {power if 10**exponent == size else f'{size:,}'}"


def short(value: float) -> str:
    """Return a number with three digits that count."""
    digits = 2 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{round(value, digits):,.{min(max(digits, 0), 2)}f}"
