"""The pages of both examples, logged out and in, at two widths and in two schemes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from examples import board, notes
from tests.services import find_axe, missing
from tests.support.board import log_in
from tests.support.browser import follow, press, serving
from tests.support.notes import Demo

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: Widths and schemes.
LOOKS: list[tuple[int, Any]] = list(product((1280, 390), ("light", "dark")))

#: What is wide where a page is wider than the window.
WIDE = """() => [...document.querySelectorAll("*")]
  .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
  .map(one => one.outerHTML.slice(0, 80))"""

#: Everything that is wrong with a page by https://github.com/dequelabs/axe-core, with its places.
VIOLATIONS = """async (within) => {
  const found = await axe.run(within ?? document, { resultTypes: ["violations"] });
  return found.violations.map(({ id, help, nodes }) => [id, help, ...nodes.map(node => node.html)]);
}"""


@dataclass
class Seen:
    """What was seen of a page.

    Attributes:
        where: The page; or the part of it, as a selector, that axe looks at.
        parts: How many elements there are that each page has once.
        is_labelled: Whether each field has one label.
        wide: What is wider than the window, by look.
        backs: The brightness of the background, by look.
        violations: What axe says, by look; None if it is not installed.
    """

    where: str
    parts: dict[str, int]
    is_labelled: bool
    wide: dict[tuple[int, str], list[str]]
    backs: dict[tuple[int, str], int]
    violations: dict[tuple[int, str], list[list[str]]] | None


def pages_of_board(page: Page, url: str) -> Iterator[str]:
    for path in ("/", "/login?next=/devices", "/nothing"):
        page.goto(url + path)
        yield f"logged out: {path}"
    log_in(page, url, password="wrong")
    yield "a wrong password"
    log_in(page, url)
    for path in ("/", "/private", "/devices", "/password", "/confirm?next=/", "/nothing"):
        page.goto(url + path)
        yield path
    page.goto(f"{url}/private/delete")
    yield "/private/delete"
    follow(page, "#confirm-delete")
    yield "deleted"


def pages_of_notes(page: Page, url: str) -> Iterator[str]:
    page.goto(f"{url}/nothing")
    yield "/nothing"
    demo = Demo(page, url)
    yield "nobody"
    demo.send("DELETE", "/accounts/2", "bob")
    press(page, "summary", until="#decision details[open]")
    yield "a refusal"
    demo.send("GET", "/sessions", "bob")
    press(page, "summary", until="#decision details[open]")
    # The rest of the page was looked at.
    yield "#decision"


def looked_at(page: Page, where: str, axe: str | None) -> Seen:
    """Look at the page that is open in each way."""
    parts = {part: page.locator(part).count() for part in ("html[lang=en]", "header", "main", "h1")}
    fields = page.locator("input:visible").all()
    seen = Seen(
        where,
        parts | {"title": len(page.title().splitlines())},
        all(field.evaluate("field => field.labels.length") == 1 for field in fields),
        {},
        {},
        {} if axe else None,
    )
    if axe:
        page.evaluate(axe)
    for width, scheme in LOOKS:
        look = (width, scheme)
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        seen.wide[look] = page.evaluate(WIDE)
        back = page.evaluate("getComputedStyle(document.body).backgroundColor")
        seen.backs[look] = int(re.findall(r"\d+", back)[0])
        if seen.violations is not None:
            within = where if where.startswith("#") else None
            seen.violations[look] = page.evaluate(VIOLATIONS, within)
    return seen


@dataclass
class Visit:
    """What was seen of all pages of an example, and what the browser complained about."""

    seen: list[Seen]
    complaints: list[str]


@pytest.fixture(scope="module", params=["board", "notes"])
def visit(
    request: pytest.FixtureRequest,
    chromium: Browser,
    tmp_path_factory: pytest.TempPathFactory,
    delay: float,
) -> Visit:
    """Return what was seen of the pages of an example; they are visited once for all tests."""
    pages = {"board": pages_of_board, "notes": pages_of_notes}[request.param]
    example = {"board": board, "notes": notes}[request.param]
    file = find_axe()
    axe = file and file.read_text(encoding="utf-8")
    complaints: list[str] = []
    with serving(delay) as serve:
        url = serve(
            example.create_app(str(tmp_path_factory.mktemp("page")), DEMO=True), request.param
        )
        context = chromium.new_context()
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        seen = [looked_at(page, where, axe) for where in pages(page, url)]
        context.close()
    return Visit(seen, complaints)


def test_axe_finds_nothing(visit: Visit) -> None:
    if visit.seen[0].violations is None:
        missing("axe", "axe_playwright_python is not installed")
    found = {
        (seen.where, *look): violations
        for seen in visit.seen
        for look, violations in (seen.violations or {}).items()
        if violations
    }

    assert found == {}


def test_axe_finds_what_cannot_be_read(page: Page) -> None:
    file = find_axe() or missing("axe", "axe_playwright_python is not installed")
    pale = "<h1 style='color: #ddd'>Can you read this?</h1>"
    page.set_content(f"<html lang=en><title>t</title><main>{pale}</main>")
    page.evaluate(file.read_text(encoding="utf-8"))

    assert [found[0] for found in page.evaluate(VIOLATIONS)] == ["color-contrast"]


def test_no_page_scrolls_sideways(visit: Visit) -> None:
    assert {
        (seen.where, *look): wide for seen in visit.seen for look, wide in seen.wide.items() if wide
    } == {}


def test_each_page_is_dark_in_the_dark(visit: Visit) -> None:
    for seen in visit.seen:
        for (_, scheme), back in seen.backs.items():
            assert (back < 128) == (scheme == "dark"), seen.where


def test_each_page_is_built_as_a_page(visit: Visit) -> None:
    for seen in visit.seen:
        assert set(seen.parts.values()) == {1}, seen
        assert seen.is_labelled, seen.where


def test_nothing_is_missing_or_blocked(visit: Visit) -> None:
    """No style or script that the policy of the page blocks, and no hint of the browser."""
    # What was asked for and refused is told by the browser as well.
    assert [one for one in visit.complaints if "status of 40" not in one] == []
