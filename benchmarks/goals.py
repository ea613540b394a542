"""Say what a figure has to stay below: a share of Flask-JWT-Extended's, or a limit of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .systems import Bare, FlaskJWTExtended

#: A goal is reached by what is not more than this above it: runs differ.
TOLERANCE = 1.1
#: Microseconds that the bare view took on the machine for which the limits in time were set.
REFERENCE = 39.0


@dataclass(frozen=True)
class Share:
    """A part of what Flask-JWT-Extended adds in the same run."""

    part: float

    def limit(self, figures: Mapping[str, float], _pace: float) -> float:
        """Return the goal in the unit of *figures*."""
        return self.part * figures[FlaskJWTExtended.name]

    def __str__(self) -> str:
        return f"{self.part:g}"


@dataclass(frozen=True)
class Duration:
    """A time; it is longer on a machine that is slower than the one that it was set for."""

    at_most: float
    unit: str = "µs"

    def limit(self, _figures: Mapping[str, float], pace: float) -> float:
        """Return the goal on a machine that takes *pace* times as long."""
        return self.at_most * pace

    def __str__(self) -> str:
        return f"{self.at_most:g} {self.unit}"


@dataclass(frozen=True)
class Amount:
    """So much, wherever it is measured."""

    at_most: float
    unit: str

    def limit(self, _figures: Mapping[str, float], _pace: float) -> float:
        """Return the goal."""
        return self.at_most

    def __str__(self) -> str:
        return f"{self.at_most:g} {self.unit}"


class LikeBare:
    """As much as the bare view's."""

    def limit(self, figures: Mapping[str, float], _pace: float) -> float:
        """Return what the bare view has."""
        return figures[Bare.name]

    def __str__(self) -> str:
        return "as bare"


Goal = Share | Duration | Amount | LikeBare
