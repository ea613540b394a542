"""Each entry of the glossary is short, and says which page explains its word."""

from __future__ import annotations

import re

import pytest

from tests.support.paths import DOCS

TEXT = (DOCS / "reference" / "glossary.rst").read_text(encoding="utf-8")
ENTRIES = dict(re.findall(r"^   (\S.*)\n((?:      \S.*\n)+)", TEXT, re.MULTILINE))

#: The most words of an entry; more belong on the page to which it links.
MOST = 60


def test_the_words_stand_in_their_order() -> None:
    assert list(ENTRIES) == sorted(ENTRIES, key=str.lower)
    assert len(ENTRIES) > 40


@pytest.mark.parametrize("word", ENTRIES)
def test_an_entry_ends_with_the_page_that_explains_it(word: str) -> None:
    assert re.search(r"See :doc:`/[\w/-]+`\.\n\Z", ENTRIES[word])


@pytest.mark.parametrize("word", ENTRIES)
def test_an_entry_is_short(word: str) -> None:
    assert len(ENTRIES[word].split()) <= MOST


#: Words of the glossary that the tutorial uses in their everyday meaning too.
EVERYDAY = {"decision", "kind", "role"}
#: What is no prose: blocks, code, headings, and the targets of links.
_UNREAD = re.compile(
    r"^\.\. [\w-]+::.*\n(?:\n|   .*\n)*|``[^`]*``|^.*\n[=\-~]{3,}$|<[\w/#-]+>|:doc:`[\w/-]+`",
    re.MULTILINE,
)


def unlinked_in(text: str) -> list[str]:
    """Return the words of the glossary that *text* uses before it links one to its entry."""
    prose = _UNREAD.sub("", text)
    firsts = {word: re.search(rf"(?<![\w-]){word}s?(?![\w-])", prose, re.I) for word in ENTRIES}
    linked = re.compile(r":term:`(?:[^`]*<)?$")
    return [
        word
        for word, first in firsts.items()
        if first and word not in EVERYDAY and not linked.search(prose[: first.start()])
    ]


def test_the_tutorial_links_each_word_of_the_glossary_where_it_first_uses_it() -> None:
    index = (DOCS / "tutorial" / "index.rst").read_text(encoding="utf-8")
    chapters = re.findall(r"^   ([a-z-]+)$", index.partition("toctree::")[2], re.MULTILINE)
    pages = [(DOCS / "tutorial" / f"{name}.rst").read_text("utf-8") for name in chapters]

    assert len(chapters) == 8
    assert unlinked_in("\n".join(pages)) == []


@pytest.mark.parametrize(
    "text", ["The guard reads it.", "Guards\n======\n\nA guard. A :term:`guard`."]
)
def test_a_word_that_is_used_before_it_is_linked_would_be_noticed(text: str) -> None:
    assert unlinked_in(text) == ["guard"]
    assert unlinked_in("Guards\n======\n\nA :term:`guard` and the guard.") == []
