"""Compare a run of the suite with a run against the original."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from .source import PACKAGE
from .suite import COLLECTED, Report


def judge(original: Report, report: Report, listed: frozenset[str], folder: Path) -> Iterator[str]:
    """Yield what is wrong with *report*; nothing means that it is as it has to be.

    Args:
        original: The same suite, run against Flask-JWT-Extended itself.
        report: What is judged.
        listed: The node ids that have to fail.
        folder: Where every module of the package that ran has to lie.
    """
    yield from wrong_package(report, folder)
    yield from wrong_count(report)
    yield from wrong_outcomes(original, report, listed)


def wrong_package(report: Report, folder: Path) -> Iterator[str]:
    """Yield the modules that came from elsewhere, so that nothing is compared with itself."""
    if PACKAGE not in report.modules:
        yield f"{PACKAGE} was not imported"
    for name, file in report.modules.items():
        if file is None or Path(file).parent.resolve() != folder.resolve():
            yield f"{name} came from {file}, not from {folder}"


def wrong_count(report: Report) -> Iterator[str]:
    """Yield whether cases were lost or added."""
    if report.collected != COLLECTED:
        yield f"{report.collected} cases were collected, not {COLLECTED}"
    if len(report.outcomes) != report.collected:
        yield f"{len(report.outcomes)} of {report.collected} cases were run"


def wrong_outcomes(original: Report, report: Report, listed: frozenset[str]) -> Iterator[str]:
    """Yield the cases that did not end as they have to."""
    passing = original.ended("passed")
    yield from each("listed, but the original fails it too", listed - passing)
    yield from each("failed, and is not listed", passing - report.ended("passed") - listed)
    yield from each("listed, but did not fail", listed - report.ended("failed"))
    changed = original.ended("skipped") ^ report.ended("skipped")
    yield from each("skipped in one of the two runs only", changed)


def each(what: str, names: Iterable[str]) -> Iterator[str]:
    """Yield a line for each node id."""
    return (f"{name}: {what}" for name in sorted(names))
