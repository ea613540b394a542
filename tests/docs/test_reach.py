"""Every page can be reached from its section, and says where to go next."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.paths import DOCS

PAGES = sorted(
    page.relative_to(DOCS).with_suffix("").as_posix()
    for page in DOCS.rglob("*.rst")
    if not page.name.endswith(".inc.rst") and "_build" not in page.parts
)

#: Folders whose pages are read one after the other. In the reference one looks things up.
READ = ("start", "tutorial", "howto", "operate", "understand")

#: Pages that need not say where to go next, and why.
ENDS = {
    "howto/index": "a list of questions, of which the reader has one",
    "operate/index": "a list of pages by occasion",
    "understand/index": "a list of pages in their order",
}

#: Pages that are read after another one, which is a question of the first page.
LATER = {"howto/from-flask-jwt-extended-names", "howto/from-flask-jwt-extended-routes"}

_TOCTREE = re.compile(r"^\.\. toctree::\n((?:   .*\n|\n)+)", re.MULTILINE)
_ENTRY = re.compile(r"^   (?:.*<)?([\w/-]+)>?$", re.MULTILINE)
_LAST = re.compile(r"^Next: (?:(?!\n\n).)*:(?:doc|ref):`(?:(?!\n\n).)*\Z", re.MULTILINE | re.DOTALL)


def source_of(page: str) -> str:
    return (DOCS / f"{page}.rst").read_text(encoding="utf-8")


def listed_in(page: str) -> set[str]:
    """Return the pages that the tables of contents of *page* list."""
    here = Path(page).parent
    lists = _TOCTREE.findall(source_of(page))
    return {(here / name).as_posix() for text in lists for name in _ENTRY.findall(text)}


def parent_of(page: str) -> str:
    """Return the page that has to list *page*: that of its folder, or of the folder above."""
    folder = Path(page).parent
    if Path(page).name == "index":
        folder = folder.parent
    beside = folder.as_posix()
    return beside if beside in PAGES else (folder / "index").as_posix()


def ends_well(page: str) -> bool:
    """Say whether the last paragraph of *page* leads to another one."""
    return _LAST.search(source_of(page).rstrip()) is not None


@pytest.mark.parametrize("page", [page for page in PAGES if page != "index"])
def test_a_page_is_listed_in_its_section(page: str) -> None:
    assert page in listed_in(parent_of(page))


def test_every_page_of_a_task_is_a_question_of_the_first_page() -> None:
    asked = set(re.findall(r"<([\w/-]+)>`", source_of("index")))
    tasks = {page for page in PAGES if page.startswith(("howto/", "operate/"))}

    assert tasks - asked - ENDS.keys() - LATER == set()


def test_every_page_that_is_read_says_where_to_go_next() -> None:
    read = [page for page in PAGES if page.startswith(READ)]
    silent = {page for page in read if not ends_well(page)}

    assert silent - ENDS.keys() == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("A page.\n\nNext: :doc:`other`.", True, id="a link"),
        pytest.param("A page.\n\nNext: :doc:`other`,\nor :doc:`third`.", True, id="two lines"),
        pytest.param("A page.\n\nNext: something.", False, id="no link"),
        pytest.param("Next: :doc:`other`.\n\nMore.", False, id="not the last paragraph"),
        pytest.param("A page.", False, id="nothing"),
    ],
)
def test_the_last_paragraph_has_to_lead_on(text: str, expected: bool) -> None:
    assert bool(_LAST.search(text)) is expected
