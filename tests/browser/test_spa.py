"""The example of a page in JavaScript, as a browser meets it: it never holds a token."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from jwtpolicy import current_manager
from jwtpolicy.testing import MovableClock
from tests.support.browser import press
from tests.support.examples import SINGLE_FILES, run_example

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    found: Flask = run_example(SINGLE_FILES["spa_cookies"], tmp_path, monkeypatch).app
    return found


@pytest.fixture
def clock(app: Flask) -> Iterator[MovableClock]:
    with MovableClock(app) as clock:
        yield clock


@pytest.fixture
def notes(page: Page, app: Flask, clock: MovableClock, serve: Callable[[Flask, str], str]) -> Page:
    """Return the page of somebody who has just logged in."""
    page.goto(serve(app, "notes"))
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", os.environ["ADA_PASSWORD"])
    press(page, "#login button", until="li")
    return page


def texts(page: Any) -> list[str]:
    return [item.text_content() for item in page.query_selector_all("li")]


#: Begin ten requests at the same time; the promise is kept, so that another tab can begin as well.
BEGIN = """() => {
  const calls = Array.from({length: 10}, () => call("/api/notes"));
  window.statuses = Promise.all(calls).then(answers => answers.map(answer => answer.status));
}"""


def ten_of(*tabs: Any) -> tuple[list[int], int]:
    """Return the statuses of ten requests of each tab, and how many refreshes they cause."""
    paths: list[str] = []
    tabs[0].context.on("request", lambda request: paths.append(request.url))
    for tab in tabs:
        tab.evaluate(BEGIN)
    statuses = [status for tab in tabs for status in tab.evaluate("window.statuses")]
    return statuses, len([path for path in paths if path.endswith("/auth/refresh")])


def test_no_script_can_read_a_token(notes: Any) -> None:
    assert texts(notes) == ["Buy bread."]
    assert "__Host-csrf_access=" in notes.evaluate("document.cookie")
    assert "_token=" not in notes.evaluate("document.cookie")


def test_ten_refused_requests_cause_one_refresh(notes: Any, clock: MovableClock) -> None:
    clock.tick(16 * 60)

    assert ten_of(notes) == ([200] * 10, 1)


def test_a_browser_that_has_dropped_the_expired_cookie_refreshes_too(notes: Any) -> None:
    notes.context.clear_cookies(name="__Host-access_token")
    notes.context.clear_cookies(name="__Host-csrf_access")

    assert ten_of(notes) == ([200] * 10, 1)


def test_two_tabs_refresh_once_for_both(notes: Any, clock: MovableClock) -> None:
    second = notes.context.new_page()
    second.goto(notes.url)
    second.wait_for_selector("li")
    clock.tick(16 * 60)

    assert ten_of(notes, second) == ([200] * 20, 1)


def test_what_asks_for_the_password_is_not_answered_by_a_refresh(
    notes: Any, clock: MovableClock
) -> None:
    clock.tick(301)

    press(notes, "#clear", until="[role=status]:not(:empty)")

    assert "authentication is required" in notes.text_content("[role=status]")
    assert texts(notes) == ["Buy bread."]


def test_a_session_that_was_ended_elsewhere_shows_the_login_form(notes: Any, app: Flask) -> None:
    with app.app_context():
        current_manager.revoke_subject("ada")

    notes.fill("[name=text]", "Buy milk.")

    press(notes, "#new button", until="#login:not([hidden])")


def test_a_logout_with_an_expired_token_shows_the_login_form(
    notes: Any, clock: MovableClock
) -> None:
    clock.tick(16 * 60)

    press(notes, "#logout", until="#login:not([hidden])")

    assert notes.context.cookies() == []
