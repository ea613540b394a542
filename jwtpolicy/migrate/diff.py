"""The unified diff of a file's changes."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

_NO_NEWLINE = "\\ No newline at end of file\n"


def diff(name: str, before: str, after: str) -> Iterator[str]:
    """Yield the lines of a unified diff, which ``patch`` and ``git apply`` take."""
    path = name.lstrip("/")
    made = difflib.unified_diff(_lines(before), _lines(after), f"a/{path}", f"b/{path}")
    for line in made:
        yield line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}"


def _lines(text: str) -> list[str]:
    """Return the lines of *text* as ``patch`` counts them: only a line feed ends one."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + list(
        filter(None, [text.split("\n")[-1]])
    )
