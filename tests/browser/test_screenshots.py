"""The pictures in the documentation show the page as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from examples.notes import create_app
from tests.support import screenshots

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_what_is_pictured_stands_on_the_page(
    chromium: Browser, tmp_path: Path, serve: Callable[[Flask, str], str]
) -> None:
    """Else write the pictures anew: ``python -m tests.support.screenshots``."""
    context = chromium.new_context(bypass_csp=True, viewport=screenshots.SIZE)
    url = serve(create_app(str(tmp_path), DEMO=True), "notes")
    shots = screenshots.shots(context.new_page(), url)
    found = {f"{name}.txt": screenshots.text_of(part) for name, part in shots}
    context.close()

    kept = {path.name: path.read_text("utf-8") for path in screenshots.TEXTS.glob("*.txt")}
    assert found == kept


@pytest.mark.parametrize("name", ["demo-matrix", "demo-decision"])
def test_a_picture_is_small(name: str) -> None:
    assert (screenshots.PICTURES / f"{name}.png").stat().st_size <= 150_000
