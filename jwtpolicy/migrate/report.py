"""Say what changes, and what is left to a person."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

from .edits import Note

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


def moved(notes: Iterable[Note], before: str, after: str) -> list[Note]:
    """Return *notes* with the lines where their code stands after the change."""
    lines = _lines(after)
    matcher = difflib.SequenceMatcher(None, _lines(before), lines, autojunk=False)
    blocks = matcher.get_opcodes()
    last = max(1, len(lines))
    return [Note(min(last, _moved(note.line - 1, blocks) + 1), note.text) for note in notes]


def _moved(line: int, blocks: Sequence[tuple[str, int, int, int, int]]) -> int:
    found = (block for block in blocks if block[1] <= line < block[2])
    _, _, end, new_start, new_end = next(found)
    # What is new in a block mostly stands at its top: a statement, an import.
    return max(new_start, new_end - (end - line))
