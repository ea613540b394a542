"""The example whose page tries everything: what it says is so, and it says why."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from examples.notes import create_app

if TYPE_CHECKING:
    from playwright.sync_api import Page

Press = Callable[[str], str]


@pytest.fixture
def notes(tmp_path: Path) -> Flask:
    return create_app(str(tmp_path))


@pytest.fixture
def press(page: Page, notes: Flask, serve: Callable[[Flask, str], str]) -> Press:
    """Return what sends a call, or logs a user in, and gives the answer that is then on top."""
    page.goto(serve(notes, "notes"))
    answers = page.locator("#answers > li")

    def pressed(what: str) -> str:
        is_call = " " in what
        # A login is followed by the question who that is.
        last = answers.count() + (1 if is_call else 2)
        page.click(f"[data-call='{what}']" if is_call else f"[data-name={what}]")
        answers.nth(last - 1).wait_for()
        page.wait_for_load_state("networkidle")
        return answers.first.inner_text()

    return pressed


def who(page: Any) -> str:
    return str(page.inner_text("#who"))


def confirm_and_delete(press: Press) -> str:
    press("eve")
    press("POST /step-up")
    return press("DELETE own")


def test_after_the_logout_the_page_says_nobody(page: Any, press: Press) -> None:
    press("bob")
    page.wait_for_function("document.getElementById('who').textContent === 'bob'")

    assert "204" in press("POST /logout")
    page.wait_for_function("document.getElementById('who').textContent === 'nobody'")


def test_after_the_account_is_deleted_the_page_says_nobody(page: Any, press: Press) -> None:
    assert "204" in confirm_and_delete(press)

    page.wait_for_function("document.getElementById('who').textContent === 'nobody'")
    assert "401" in press("GET /notes")


def test_a_refused_deletion_leaves_the_user_logged_in(page: Any, press: Press) -> None:
    press("eve")
    assert "401" in press("DELETE own")

    assert who(page) == "eve"
    assert "200" in press("GET /notes")


def test_nobody_cannot_press_the_end_of_an_account(page: Any, press: Press) -> None:
    """It was bob's, whose id stood in for that of nobody."""
    button = page.locator("[data-call='DELETE own']")
    assert button.is_disabled()

    press("eve")
    page.wait_for_function("document.getElementById('who').textContent === 'eve'")
    assert button.is_enabled()
    assert "DELETE /accounts/3" in press("DELETE own")


def test_each_button_says_what_its_endpoint_demands(page: Any, press: Press) -> None:
    demands = page.locator("[data-call='DELETE own'] code").all_inner_texts()

    assert demands == [
        "IsSubject('user_id') | HasRole('admin')",
        "Fresh(within=300, acr='confirmed')",
    ]


def test_a_refusal_is_told_in_words_with_its_cure_and_its_tree(page: Any, press: Press) -> None:
    press("eve")
    answer = press("DELETE own")
    assert "Refused, because acr is absent, asked is 'confirmed'." in answer
    assert "The client has to authenticate again, by confirmed" in answer
    assert "Press “confirm with my password”" in answer

    page.click("#answers > li:first-child summary")
    tree = page.inner_text("#answers > li:first-child details pre")
    assert "> STEP_UP: Fresh(within=300, acr='confirmed')" in tree
    assert "max_age=" in tree


def test_an_allowed_call_names_no_reason(press: Press) -> None:
    press("eve")

    assert "Refused" not in press("GET /notes")


def test_the_claims_of_the_token_can_be_read(page: Any, press: Press) -> None:
    press("bob")
    login = page.locator("#answers > li").nth(1).inner_text()

    assert '"sub": "2"' in login
    assert '"type": "access"' in login


def test_answers_are_written_in_lines_with_the_times_of_the_reader(press: Press) -> None:
    press("bob")
    sessions = press("GET /sessions")

    assert '\n      "label"' in sessions
    assert re.search(r'"created_at": "\d+/\d+/\d+, ', sessions)


@pytest.mark.parametrize("call", ["GET /accounts/2", "GET /notes/99", "POST /logout"])
def test_a_call_as_nobody_is_answered_on_the_page(press: Press, call: str) -> None:
    assert re.search(r"→ (204|401|404)", press(call))
