"""Two browsers of one user: what each sees of the other, and how it ends the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from examples.board import create_app
from tests.support.board import log_in
from tests.support.browser import follow

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def url(tmp_path: Path, serve: Callable[[Flask, str], str]) -> str:
    return serve(create_app(str(tmp_path), DEMO=True), "board")


@pytest.fixture
def phone(chromium: Browser) -> Iterator[Page]:
    """Return a page of another device: another profile, which says that it is a phone."""
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Safari/604.1"
    context = chromium.new_context(user_agent=agent)
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def is_logged_in(page: Any, url: str) -> bool:
    page.goto(f"{url}/private")
    return bool(page.url == f"{url}/private")


def lines(page: Any) -> list[str]:
    found: list[str] = page.locator("#sessions tbody tr").all_inner_texts()
    return found


@pytest.fixture
def both(page: Page, phone: Page, url: str) -> None:
    log_in(phone, url)
    log_in(page, url)
    follow(page, "#devices")


def test_the_page_lists_all_devices(page: Any, both: None) -> None:
    here, there = sorted(lines(page), key=lambda line: "this device" not in line)

    assert here.startswith("Chrome on Linux")
    assert there.startswith("Safari on iPhone")
    assert page.locator("tr.current").count() == 1


@pytest.mark.parametrize("button", ["text=Log out there", "#others"])
def test_a_button_ends_the_other_device(
    page: Any, phone: Any, url: str, both: None, button: str
) -> None:
    follow(page, button)

    assert page.url == f"{url}/devices"
    assert len(lines(page)) == 1
    assert not is_logged_in(phone, url)
    assert is_logged_in(page, url)


def test_a_button_ends_all_devices(page: Any, phone: Any, url: str, both: None) -> None:
    follow(page, "#all")

    assert page.url == f"{url}/login?next=/devices"
    assert page.context.cookies() == []
    assert not is_logged_in(phone, url)
    assert not is_logged_in(page, url)


def test_a_button_without_its_csrf_value_ends_nothing(
    page: Any, phone: Any, url: str, both: None
) -> None:
    """CSRF-1."""
    page.evaluate("for (const field of document.getElementsByName('csrf_token')) field.value = ''")
    with page.expect_response(lambda response: "/devices" in response.url) as answer:
        follow(page, "#others")

    assert answer.value.status == 403
    assert is_logged_in(phone, url)


def change_password(page: Any, old: str) -> None:
    follow(page, "#password")
    page.fill("[name=old]", old)
    page.fill("[name=new]", "countess")
    follow(page, "#change")


def test_a_change_of_the_password_logs_the_others_out(
    page: Any, phone: Any, url: str, both: None
) -> None:
    change_password(page, "lovelace")

    assert page.url == f"{url}/devices"
    assert is_logged_in(page, url)
    assert not is_logged_in(phone, url)
    log_in(phone, url)
    assert "Wrong name or password." in phone.content()
    log_in(phone, url, password="countess")
    assert is_logged_in(phone, url)


def test_a_wrong_password_changes_nothing_and_is_told_beside_the_form(
    page: Any, phone: Any, url: str, both: None
) -> None:
    change_password(page, "guess")

    assert page.inner_text("[role=alert]") == "The old password is wrong. Nothing was changed."
    assert page.locator("#change").count() == 1
    assert is_logged_in(phone, url)
