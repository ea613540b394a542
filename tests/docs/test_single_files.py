"""The examples of one file: short, each answers one question, and stands on exactly one page."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support.examples import SINGLE_FILES
from tests.support.paths import DOCS, ROOT, TESTS
from tests.support.safe_copies import (
    careless,
    functions,
    logs_other_sites_in,
    logs_strangers_in,
    printed_secrets,
    unescaped,
)

#: The most lines of an example, and the most that stand in a line.
LINES, COLUMNS = 60, 100

#: The templates of examples, below their folder.
TEMPLATES = sorted(
    path.relative_to(ROOT / "examples").as_posix()
    for path in (ROOT / "examples/templates").rglob("*.html")
)


def source_of(name: str) -> str:
    return SINGLE_FILES[name].read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SINGLE_FILES)
def test_an_example_is_short_and_asks_the_question_that_it_answers(name: str) -> None:
    lines = source_of(name).splitlines()
    question = ast.get_docstring(ast.parse(source_of(name))) or ""

    assert len(lines) <= LINES
    assert max(map(len, lines)) <= COLUMNS
    assert question.splitlines()[0].endswith("?")


@pytest.mark.parametrize("name", SINGLE_FILES)
def test_an_example_stands_on_exactly_one_page(name: str) -> None:
    included = re.compile(
        rf"^\.\. literalinclude:: [./]*examples/{name}\.py$", re.MULTILINE
    ).findall
    pages = [page for page in DOCS.rglob("*.rst") if included(page.read_text(encoding="utf-8"))]

    assert len(pages) == 1


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_is_printed_and_named_on_the_page_of_its_example(template: str) -> None:
    [page] = [
        text
        for text in (page.read_text(encoding="utf-8") for page in DOCS.rglob("*.rst"))
        if f"examples/{template.split('/')[1]}.py\n" in text
    ]

    assert f".. literalinclude:: ../../examples/{template}\n" in page
    assert f"``{template}``" in page


@pytest.mark.parametrize("name", SINGLE_FILES)
def test_an_example_has_a_test_of_its_own(name: str) -> None:
    tests = (TESTS / "examples" / f"test_{name}.py").read_text(encoding="utf-8")

    assert "def test_" in tests


@pytest.mark.parametrize("name", SINGLE_FILES)
def test_an_example_can_be_deployed_as_it_stands(name: str) -> None:
    source = source_of(name)

    assert list(printed_secrets(source)) == []
    assert [each.name for each in functions(source) if logs_strangers_in(each)] == []
    assert logs_other_sites_in(source) == careless(source) == unescaped(source) == []
    assert not re.search(r"\bTESTING\b|\.testing = |debug=True", source)


@pytest.mark.parametrize("name", SINGLE_FILES)
def test_what_an_example_writes_into_tokens_is_written_anew_by_a_refresh(name: str) -> None:
    """Without a user loader a role that was taken away stays until the session ends."""
    source = source_of(name)

    assert not re.search(r"\.(extra_claims|claims_for)\b", source) or ".user_loader(" in source


def test_no_test_is_left_of_an_example_that_is_gone() -> None:
    tested = {path.stem.removeprefix("test_") for path in (TESTS / "examples").glob("test_*.py")}

    assert tested <= {*SINGLE_FILES, *(path.name for path in (ROOT / "examples").iterdir())}
