"""The pages of what cannot happen here leave nothing out, and every row is tested."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.support.paths import ROOT

#: The pages in their order, as the first of them lists them.
FIRST = ROOT / "docs/understand/what-cannot-happen.rst"
PAGES = [
    FIRST.parent / f"{name}.rst"
    for name in re.findall(
        r"^   (what-cannot-happen/[\w-]+)$", FIRST.read_text(encoding="utf-8"), re.MULTILINE
    )
]

LAST = {"S": 19, "C": 23, "D": 21, "K": 48}
IDS = [f"{letter}{number}" for letter in LAST for number in range(1, LAST[letter] + 1)]

_ROW = re.compile(r"^   \* - ([SCDK]\d+)\n((?:     .*\n)+)", re.MULTILINE)


@cache
def rows() -> dict[str, str]:
    """Return what the pages say, by id."""
    return dict(row for page in PAGES for row in _ROW.findall(page.read_text(encoding="utf-8")))


@cache
def named() -> frozenset[str]:
    """Return the ids that docstrings of tests of the native library name."""
    return frozenset(name for text in docstrings() for name in re.findall(r"\b[SCDK]\d+\b", text))


def docstrings() -> Iterator[str]:
    for path in (ROOT / "tests").rglob("test_*.py"):
        if "compat" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    yield ast.get_docstring(node) or ""


def test_the_pages_have_every_item_in_order() -> None:
    assert list(rows()) == IDS


@pytest.mark.parametrize("name", IDS)
def test_an_item_is_tested_or_says_that_it_is_not(name: str) -> None:
    assert name in named() or "*Not yet*" in rows()[name]


@pytest.mark.parametrize("name", IDS)
def test_a_row_says_what_went_wrong_and_what_happens_here(name: str) -> None:
    cells = [cell.strip() for cell in rows()[name].split("     - ")[1:]]

    assert len(cells) == 2
    assert all(cell.endswith(".") for cell in cells)
