"""The page of the notes, on which one acts as somebody: what it shows is so, and it says why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from examples.notes import create_app
from examples.notes.database import database
from jwtpolicy.testing import MovableClock
from tests.support.browser import press
from tests.support.notes import Demo

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def notes(tmp_path: Path) -> Flask:
    return create_app(str(tmp_path), DEMO=True)


@pytest.fixture
def demo(page: Page, notes: Flask, serve: Callable[[Flask, str], str]) -> Demo:
    return Demo(page, serve(notes, "notes"))


@pytest.fixture
def clock(notes: Flask) -> Iterator[MovableClock]:
    with MovableClock(notes) as clock:
        yield clock


def test_one_acts_as_somebody_until_the_logout(demo: Demo) -> None:
    demo.act_as("bob")
    assert "You act as bob, who is logged in." in demo.text("main")
    assert "login → access token (15 min)" in demo.text("#events")

    demo.push("#logout")
    assert "You act as bob, who is not logged in." in demo.text("main")
    assert demo.page.is_disabled("#logout")
    assert demo.text("#token") == "Nobody is logged in."
    assert "logout 204" in demo.text("#events")


def test_each_request_says_what_its_endpoint_demands(demo: Demo) -> None:
    row = demo.page.locator("tr[data-method=DELETE][data-path='/accounts/2']")

    assert row.locator("td code").all_inner_texts() == [
        "IsSubject('user_id') | HasRole('admin')",
        "Fresh(within=300, acr='confirmed')",
    ]


def test_a_refusal_is_told_in_words_with_its_tree_and_its_source(demo: Demo) -> None:
    demo.send("DELETE", "/accounts/2", "bob")

    told = demo.text("#decision")
    assert "401 insufficient_user_authentication" in told
    assert "Refused, because acr is absent, asked is 'confirmed'." in told
    assert "The client has to authenticate again with acr 'confirmed'" in told
    assert 'max_age="300"' in told
    assert "Fresh(within=300, acr='confirmed')" in demo.text(".tree .decides")
    assert "examples/notes/accounts.py:" in demo.text("#source")
    assert demo.text("#source mark").startswith('    method_policies = {"DELETE": Fresh(')


def test_the_button_confirms_and_sends_the_request_again(demo: Demo) -> None:
    demo.send("DELETE", "/accounts/2", "bob")
    demo.push("text=Confirm with the password and try again")

    assert demo.text("#result").endswith("204")
    assert "step-up → acr=confirmed" in demo.text("#events")
    assert "bob, who is not logged in." in demo.text("main")
    assert demo.cell("GET", "/accounts", "bob") == "gone"
    assert demo.cell("GET", "/accounts", "eve") == "✗ 403"
    assert demo.text("#token") == "Nobody is logged in."


def test_nobody_is_sent_to_a_user_who_is_gone(demo: Demo, notes: Flask) -> None:
    with notes.app_context():
        database().delete_user(2)
    demo.send("GET", "/me", "nobody")
    demo.push("text=Try as eve, who may")
    demo.send("GET", "/accounts", "eve")

    assert demo.page.locator("#decision button").all_inner_texts() == ["Try as ada, who may"]
    assert demo.cell("GET", "/me", "bob") == "gone"


def test_a_confirmation_is_seen_in_the_matrix_and_in_the_token(demo: Demo) -> None:
    demo.send("POST", "/password", "bob")
    assert demo.cell("DELETE", "/accounts/2", "bob") == "✗ 401"
    demo.push("text=Confirm with the password and try again")

    assert demo.cell("DELETE", "/accounts/2", "bob") == "✓ 200"
    assert demo.cell("DELETE", "/accounts/2", "ada") == "✗ 401"
    assert "confirmed" in demo.text("#token")


def test_who_may_not_is_shown_who_may(demo: Demo) -> None:
    demo.send("GET", "/accounts", "eve")
    assert "can do nothing" in demo.text("#decision")
    demo.push("text=Try as ada, who may")

    assert demo.text("#who") == "ada"
    assert demo.text("#result").endswith("200")


def test_nobody_is_shown_who_may(demo: Demo) -> None:
    demo.send("GET", "/notes", "nobody")
    demo.push("text=Try as eve, who may")

    assert demo.text("#result").endswith("200")


def test_a_stolen_refresh_token_that_comes_back_ends_the_session(
    demo: Demo, clock: MovableClock
) -> None:
    demo.act_as("bob")
    demo.push("text=Steal the refresh token")
    demo.push("#refresh")
    demo.push("text=Send the stolen token")
    assert "the same token pair, as for a retry" in demo.text("#events li:last-child")

    clock.tick(11)
    demo.push("text=Send the stolen token")
    assert "session ended" in demo.text("#events li:last-child")
    assert "bob, whose session has ended." in demo.text("main")
    assert demo.cell("GET", "/notes", "bob") == "✗ 401"

    demo.send("GET", "/notes", "bob")
    demo.push("text=Log in again and try again")
    assert demo.text("#result").endswith("200")


def test_a_thief_who_refreshes_first_is_noticed_at_the_users_refresh(
    demo: Demo, clock: MovableClock
) -> None:
    demo.act_as("bob")
    demo.push("text=Steal the refresh token")
    demo.push("text=Send the stolen token")
    assert "the thief has refreshed first" in demo.text("#events li:last-child")

    clock.tick(11)
    demo.push("#refresh")
    assert "the session has ended" in demo.text("#events li:last-child")


def test_an_expired_token_is_refreshed_by_the_button(demo: Demo, clock: MovableClock) -> None:
    demo.act_as("bob")
    clock.tick(901)
    demo.send("GET", "/notes", "bob")
    demo.push("text=Refresh and try again")

    assert demo.text("#result").endswith("200")


def test_another_device_is_logged_out(demo: Demo) -> None:
    demo.act_as("bob")
    demo.push("#elsewhere")

    assert "the other device: GET /me 401" in demo.text("#events li:last-child")
    assert demo.cell("GET", "/notes", "bob") == "✓ 200"


def test_answers_are_written_in_lines_with_the_times_of_the_reader(demo: Demo) -> None:
    demo.send("GET", "/sessions", "bob")
    press(demo.page, "summary", until="#decision details[open]")
    told = demo.text("#decision details pre")

    assert '\n      "label"' in told
    assert re.search(r'"created_at": "\d+/\d+/\d+, ', told)


def test_the_claims_of_the_token_have_meanings_and_the_time_left(demo: Demo) -> None:
    demo.act_as("bob")
    rows = demo.page.locator("#token tbody tr").all_inner_texts()

    told = {row.split("\t")[0].strip(): row for row in rows}
    assert told["sub"].split("\t")[1:] == ["the user", "2"]
    assert "in 14 min" in told["exp"] or "in 15 min" in told["exp"]


def test_the_cell_that_was_pressed_keeps_the_focus(demo: Demo) -> None:
    demo.send("GET", "/notes", "bob")

    assert demo.page.evaluate("document.activeElement.ariaLabel") == "✓ 200: GET /notes as bob"
