"""The pages of both examples, at two widths and in two schemes, as one would show them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from examples import board, notes
from tests.support.board import log_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGES = {
    "board": ["/", "/login", "/private", "/devices", "/private/delete", "/confirm", "/nothing"],
    "notes": ["/", "/nothing"],
}

#: What is wide where a page is wider than the window.
WIDE = """() => [...document.querySelectorAll("*")]
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
  .map(one => one.outerHTML.slice(0, 80))"""

#: Contrast of text to what is behind it (WCAG 2.2, 1.4.3), for each element with text of its own.
CONTRASTS = """() => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(one => one / 255)
    .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, index) => sum + one * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = one => {
    for (; one; one = one.parentElement) {
      const color = parts(getComputedStyle(one).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
  };
  return [...document.body.querySelectorAll("*")]
    .filter(one => !one.disabled)
    .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .map(one => [light(parts(getComputedStyle(one).color)), light(behind(one)), one.outerHTML])
    .map(([a, b, html]) => [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), html.slice(0, 80)])
    .filter(([contrast]) => contrast < 4.5);
}"""


@pytest.fixture(params=["board", "notes"])
def visit(
    request: pytest.FixtureRequest,
    page: Page,
    tmp_path: Path,
    serve: Callable[[Flask, str], str],
) -> Callable[[], list[Page]]:
    """Return what opens each page of an example, somebody being logged in, one after the other."""
    example = {"board": board, "notes": notes}[request.param]
    url = serve(example.create_app(str(tmp_path)), request.param)

    def pages() -> Any:
        if request.param == "board":
            log_in(page, url)
        for path in PAGES[request.param]:
            page.goto(url + path)
            if (request.param, path) == ("notes", "/"):
                _press_all(page)
            yield page

    return pages  # type: ignore[return-value]


def _press_all(page: Page) -> None:
    """Fill the page with answers of all sorts, the longest among them."""
    for button in ("[data-name=eve]", "[data-call='DELETE own']", "[data-call='GET /sessions']"):
        page.click(button)
        page.wait_for_load_state("networkidle")
    page.locator("#answers > li").nth(3).wait_for()
    for summary in page.locator("summary").all():
        summary.click()


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_scrolls_sideways(visit: Any, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})

    for shown in visit():
        assert shown.evaluate(WIDE) == [], shown.url
        assert shown.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_each_page_can_be_read_in_each_scheme(visit: Any, page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)

    for shown in visit():
        back = shown.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (int(re.findall(r"\d+", back)[0]) < 128) == (scheme == "dark")
        assert shown.evaluate(CONTRASTS) == [], shown.url


def test_each_page_is_built_as_a_page(visit: Any) -> None:
    for shown in visit():
        assert shown.title()
        assert shown.locator("html[lang=en]").count() == 1
        for part in ("header", "main", "h1"):
            assert shown.locator(part).count() == 1, (shown.url, part)
        icon = shown.evaluate("fetch(document.querySelector('[rel=icon]').href).then(a => a.ok)")
        assert icon
        for field in shown.locator("input:visible").all():
            assert field.evaluate("field => field.labels.length") == 1


def test_nothing_is_missing_or_blocked(visit: Any, page: Page) -> None:
    """No style or script that the policy of the page blocks, and no hint of the browser."""
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))

    for _ in visit():
        pass

    # What was asked for and refused is told by the browser as well.
    assert [fault for fault in faults if "status of 40" not in fault] == []
