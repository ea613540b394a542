"""Every action on a page waits for what comes of it, so that nothing is read too early."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from werkzeug.test import create_environ, run_wsgi_app

from tests.support.browser import follow, press, serving, slowly
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: What may open another page, or begin a request of a script, and ends before that has come.
ACTIONS = {"click", "dblclick", "tap", "press", "press_sequentially", "dispatch_event", "drag_to"}
#: The same in a script.
MOVES = re.compile(r"\bhistory\.|\blocation\b|\.(submit|requestSubmit|click)\(")

FOLDERS = ("tests", "examples", "docs", "benchmarks")


def bare_actions(source: str) -> list[str]:
    """Return the calls that act on a page and do not wait."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [ast.unparse(call) for call in calls if acts(call)]


def acts(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    if not call.func.attr.startswith("evaluate"):
        return call.func.attr in ACTIONS
    texts = [node.value for node in ast.walk(call) if isinstance(node, ast.Constant)]
    return any(MOVES.search(str(text)) for text in texts)


def test_only_what_waits_acts_on_a_page() -> None:
    """Elsewhere one calls `follow`, `press` or `go_back`."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    found = {
        path.relative_to(ROOT).as_posix(): bare_actions(path.read_text(encoding="utf-8"))
        for path in files
    }

    assert {path: calls for path, calls in found.items() if calls} == {
        "tests/support/browser.py": [
            "page.click(selector)",
            "page.evaluate('history.back()')",
            "page.click(selector)",
        ]
    }


@pytest.mark.parametrize(
    "call",
    [
        "page.click('#devices')",
        "page.locator('#devices').click()",
        "page.get_by_text('Devices').first.dblclick(timeout=5)",
        "page.keyboard.press('Enter')",
        "page.press('[name=password]', 'Enter')",
        "page.evaluate('document.forms[0].submit()')",
        "page.locator('a').evaluate(f'one => {one}.click()')",
        "tab.evaluate('window.location = \"/devices\"')",
    ],
)
def test_an_action_that_does_not_wait_is_noticed(call: str) -> None:
    assert bare_actions(f"with page.expect_response(any) as answer:\n    {call}") == [call]


@pytest.mark.parametrize(
    "call",
    [
        "follow(page, '#devices')",
        "press(page, '#clear', until='li')",
        "go_back(page, url)",
        "page.goto(url)",
        "page.fill('[name=name]', 'ada')",
        "page.evaluate('document.cookie')",
        "click.echo('location')",
    ],
)
def test_what_waits_is_no_bare_action(call: str) -> None:
    assert bare_actions(call) == []


PAGE = """<a href="/next">next</a> <button>more</button> <script>
  document.querySelector("button").onclick = async () => {
    const text = await (await fetch("/next")).text();
    document.body.insertAdjacentHTML("beforeend", text);
  };
</script>"""


@pytest.fixture
def two_pages() -> Flask:
    app = Flask("two_pages")
    app.get("/", endpoint="first")(lambda: PAGE)
    app.get("/next", endpoint="next")(lambda: "<p>here</p>")
    return app


@pytest.fixture
def slow_page(page: Page, two_pages: Flask) -> Iterator[Page]:
    """Return an open page of a server that is slow, whether `--slow-pages` was said or not."""
    with serving(0.3) as start:
        page.goto(start(two_pages, "pages"))
        yield page


def test_a_link_that_is_followed_has_brought_the_whole_page(slow_page: Any) -> None:
    follow(slow_page, "a")

    assert slow_page.locator("p").all_inner_texts() == ["here"]


def test_a_button_that_is_pressed_has_shown_what_its_script_fetches(slow_page: Any) -> None:
    press(slow_page, "button", until="p")

    assert slow_page.locator("p").all_inner_texts() == ["here"]


def test_a_slow_answer_pauses_before_its_head_and_before_its_body(two_pages: Flask) -> None:
    events: list[object] = []
    app: Callable[..., Any] = slowly(two_pages, lambda: events.append("pause"))

    parts, status, _ = run_wsgi_app(app, create_environ("/next"))
    events += [status]
    events.extend(parts)

    assert events == ["pause", "200 OK", b"<", "pause", b"p>here</p>"]
