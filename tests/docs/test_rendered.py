"""What a reader sees: the pages as Sphinx renders them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from tests.support.site import pages_in

#: The most words of a page that somebody reads; code is not counted.
MOST = 2_500
#: The most of a page of the Python API.
MOST_OF_API = 1_500

#: Pages that have more, how many at the most, and why. The list may only shrink.
LONG = {
    # Tables that are looked into and not read, with links into them from all sides.
    "explanation/what-cannot-happen-here.html": 4_500,
    "reference/requirements.html": 3_100,
    # Issue 13 splits them: into three pages about moving, and into a guide and a way to choose.
    "howto/coming-from-flask-jwt-extended.html": 3_200,
    "howto/choose-a-store.html": 2_600,
}

Article = Callable[[str], Tag]


@pytest.fixture(scope="module")
def articles(site: Path) -> dict[str, Tag]:
    """Return what each page says, without the navigation around it."""
    found = {}
    for name in pages_in(site):
        soup = BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")
        article = soup.find("article")
        assert isinstance(article, Tag), name
        found[name] = article
    return found


def everywhere(articles: dict[str, Tag], selector: str) -> Iterator[tuple[str, Tag]]:
    """Yield the elements that *selector* finds, each with its page."""
    for name, article in articles.items():
        yield from ((name, element) for element in article.select(selector))


def text_of(element: Tag) -> str:
    """Return what *element* says, with single spaces."""
    return " ".join(element.get_text(" ").split())


def prose_of(article: Tag) -> str:
    """Return what *article* says outside of code."""
    strings = [text for text in article.find_all(string=True) if not text.find_parent(_CODE)]
    return " ".join(" ".join(strings).split())


_CODE = ("code", "pre", "script", "style")


def words_of(article: Tag) -> int:
    """Return how many words somebody reads: neither code, nor what is folded away."""
    unread = article.select("pre, details > :not(summary)")
    return len(text_of(article).split()) - sum(len(text_of(each).split()) for each in unread)


def test_a_description_has_one_name(articles: dict[str, Tag]) -> None:
    """Without an empty line below it, what is said of a setting is one more name of it."""
    wrong = []
    for page, listed in everywhere(articles, "dl:has(> dt.sig)"):
        names = [text_of(name) for name in listed.select(":scope > dt.sig .sig-name")]
        lines = listed.select(":scope > dt.sig")
        if len(set(names)) != 1 or len(names) != len(lines) or " " in names[0]:
            wrong.append((page, names))

    assert wrong == []


def test_no_special_member_stands_there_without_a_word(articles: dict[str, Tag]) -> None:
    special = [
        (page, name)
        for page, name in everywhere(articles, "dt.sig .sig-name")
        if re.fullmatch(r"__\w+__", text_of(name))
    ]

    silent = [(page, text_of(name)) for page, name in special if not _described(name)]
    assert silent == []


def _described(name: Tag) -> bool:
    """Whether a paragraph says what the object of that *name* does, beside its parameters."""
    line = name.find_parent("dt")
    said = line.find_next_sibling("dd") if line else None
    return isinstance(said, Tag) and said.find("p", recursive=False) is not None


def test_everything_that_is_described_has_a_description(articles: dict[str, Tag]) -> None:
    silent = [
        (page, text_of(line)[:60])
        for page, line in everywhere(articles, "dt.sig:not(:has(+ dt))")
        if not (said := line.find_next_sibling("dd")) or not text_of(said)
    ]

    assert silent == []


def test_no_backtick_of_the_source_is_left(articles: dict[str, Tag]) -> None:
    left = {
        page: re.findall(r"\S*`\S*", prose)
        for page, article in articles.items()
        if "`" in (prose := prose_of(article))
    }

    assert left == {}


def test_no_cell_and_no_bullet_is_empty(articles: dict[str, Tag]) -> None:
    empty = [
        (page, element.name, text_of(element.parent)[:60] if element.parent else "")
        for page, element in everywhere(articles, "td, th, li, dd")
        if not text_of(element) and not element.select("img, svg")
    ]

    assert empty == []


def test_no_page_is_longer_than_somebody_reads(articles: dict[str, Tag]) -> None:
    lengths = {page: words_of(article) for page, article in articles.items()}

    assert {page: n for page, n in lengths.items() if n > most_of(page)} == {}


def most_of(page: str) -> int:
    """Return how many words a page may have."""
    return MOST_OF_API if page.startswith("reference/api/") else LONG.get(page, MOST)


def test_every_page_that_may_be_long_is_long(articles: dict[str, Tag]) -> None:
    lengths = {page: words_of(articles[page]) for page in LONG}

    assert {page: n for page, n in lengths.items() if not MOST < n > LONG[page] - 200} == {}


def test_every_picture_says_in_words_what_it_shows(articles: dict[str, Tag]) -> None:
    pictures = list(everywhere(articles, "img, svg, figure > object"))
    silent = [(page, str(picture)[:80]) for page, picture in pictures if not _words(picture)]

    assert len(pictures) >= 2
    assert silent == []


def _words(picture: Tag) -> str:
    if picture.name != "svg":
        return str(picture.get("alt", ""))
    title = picture.find("title")
    return text_of(title) if picture.get("role") == "img" and isinstance(title, Tag) else ""
