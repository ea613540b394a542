"""Type what the eight pages of the tutorial print, one after the other, in one folder."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator

import pytest
from sphinx.config import Config
from sphinx.directives.code import LiteralIncludeReader

from tests.support.pages import BLOCKS
from tests.support.paths import DOCS
from tests.support.safe_copies import functions, logs_strangers_in, printed_secrets
from tests.support.tutorial import (
    CHAPTERS,
    Reader,
    Typed,
    blocks_of,
    files_of,
    page_of,
    said_wrongly,
)

_INCLUDE = re.compile(r"^\.\. literalinclude:: (\S+)\n((?:   :.*\n)*)", re.MULTILINE)


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, list[Typed]]]:
    """Return what was typed in each chapter; whoever reads has read the chapters before."""
    reader = Reader(tmp_path_factory.mktemp("shed"))
    try:
        yield {number: reader.read(number) for number in CHAPTERS}
    finally:
        reader.close()


@pytest.mark.skipif(
    shutil.which("curl") is None, reason="curl is not installed: apt-get install curl"
)
@pytest.mark.parametrize("number", CHAPTERS)
def test_what_a_page_tells_to_type_prints_what_it_says(
    number: int, typed: dict[int, list[Typed]]
) -> None:
    assert said_wrongly(typed[number]) == {}
    assert any(one.expected for one in typed[number])


def test_there_are_eight_chapters_and_a_page_for_each() -> None:
    assert list(CHAPTERS) == list(range(1, 9))
    assert [page_of(number)[:3] for number in CHAPTERS] == [f"{number}. " for number in CHAPTERS]


def printed_lines(number: int) -> set[str]:
    """Return the lines of the files that a page includes, as Sphinx does."""
    lines: set[str] = set()
    for path, written in _INCLUDE.findall(page_of(number)):
        options = dict(re.findall(r"^   :([a-z-]+): ?(.*)$", written, re.MULTILINE))
        target = (DOCS / "tutorial" / path).resolve()
        assert target.parent.name == f"ch{number}"
        text, _ = LiteralIncludeReader(str(target), options, Config()).read()
        lines |= set(text.splitlines())
    return lines


def lines_of(number: int) -> set[str]:
    return {line for path in files_of(number) for line in path.read_text().splitlines()}


@pytest.mark.parametrize("number", CHAPTERS)
def test_a_page_prints_every_line_that_its_chapter_adds(number: int) -> None:
    before = lines_of(number - 1) if number > 1 else set()
    titles = {path.read_text().partition("\n")[0] for path in files_of(number)}

    assert lines_of(number) - before - printed_lines(number) - titles == set()


def names_of(number: int) -> set[str]:
    """Return what the application of a chapter defines."""
    (path,) = (path for path in files_of(number) if path.name == "app.py")
    body = ast.parse(path.read_text()).body
    assigned = {ast.unparse(node.targets[0]) for node in body if isinstance(node, ast.Assign)}
    return assigned | {getattr(node, "name", "app") for node in body}


@pytest.mark.parametrize("number", list(CHAPTERS)[1:])
def test_a_page_says_what_to_remove(number: int) -> None:
    gone = names_of(number - 1) - names_of(number)

    assert [name for name in gone if f"``{name}``" not in page_of(number)] == []


@pytest.mark.parametrize("number", CHAPTERS)
def test_a_chapter_may_be_deployed_as_it_stands(number: int) -> None:
    (path,) = (path for path in files_of(number) if path.name == "app.py")
    source = path.read_text()

    assert [each.name for each in functions(source) if logs_strangers_in(each)] == []
    assert list(printed_secrets(source)) == []
    assert not re.search(r"\bTESTING\b|\.testing = |debug=True", source)


@pytest.mark.parametrize("number", CHAPTERS)
def test_a_page_has_the_parts_of_a_chapter_and_leads_on(number: int) -> None:
    headings = re.findall(r"^(.+)\n-+$", page_of(number), re.MULTILINE)
    following = CHAPTERS.get(number + 1, "/operate/checklist")

    wanted = ["The code", "Try it", "What happened", "What to try next"]
    assert [heading for heading in headings if heading in wanted] == wanted
    assert page_of(number).split("\n\n")[-1].startswith(f"Next: :doc:`{following}`")


def test_the_first_chapter_fits_on_a_screen() -> None:
    (path,) = files_of(1)

    assert len(path.read_text().splitlines()) <= 50


def test_the_installation_is_that_of_the_readme_with_what_the_chapters_need() -> None:
    (block,) = blocks_of((DOCS / "tutorial" / "index.rst").read_text())

    assert block.text == BLOCKS["setup"].strip().replace(
        "pip install jwtpolicy", 'pip install "jwtpolicy[sqlalchemy]" pytest'
    )
