"""Keep what was measured, as lines of a CSV file."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

_COLUMNS: Final = ("store", "size", "what", "value")


class Key(NamedTuple):
    """What one figure is about.

    Attributes:
        store: The name of its place.
        size: The sessions in it, and the revoked tokens.
        what: The figure, with its unit at the end.
    """

    store: str
    size: int
    what: str


class Results:
    """The median of each figure's rounds."""

    def __init__(self) -> None:
        self._rounds: dict[Key, list[float]] = {}

    def add(self, store: str, size: int, **figures: float) -> None:
        """Add a round's figures."""
        for what, value in figures.items():
            self._rounds.setdefault(Key(store, size, what), []).append(value)

    def write(self, path: Path) -> None:
        """Write the medians."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(_COLUMNS)
            order = list(dict.fromkeys(key.store for key in self._rounds))
            in_order = sorted(self._rounds, key=lambda key: (order.index(key.store), key.size))
            for key in in_order:
                rounds = self._rounds[key]
                writer.writerow([*key, f"{statistics.median(rounds):.4g}"])


class Figures(dict[Key, float]):
    """What a file of results says."""

    @classmethod
    def read(cls, path: Path) -> Figures:
        """Return what `Results.write` wrote."""
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return cls({Key(r["store"], int(r["size"]), r["what"]): float(r["value"]) for r in rows})

    @property
    def stores(self) -> list[str]:
        """The stores, in their order."""
        return list(dict.fromkeys(key.store for key in self))

    @property
    def sizes(self) -> list[int]:
        """The sizes, the smallest first."""
        return sorted({key.size for key in self if key.size})

    @property
    def clients(self) -> int:
        """How many clients "several" are."""
        return int(self.last("pair", "clients"))

    def last(self, store: str, what: str) -> float:
        """Return a figure of the largest size that it was measured at."""
        return self[max(key for key in self if (key.store, key.what) == (store, what))]

    def series(self, store: str, what: str) -> Iterator[tuple[int, float]]:
        """Yield the sizes, and a figure for each."""
        for key in sorted(key for key in self if (key.store, key.what) == (store, what)):
            yield key.size, self[key]


def write_setup(path: Path, lines: Iterable[tuple[str, str]]) -> None:
    """Write what was measured on what."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("what", "value"), *lines])


def read_setup(path: Path) -> list[tuple[str, str]]:
    """Return what `write_setup` wrote."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(row[0], row[1]) for row in csv.reader(file)][1:]
