"""What tests share stands in ``tests/support``, and their fixtures say what they are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from tests.support.paths import ROOT, TESTS

#: Files that are no tests and stand elsewhere, each for a reason.
ELSEWHERE = {
    "services/*": "real servers, which `make run` and the benchmarks start too",
    "compat/*": "a program, `python -m tests.compat`, and applications that it and tests try",
    "interop/python/*": "programs that tests start, beside those in other languages",
    "machines/*site.py": "applications that servers load by their path",
    "migrate/shapes/*": "applications that are migrated",
    "typing/*": "what type checkers read",
}

FILES = [path.relative_to(TESTS).as_posix() for path in sorted(TESTS.rglob("*.py"))]


def is_for_pytest(path: str) -> bool:
    """Whether pytest reads a file by itself: a test module, or what gives tests their fixtures."""
    name = path.rpartition("/")[2]
    return name.startswith("test_") or name == "conftest.py"


#: What nobody imports, by its dotted name.
FOR_PYTEST = {f"tests.{path[:-3].replace('/', '.')}" for path in FILES if is_for_pytest(path)}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[str]:
    """Yield what a file imports as dotted names: of modules, and of what is taken from them."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            source = ".".join([*base, *filter(None, [node.module])])
            yield from (source, *(f"{source}.{alias.name}" for alias in node.names))


@pytest.mark.parametrize("folder", ["tests", "benchmarks", "examples", "docs"])
def test_nothing_is_imported_from_a_test_or_a_conftest(folder: str) -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in (ROOT / folder).rglob("*.py")
        for name in FOR_PYTEST.intersection(imported(path))
    }

    assert found == set()


def test_helpers_stand_in_support() -> None:
    places = ["support/*", "*__init__.py", *ELSEWHERE]
    astray = [
        path
        for path in FILES
        if not is_for_pytest(path) and not any(fnmatch(path, place) for place in places)
    ]

    assert astray == []


@pytest.mark.parametrize("place", ELSEWHERE)
def test_every_other_place_is_needed(place: str) -> None:
    assert any(fnmatch(path, place) for path in FILES if not is_for_pytest(path))


def fixtures() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield every fixture, with where it stands."""
    for path in FILES:
        for node in ast.walk(tree(TESTS / path)):
            if isinstance(node, ast.FunctionDef):
                marks = [ast.unparse(decorator) for decorator in node.decorator_list]
                if any(mark.startswith("pytest.fixture") for mark in marks):
                    yield f"{path}:{node.lineno}", node


def types_in(function: ast.FunctionDef) -> Iterator[str]:
    """Yield the type of each parameter and of the result; one that says nothing is ``Any``."""
    given = [parameter for parameter in ast.walk(function.args) if isinstance(parameter, ast.arg)]
    types = [parameter.annotation for parameter in given if parameter.arg != "self"]
    yield from (ast.unparse(type_) if type_ else "Any" for type_ in [*types, function.returns])


def test_every_fixture_says_what_it_takes_and_gives() -> None:
    untyped = [place for place, fixture in fixtures() if "Any" in types_in(fixture)]

    assert len(list(fixtures())) > 200
    assert untyped == []
