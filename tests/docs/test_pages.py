"""Run every Python block of the documentation, and compare its tables with the code."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

import pytest

from jwtpolicy.settings import Settings
from tests.support.pages import PAGES, run_page
from tests.support.paths import DOCS

sys.path.insert(0, str(DOCS / "_ext"))


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_run_in_their_order(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_page(page, tmp_path, monkeypatch)


def test_the_tutorial_has_three_chapters() -> None:
    assert len([page for page in PAGES if page.startswith("tutorial/")]) == 3


def test_every_setting_has_a_line_in_the_reference() -> None:
    from tables import setting_lines

    text = "\n".join(setting_lines())
    for field in fields(Settings):
        if "key" in field.metadata:
            assert f".. data:: {field.metadata['key']}" in text


def test_every_error_has_a_row_in_the_reference() -> None:
    from tables import error_classes, error_rows

    names = [row[0] for row in error_rows()]
    assert len(names) == len(error_classes()) == 25
    assert all(row[1].isdigit() for row in error_rows())
