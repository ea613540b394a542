"""Print results as a table, a line for each as soon as it is measured."""

from __future__ import annotations

import platform
from importlib.metadata import version

from .goals import REFERENCE
from .rows import Result
from .systems import PROTECTED, FlaskJWTExtended

_LIBRARIES = ("flask", "werkzeug", "pyjwt", "cryptography", "marshmallow", "flask-jwt-extended")
_WIDTH = 15
_TITLE = 38


def versions() -> dict[str, str]:
    """Return the versions of what is measured."""
    found = {name: version(name) for name in _LIBRARIES}
    return {"python": platform.python_version(), **found}


def heading(pace: float) -> str:
    """Return what stands above the rows."""
    libraries = ", ".join(f"{name} {number}" for name, number in versions().items())
    titles = [system.name.replace("flask-jwt-extended", "FJE") for system in PROTECTED]
    columns = "".join(f"{title.replace('jwtpolicy, ', ''):>{_WIDTH}}" for title in titles)
    bare = f"{pace * REFERENCE:.0f} µs, {pace:.2f} times"
    return (
        f"{libraries}\n"
        "What a system adds to a bare view and, in brackets, its share of what Flask-JWT-Extended\n"
        f"(FJE) adds. A bare request takes {bare} what it took on\n"
        "the machine for which the goals in time were set; they are stretched alike.\n"
        "ok: jwtpolicy, in memory, is at most a tenth above its goal.\n\n"
        f"{'':{_TITLE}}{'bare':>6}{columns}{'goal':>{_WIDTH + 3}}"
    )


def line(result: Result) -> str:
    """Return the line of *result*."""
    title = f"{result.row.title} ({result.row.unit})"
    cells = "".join(f"{_cell(result, system.name):>{_WIDTH}}" for system in PROTECTED)
    verdict = "ok" if result.is_reached else "miss"
    goal = f"{_number(result.limit)} ({result.row.goal})"
    return (
        f"{title:{_TITLE}}{_number(result.figures.base):>6}{cells}{goal:>{_WIDTH + 3}}  {verdict}"
    )


def _cell(result: Result, system: str) -> str:
    if system not in result.figures.added:
        return "-"
    number = _number(result.figures.added[system])
    share = result.share(system)
    is_reference = system == FlaskJWTExtended.name
    return number if share is None or is_reference else f"{number} ({share:.2f})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"
