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
