"""Render what is wrong behind each error, by the status that a user sees."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from tables import error_classes, table_lines

from jwtpolicy.exceptions import AccessError

if TYPE_CHECKING:
    from sphinx.application import Sphinx

TABLE = Path(__file__).parents[1] / "reference/data/troubleshooting.toml"


@cache
def the_table() -> list[dict[str, str]]:
    """Return what ``troubleshooting.toml`` says, error by error."""
    found: list[dict[str, str]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))["error"]
    return found


def lines() -> Iterator[str]:
    """Yield a section for each status, with a table of its errors."""
    told = {row["class"]: row for row in the_table()}
    classes = error_classes()
    for status in sorted({error.code for error in classes if error.code}):
        title = f"I get {status} {HTTPStatus(status).phrase}"
        yield from ("", title, "-" * len(title), "")
        rows = [_row(error, told[error.__name__]) for error in classes if error.code == status]
        heading = ("code in the answer", "what is wrong", "what to do", "shown by")
        yield from table_lines([heading, *rows], "20 30 30 20")


def _row(error: type[AccessError], told: dict[str, str]) -> tuple[str, ...]:
    code = f"``{error.error}`` (:exc:`~jwtpolicy.exceptions.{error.__name__}`)"
    shown = f"``{told['show']}``" if "show" in told else "the line in the log"
    return (code, told["wrong"], told["do"], shown)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive of the sections."""
    from tables import Table

    class Troubleshooting(Table):
        """Insert a section for each status."""

        lines = staticmethod(lines)

    app.add_directive("troubleshooting", Troubleshooting)
    return {"parallel_read_safe": True}
