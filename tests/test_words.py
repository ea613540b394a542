"""Docstrings are no riddles: an error stands with its condition, and a class with its noun."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PACKAGE = ROOT / "jwtpolicy"
FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

#: A condition of so few words, such as "It did.", is one that only the code can explain.
FEW = 4

_RIDDLE = re.compile(r"(?:What|How|Where)\b")
_RAISES = re.compile(r"^Raises:\n((?:    .*\n?|\n)+)", re.MULTILINE)
_ENTRY = re.compile(r"^    (\S.*(?:\n {5,}.*)*)", re.MULTILINE)
_ERROR = re.compile(r"([A-Z]\w*): +(\S.*)", re.DOTALL)

Documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def riddles(source: str) -> Iterator[str]:
    """Yield the texts of *source* that its docstrings should say in another way."""
    for node in ast.walk(ast.parse(source)):
        doc = (ast.get_docstring(node) or "") if isinstance(node, Documented) else ""
        if isinstance(node, ast.ClassDef) and _RIDDLE.match(doc):
            yield doc.partition("\n")[0]
        for section in _RAISES.findall(doc):
            yield from filter(_is_riddle, _ENTRY.findall(section))


def _is_riddle(entry: str) -> bool:
    found = _ERROR.fullmatch(entry)
    return found is None or len(found[2].split()) <= FEW


def riddles_in(file: str) -> list[str]:
    """Return the riddles of a file of the package."""
    return list(riddles(Path(PACKAGE, file).read_text(encoding="utf-8")))


@pytest.mark.parametrize("file", FILES)
def test_no_docstring_is_a_riddle(file: str) -> None:
    assert riddles_in(file) == []


@pytest.mark.parametrize(
    ("entry", "is_found"),
    [
        pytest.param("ValueError: So it is.", True, id="no condition"),
        pytest.param("ValueError", True, id="nothing but the error"),
        pytest.param("When there is no store at all.", True, id="no error"),
        pytest.param("ValueError: The application has no store.", False, id="both"),
        pytest.param(
            "ValueError: The application\n            has no store.", False, id="two lines"
        ),
    ],
)
def test_an_error_needs_a_condition(entry: str, is_found: bool) -> None:
    source = f'def f():\n    """Do it.\n\n    Raises:\n        {entry}\n    """\n'

    assert bool(list(riddles(source))) is is_found


@pytest.mark.parametrize(("first", "is_found"), [("What signs.", True), ("A signer.", False)])
def test_a_class_is_said_by_its_noun(first: str, is_found: bool) -> None:
    assert bool(list(riddles(f'class Signer:\n    """{first}"""\n'))) is is_found
