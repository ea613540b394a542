"""Make the three runs, and hold the two of the bridge against the one of the original."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

from .judging import judge
from .source import PACKAGE, Layout
from .suite import BRIDGE, LENIENT, ORIGINAL, STRICT, Report, Run, run_suite


@dataclass(frozen=True)
class Result:
    """One run, what came of it, and what is wrong with that."""

    run: Run
    report: Report
    complaints: tuple[str, ...] = ()


def compare(layout: Layout, python: str = sys.executable) -> list[Result]:
    """Return the result of each run, the original first.

    Raises:
        SuiteError: A run stopped before its end.
    """
    original = run_suite(ORIGINAL, layout, python)
    strict, lenient = (run_suite(run, layout, python) for run in (STRICT, LENIENT))
    return [
        judged(ORIGINAL, original, original, layout.package / PACKAGE),
        judged(STRICT, original, strict, bridge_folder()),
        judged(LENIENT, original, lenient, bridge_folder()),
    ]


def judged(run: Run, original: Report, report: Report, folder: Path) -> Result:
    """Return *report* with what is wrong with it."""
    return Result(run, report, tuple(judge(original, report, run.listed, folder)))


def bridge_folder() -> Path:
    """Return where the modules of the bridge lie."""
    spec = importlib.util.find_spec(BRIDGE)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent
