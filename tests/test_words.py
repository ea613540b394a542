"""Docstrings are no riddles: an error stands with its condition, and a class with its noun."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.words import docstrings, faults, helps, settings

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


@pytest.mark.parametrize("texts", [settings, helps, docstrings])
def test_what_users_read_is_said_in_plain_words(
    texts: Callable[[], Iterator[tuple[str, str]]],
) -> None:
    assert {name: found for name, text in texts() if (found := faults(text))} == {}


@pytest.mark.parametrize(
    ("sentence", "what"),
    [
        ("How long access tokens live.", "do not live"),
        ("The claim stands in the token.", "do not live"),
        ("The server forgets a revocation.", "do not live"),
        ("Returns the session, or None where there is none.", "begins with if"),
        ("It is read once. Where the store is lost, 503.", "begins with if"),
        ("For so long, or for ever, a token may be sent again.", "say how long"),
        ("Whoever knows it can be anybody.", "name who does it"),
        ("Nothing is there, and nobody said that it is public.", "name who does it"),
    ],
)
def test_a_picture_in_place_of_a_plain_word_is_found(sentence: str, what: str) -> None:
    assert any(what in fault for fault in faults(sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        "Where sessions and revocations are kept.",
        "The path to which the browser sends the cookie, and where the token is put.",
        "The lifetime of a token. As long as the session is open, it may be renewed.",
    ],
)
def test_a_place_and_a_time_may_be_named(sentence: str) -> None:
    assert faults(sentence) == []


def test_the_texts_that_are_asked_about_are_those_of_users() -> None:
    names = {name for texts in (settings, helps, docstrings) for name, text in texts() if text}

    assert {"JWT_REFRESH_GRACE", "jwtpolicy store upgrade", "jwtpolicy.Owns"} <= names
    assert {"jwtpolicy.JWTManager.login", "jwtpolicy.exceptions.AccessError.body"} <= names
