"""The pages of the documentation, on a telephone and in the dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.site import pages_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: Returns the contrast of each text and of each line of data with the page behind it, by WCAG 2.2:
#: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio. A canvas knows every way to write a colour.
CONTRASTS = """(svg) => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const light = colours => {
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map(value =>
      value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const page = getComputedStyle(document.body).backgroundColor;
  const contrast = (colour, below) => {
    const [low, high] = [light([page, ...below]), light([page, ...below, colour])].sort();
    return (Math.max(low, high) + 0.05) / (Math.min(low, high) + 0.05);
  };
  const dots = [...svg.querySelectorAll("circle")];
  const boxes = [...svg.querySelectorAll("rect")];
  const behind = text => {
    const number = (shape, name) => +shape.getAttribute(name);
    const [x, y] = [number(text, "x"), number(text, "y")];
    const dot = dots.find(dot => number(dot, "cx") == x && Math.abs(number(dot, "cy") - y) < 6);
    const below = boxes.filter(box => {
      const [right, down] = [x - number(box, "x"), y - number(box, "y")];
      return 0 <= right && right <= number(box, "width")
        && 0 <= down && down <= number(box, "height");
    });
    return [...below, ...(dot ? [dot] : [])]
      .map(shape => getComputedStyle(shape).fill).filter(fill => fill != "none");
  };
  const texts = [...svg.querySelectorAll("text")].map(text =>
    [text.textContent, contrast(getComputedStyle(text).fill, behind(text))]);
  const lines = [...svg.querySelectorAll("path")]
    .filter(path => getComputedStyle(path).stroke != "none")
    .filter(path => parseFloat(getComputedStyle(path).strokeWidth) >= 1.5)
    .map(path => [path.getAttribute("stroke"), contrast(getComputedStyle(path).stroke, [])]);
  return {texts, lines};
}"""


@pytest.fixture
def telephone(chromium: Browser) -> Iterator[Page]:
    """Return a page that is as wide as the screen of a telephone."""
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def test_no_page_scrolls_sideways_on_a_telephone(telephone: Page, site: Path) -> None:
    """All share layout, style and menu: in one that is open, the text is replaced."""
    telephone.goto((site / "index.html").as_uri())
    widths = {name: telephone.evaluate(WIDTH_OF, article(site / name)) for name in pages_in(site)}

    assert {name: width for name, width in widths.items() if width > 390} == {}


#: Puts another text into the open page, and returns how wide the page is then. The theme cuts off
#: what is wider than the window; the part of the page that has the text scrolls instead.
WIDTH_OF = """(text) => {
  document.querySelector("article").outerHTML = text;
  return document.querySelector(".content").scrollWidth;
}"""


def article(page: Path) -> str:
    """Return what *page* says, without the navigation around it."""
    found = re.search(r"<article.*</article>", page.read_text(encoding="utf-8"), re.DOTALL)
    assert found, page
    return found[0]


def test_a_page_that_scrolls_sideways_would_be_noticed(telephone: Page, site: Path) -> None:
    telephone.goto((site / "index.html").as_uri())

    width = telephone.evaluate(WIDTH_OF, '<article><pre style="width: 600px">…</pre></article>')

    assert width > 390


def charts(page: Page, site: Path, scheme: Any) -> Iterator[dict[str, list[tuple[str, float]]]]:
    """Yield the contrasts of each picture that is drawn in a page."""
    page.emulate_media(color_scheme=scheme)
    for name in pages_in(site):
        if 'role="img"' in (site / name).read_text(encoding="utf-8"):
            page.goto((site / name).as_uri())
            yield from (
                svg.evaluate(CONTRASTS) for svg in page.query_selector_all("article svg[role=img]")
            )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_can_be_read(page: Page, site: Path, scheme: str) -> None:
    """4.5 for texts and 3 for what is drawn: WCAG 2.2, 1.4.3 and 1.4.11."""
    found = list(charts(page, site, scheme))

    assert len(found) >= 2
    assert [row for chart in found for row in chart["texts"] if row[1] < 4.5] == []
    assert [row for chart in found for row in chart["lines"] if row[1] < 3] == []


@pytest.mark.parametrize(
    ("colour", "is_seen"), [("hsl(240 65% 45%)", False), ("oklch(60% .15 265)", True)]
)
def test_a_line_that_vanishes_in_the_dark_is_noticed(
    page: Page, colour: str, is_seen: bool
) -> None:
    line = f'<path d="M0 0h9" stroke="{colour}" stroke-width="2"/>'
    page.set_content(f'<body style="background: #131416"><svg>{line}</svg>')

    (contrast,) = page.query_selector("svg").evaluate(CONTRASTS)["lines"]  # type: ignore[union-attr] # it is there

    assert (contrast[1] >= 3) is is_seen
