"""Run every Python block of the documentation."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.pages import PAGES, code_of


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_run_in_their_order(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = code_of(page)
    module = type(sys)("page")
    monkeypatch.setitem(sys.modules, "page", module)

    exec(compile(source, page, "exec"), vars(module))
    assert source


def test_the_tutorial_has_three_chapters() -> None:
    assert len([page for page in PAGES if page.startswith("tutorial/")]) == 3
