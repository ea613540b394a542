"""Name all rows of the table, and judge their figures by their goals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from .goals import TOLERANCE, Goal
from .leftovers import LEFTOVERS
from .measuring import Figures
from .scenarios import SCENARIOS
from .starting import STARTS
from .systems import Bare, FlaskJWTExtended, Ours


class Row(Protocol):
    """What the table has a line for.

    Attributes:
        name: What ``--only`` calls it.
        title: What the table calls it.
        goal: What the figure of `Ours` has to stay below.
        unit: That of the figures.
    """

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def goal(self) -> Goal: ...
    @property
    def unit(self) -> str: ...

    def figures(self, rounds: int) -> Figures:
        """Measure every system in so many rounds."""


ROWS: tuple[Row, ...] = (*SCENARIOS, *STARTS, *LEFTOVERS)


@dataclass(frozen=True)
class Result:
    """A row with its figures.

    Attributes:
        row: The row.
        figures: What was measured.
        pace: How many times as long this machine takes as that of the limits in time.
    """

    row: Row
    figures: Figures
    pace: float

    @property
    def limit(self) -> float:
        """The goal, in the unit of the row."""
        figures = {Bare.name: self.figures.base, **self.figures.added}
        return self.row.goal.limit(figures, self.pace)

    @property
    def is_reached(self) -> bool:
        """Whether jwtpolicy stays below the goal, or no more above it than runs differ."""
        return self.figures.added[Ours.name] <= self.limit * TOLERANCE

    def share(self, system: str) -> float | None:
        """Return what *system* adds as a part of what Flask-JWT-Extended does, if it does."""
        reference = self.figures.added.get(FlaskJWTExtended.name, 0.0)
        return self.figures.added[system] / reference if reference > 0 else None

    def to_json(self) -> dict[str, Any]:
        """Return the members of the row in a file of results."""
        shares = {system: self.share(system) for system in self.figures.added}
        return {
            "name": self.row.name,
            "title": self.row.title,
            "unit": self.row.unit,
            "base": round(self.figures.base, 2),
            "added": {system: round(value, 2) for system, value in self.figures.added.items()},
            "shares": {
                name: round(share, 4) for name, share in shares.items() if share is not None
            },
            "goal": str(self.row.goal),
            "limit": round(self.limit, 2),
            "is_reached": self.is_reached,
        }
