"""Write the pictures of the page of the notes: ``python -m tests.support.screenshots``.

It also keeps what stands in them. A test compares that with the page as it is, and no pixels.
"""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from examples.notes import create_app
from tests.services import find_browser
from tests.support.browser import FLAGS, serving
from tests.support.notes import Demo
from tests.support.paths import DOCS, ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, ViewportSize

#: Where the pictures are.
PICTURES = DOCS / "start"
TEXTS = ROOT / "tests" / "browser" / "pictured"
#: The size of a window that is shown in the width of a page's text.
SIZE: ViewportSize = {"width": 1000, "height": 900}

#: What is not in the pictures: it is another one each time.
_HIDDEN = "section:has(#source), section:has(#token) { display: none }"
_CLOCK = re.compile(r"\d\d:\d\d:\d\d")


def shots(page: Page, url: str) -> Iterator[tuple[str, Locator]]:
    """Use the page, and yield the name and the part of each picture."""
    demo = Demo(page, url)
    page.add_style_tag(content=_HIDDEN)
    demo.send("GET", "/notes", "bob")
    demo.send("DELETE", "/accounts/2", "bob")
    page.mouse.move(0, 0)
    yield "demo-matrix", page.locator("section", has=page.locator("#matrix"))
    demo.push("text=Steal the refresh token")
    demo.push("#refresh")
    demo.push("text=Send the stolen token")
    page.mouse.move(0, 0)
    yield "demo-decision", page.locator(".columns")


def text_of(part: Locator) -> str:
    """Return what stands in a part of the page, without the times."""
    lines = (" ".join(line.split()) for line in part.inner_text().splitlines())
    return _CLOCK.sub("…", "\n".join(filter(None, lines))) + "\n"


def main() -> None:
    """Write the pictures and their texts."""
    from playwright.sync_api import sync_playwright

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    TEXTS.mkdir(exist_ok=True)
    with (
        sync_playwright() as playwright,
        serving() as serve,
        tempfile.TemporaryDirectory() as folder,
    ):
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        page = browser.new_page(color_scheme="light", bypass_csp=True)
        page.set_viewport_size(SIZE)
        for name, part in shots(page, serve(create_app(folder, DEMO=True), "notes")):
            part.screenshot(path=PICTURES / f"{name}.png")
            (TEXTS / f"{name}.txt").write_text(text_of(part), encoding="utf-8")
        browser.close()


if __name__ == "__main__":
    main()
