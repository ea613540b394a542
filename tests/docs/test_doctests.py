"""Run the examples that pages print with their output, each page from the top."""

from __future__ import annotations

import doctest
import re
import sys
import textwrap
from typing import Any

import pytest

from tests.support.paths import DOCS

_BLOCK = re.compile(r"^( *)\.\. doctest::\n\n((?:\1   .*\n|\n)+)", re.MULTILINE)

TEXTS = {
    page.relative_to(DOCS).as_posix(): page.read_text(encoding="utf-8")
    for page in [*DOCS.rglob("*.rst"), *DOCS.rglob("*.md")]
    if "_build" not in page.parts
}
PAGES = {name: blocks for name, text in TEXTS.items() if (blocks := _BLOCK.findall(text))}


def test_each_block_is_found_and_nothing_else_of_the_kind_is_used() -> None:
    """Sphinx knows ``testcode``, groups and options besides; none of them would be run here."""
    directives = re.findall(r"\.\. (?:doctest|test\w+)::|\{doctest\}", "".join(TEXTS.values()))

    assert len(directives) == sum(map(len, PAGES.values())) > 0


@pytest.mark.parametrize("page", PAGES)
def test_a_page_prints_what_its_examples_answer(page: str) -> None:
    """They find all public names, as after the first two lines."""
    names: dict[str, Any] = {}
    exec("from jwtpolicy import *\nfrom jwtpolicy.policy import *", names)
    text = "".join(textwrap.dedent(block) for _, block in PAGES[page])
    example = doctest.DocTestParser().get_doctest(text, names, page, None, 0)

    failed, run = doctest.DocTestRunner().run(example, out=sys.stdout.write)

    assert (failed, run) == (0, text.count(">>> "))
