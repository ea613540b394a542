"""Say in a small table what came of the runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .comparison import Result
from .source import PACKAGE

HEAD = ("run", "collected", "passed", "skipped", "failed", "listed", "seconds")


def table(results: Iterable[Result]) -> Iterator[str]:
    """Yield a line for each run."""
    yield line(HEAD)
    for result in results:
        yield line(figures(result))


def line(cells: Iterable[str]) -> str:
    """Return a line of the table: a wide name, then figures below each other."""
    name, *numbers = cells
    return f"{name:22}" + "".join(f"{number:>10}" for number in numbers)


def figures(result: Result) -> list[str]:
    """Return the cells of one run."""
    report = result.report
    ended = [str(len(report.ended(how))) for how in ("passed", "skipped", "failed")]
    counted = [str(report.collected), *ended, str(len(result.run.listed))]
    return [result.run.name, *counted, f"{report.seconds:.1f}"]


def absent(result: Result, submodules: Iterable[str]) -> list[str]:
    """Return the modules of the original that the package that ran does not have."""
    return [name for name in submodules if f"{PACKAGE}.{name}" not in result.report.modules]
