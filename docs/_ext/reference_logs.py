"""Render what is logged, from the calls that log it, and the signals."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blinker import NamedSignal
from reference_api import comment_above
from tables import table_lines

from jwtpolicy import signals

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "jwtpolicy"
TABLE = ROOT / "docs/reference/data/logs.toml"

#: A call that logs: its module, its text, its level, and the source of what is put into the text.
Call = tuple[str, str, str, tuple[str, ...]]

#: The levels by the names of the methods; `log` gets its level from a variable.
_LEVELS = {
    "exception": "ERROR",
    "error": "ERROR",
    "warning": "WARNING",
    "info": "INFO",
    "debug": "DEBUG",
}


@cache
def the_table() -> list[dict[str, str]]:
    """Return what ``logs.toml`` says, line by line."""
    found: list[dict[str, str]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))["line"]
    return found


@cache
def calls() -> dict[tuple[str, str], list[Call]]:
    """Return the calls that log, by module and text."""
    found = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(PACKAGE).with_suffix("").as_posix()
        for call in _calls_in(path.read_text(encoding="utf-8"), where):
            found[call[:2]].append(call)
    return found


def _calls_in(source: str, where: str) -> Iterator[Call]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(
                ast.Attribute(ast.Name("logger" | "_LOG"), method), [ast.Constant(str(text)), *rest]
            ) if method in _LEVELS:
                yield (where, text, _LEVELS[method], tuple(map(ast.unparse, rest)))
            # A line that waits for the answer is a tuple of the arguments of `logger.log`.
            case ast.Tuple([ast.Name("level"), ast.Constant(str(text)), *_]):
                yield (where, text, "", ())


def log_rows() -> Iterator[tuple[str, str, str]]:
    """Yield a row for each line of the log."""
    yield ("level", "line, and what it names", "when")
    for row in the_table():
        _, text, level, arguments = calls()[row["where"], row["line"]][0]
        fields = row.get("fields") or ", ".join(f"``{name}``" for name in arguments)
        names = f" (fields: {fields})" if fields and "shown" not in row else ""
        shown = row.get("shown") or re.sub(r"%[srd]", "…", text)
        yield (row.get("level", level), f"``{shown}``{names}", row["when"])


def signal_rows() -> Iterator[tuple[str, str]]:
    """Yield a row for each signal: its name, and what its comment says."""
    yield ("signal", "sent when, and with what")
    source = inspect.getsource(signals)
    for name, value in vars(signals).items():
        if isinstance(value, NamedSignal):
            yield (f":data:`~jwtpolicy.signals.{name}`", comment_above(name, source))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives of both tables."""
    from tables import Table

    class Logs(Table):
        """Insert the lines of the log."""

        lines = staticmethod(lambda: table_lines(log_rows(), "12 50 38"))

    class Signals(Table):
        """Insert the signals."""

        lines = staticmethod(lambda: table_lines(signal_rows(), "20 80"))

    app.add_directive("log-table", Logs)
    app.add_directive("signals-table", Signals)
    return {"parallel_read_safe": True}


def undescribed() -> set[Any]:
    """Return the calls that log and have no line in the table, and the lines without a call."""
    return {(row["where"], row["line"]) for row in the_table()} ^ set(calls())
