"""Run every Python block of the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pages import PAGES, run_page

pytestmark = [
    # Their own: both read attributes that their dependencies have deprecated.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:flask_restx"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:flask_restful"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:jsonschema"),
]


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_run_in_their_order(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_page(page, tmp_path, monkeypatch)
