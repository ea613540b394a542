"""Print the results of checks as lines of at most 80 columns, or as JSON."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Final

import click

from .check import Result, Verdict

_WIDTH: Final = 80
#: The width of the two columns of verdicts and of names.
_VERDICT: Final = max(map(len, Verdict)) + 2
_NAME: Final = 17
_COLOURS: Final = {Verdict.FAILURE: "red", Verdict.WARNING: "yellow", Verdict.OK: "green"}


def as_json(application: str, results: Sequence[Result]) -> str:
    """Return one object; each check has the attributes of `Result`."""
    members = {
        "application": application,
        "failed": has_failed(results),
        "checks": list(map(asdict, results)),
    }
    return json.dumps(members, indent=2)


def as_text(application: str, results: Sequence[Result]) -> str:
    """Return the results for people; the colours are for a terminal, and left out elsewhere."""
    lines = [f"Before production: {application}", ""]
    for result in results:
        lines += _lines(result)
    return "\n".join([*lines, "", _sum(results)])


def has_failed(results: Sequence[Result]) -> bool:
    """Whether one of the verdicts is a failure."""
    return any(result.verdict is Verdict.FAILURE for result in results)


def _lines(result: Result) -> Iterator[str]:
    verdict = click.style(result.verdict.ljust(_VERDICT), fg=_COLOURS.get(result.verdict))
    head = verdict + result.name.ljust(_NAME)
    for text in _texts(result):
        for line in _wrapped(text):
            yield head + line
            head = " " * (_VERDICT + _NAME)


def _texts(result: Result) -> Iterator[str]:
    yield from result.found
    if result.advice:
        yield f"-> {result.advice}"


def _wrapped(text: str) -> list[str]:
    """Return the lines of *text* beside the two columns, those of a longer sentence indented."""
    width = _WIDTH - _VERDICT - _NAME
    indent = "   " if text.startswith("->") else "  "
    return textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False)


def _sum(results: Sequence[Result]) -> str:
    counts = Counter(result.verdict for result in results)
    parts = [_counted(counts[one], one) for one in (Verdict.FAILURE, Verdict.WARNING)]
    parts += [f"{counts[one]} {one}" for one in (Verdict.CANNOT_TELL, Verdict.OK)]
    return ", ".join(parts)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
