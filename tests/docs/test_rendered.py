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
    # Searched, and read one setting at a time; one page, so that a browser finds each.
    "reference/settings.html": 2_750,
}

#: What each page says, by its name.
Articles = dict[str, Tag]
#: Returns the faults of one kind.
Gate = Callable[[Articles], list[object]]


@pytest.fixture(scope="module")
def articles(site: Path) -> Articles:
    """Return what each page says, without the navigation around it."""
    found = {}
    for name in pages_in(site):
        soup = BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")
        article = soup.find("article")
        assert isinstance(article, Tag), name
        found[name] = article
    return found


def everywhere(articles: Articles, selector: str) -> Iterator[tuple[str, Tag]]:
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
    """Return how many words somebody reads: no code, no pictures, nothing that is folded away."""
    unread = article.select("pre, svg, details > :not(summary)")
    return len(text_of(article).split()) - sum(len(text_of(each).split()) for each in unread)


def misnamed(articles: Articles) -> list[object]:
    """Return descriptions that have several names: then a sentence is taken for one of them."""
    wrong: list[object] = []
    for page, listed in everywhere(articles, "dl:has(> dt.sig)"):
        lines = listed.select(":scope > dt.sig")
        names = [text_of(name) for line in lines for name in line.select(".sig-name")]
        if len(set(names)) != 1 or len(names) != len(lines) or " " in names[0]:
            wrong.append((page, names))
    return wrong


def silent_specials(articles: Articles) -> list[object]:
    """Return special members, such as ``__new__``, of which nothing is said."""
    names = everywhere(articles, "dt.sig .sig-name")
    special = [(page, name) for page, name in names if re.fullmatch(r"__\w+__", text_of(name))]
    return [(page, text_of(name)) for page, name in special if not _is_told(name)]


def _is_told(name: Tag) -> bool:
    """Whether a paragraph says what the object of that *name* does, beside its parameters."""
    line = name.find_parent("dt")
    said = line.find_next_sibling("dd") if line else None
    return isinstance(said, Tag) and said.find("p", recursive=False) is not None


def undescribed(articles: Articles) -> list[object]:
    """Return names below which nothing stands."""
    lines = everywhere(articles, "dt.sig:not(:has(+ dt))")
    said = [(page, text_of(line)[:60], line.find_next_sibling("dd")) for page, line in lines]
    return [(page, line) for page, line, told in said if not told or not text_of(told)]


def backticks(articles: Articles) -> list[object]:
    """Return words with a backtick, which the source marks code with, outside of code."""
    words = [
        (page, re.findall(r"\S*`\S*", prose_of(article))) for page, article in articles.items()
    ]
    return [(page, found) for page, found in words if found]


def empty(articles: Articles) -> list[object]:
    """Return cells of tables, items of lists and descriptions in which nothing stands."""
    return [
        (page, element.name, text_of(element.parent)[:60] if element.parent else "")
        for page, element in everywhere(articles, "td, th, li, dd")
        if not text_of(element) and not element.select("img, svg")
    ]


def wordless(articles: Articles) -> list[object]:
    """Return pictures that do not say in words what they show."""
    pictures = everywhere(articles, PICTURES)
    return [(page, str(picture)[:80]) for page, picture in pictures if not _words(picture)]


PICTURES = "img, svg, figure > object"


def _words(picture: Tag) -> str:
    if picture.name != "svg":
        return str(picture.get("alt", ""))
    title = picture.find("title")
    return text_of(title) if picture.get("role") == "img" and isinstance(title, Tag) else ""


def entry(*names: str, says: str) -> str:
    """Return a description as Sphinx renders it."""
    lines = (f'<dt class="sig"><i class="sig-name">{name}</i></dt>' for name in names)
    return f"<dl>{''.join(lines)}<dd>{says}</dd></dl>"


#: The gates, each with a page that does not pass it.
GATES = {
    misnamed: entry("JWT_REALM", "The realm of challenges.", says="Default: api"),
    silent_specials: entry("__new__", says="<dl><dt>Return type</dt></dl>"),
    undescribed: entry("ALLOW", says=""),
    backticks: "<p>The claim `iat`.</p>",
    empty: "<table><tr><td></td><td>here</td></tr></table>",
    wordless: "<svg role=img></svg>",
}
#: Pages that pass all of them.
GOOD = {
    "a name": entry("JWT_REALM", says="<p>The realm.</p>"),
    "overloads": entry("explain", "explain", says="<p>Say why.</p>"),
    "code": "<p>Say <code>`it`</code>.</p>",
    "a picture with a title": "<svg role=img><title>Layers</title></svg>",
}


def page_of(html: str) -> Articles:
    return {"page.html": BeautifulSoup(html, "html.parser")}


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.__name__)
def test_the_pages_pass_a_gate(gate: Gate, articles: Articles) -> None:
    assert gate(articles) == []


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.__name__)
def test_a_gate_notices_its_fault(gate: Gate) -> None:
    assert gate(page_of(GATES[gate])) != []


@pytest.mark.parametrize("html", GOOD.values(), ids=GOOD)
def test_no_gate_is_against_a_good_page(html: str) -> None:
    assert [gate(page_of(html)) for gate in GATES] == [[]] * len(GATES)


def test_there_are_pictures(articles: Articles) -> None:
    assert len(list(everywhere(articles, PICTURES))) >= 2


def test_no_page_is_longer_than_somebody_reads(articles: Articles) -> None:
    lengths = {page: words_of(article) for page, article in articles.items()}

    assert {page: n for page, n in lengths.items() if n > most_of(page)} == {}


def most_of(page: str) -> int:
    """Return how many words a page may have."""
    return MOST_OF_API if page.startswith("reference/api/") else LONG.get(page, MOST)


def test_every_page_that_may_be_long_is_long(articles: Articles) -> None:
    lengths = {page: words_of(articles[page]) for page in LONG}

    assert {page: n for page, n in lengths.items() if not MOST < n > LONG[page] - 200} == {}
