"""The example of a login at a provider, as a person meets it, from one site to the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from tests.services.oidc_provider import Provider
from tests.support.browser import follow
from tests.support.examples import SINGLE_FILES, run_example
from tests.support.provider_clients import environment_of_site

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: What is in the browser for us after a login.
OURS = {"__Host-access_token", "__Host-csrf_access"}


@pytest.fixture
def url(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    provider: Provider,
    serve: Callable[[Flask, str], str],
) -> str:
    """Return the site's address: ``localhost`` is another site than the provider's 127.0.0.1."""
    path = SINGLE_FILES["login_with_oidc"]
    example = run_example(path, tmp_path, monkeypatch, **environment_of_site(provider))
    url = f"http://localhost:{serve(example.app, 'site').rpartition(':')[2]}"
    monkeypatch.setenv("SITE_URL", url)
    return url


def log_in(page: Page) -> None:
    """Log ada in, on the pages of the provider."""
    page.fill("[name=login]", "ada")
    page.fill("[name=password]", "any")
    follow(page, "button")  # to log in
    follow(page, "button")  # to consent


def cookies(page: Page, url: str) -> set[str]:
    return {str(cookie.get("name")) for cookie in page.context.cookies(url)}


def test_the_way_to_the_provider_and_back_and_out(page: Page, url: str, provider: Provider) -> None:
    page.goto(f"{url}/private?tab=bills")
    follow(page, "a")
    assert page.url.startswith(provider.issuer)
    assert cookies(page, url) == {"__Host-login"}

    log_in(page)
    assert page.url == f"{url}/private?tab=bills"
    assert page.locator("h1").inner_text() == f"Hello {provider.issuer} ada"
    assert cookies(page, url) == OURS

    follow(page, "button")
    assert page.url == f"{url}/private"
    assert page.locator("h1").inner_text() == "Log in"
    assert cookies(page, url) == set()


def test_the_provider_asks_for_no_password_twice(page: Page, url: str) -> None:
    """So a logout here is none there, and a login here is not fresh."""
    page.goto(f"{url}/login")
    log_in(page)
    follow(page, "button")

    follow(page, "a")
    assert page.locator("[name=password]").count() == 0
    follow(page, "button")  # to consent

    assert page.url == f"{url}/private"
    assert page.locator("h1").inner_text().startswith("Hello")


def test_a_person_who_does_not_agree_is_not_logged_in(page: Page, url: str) -> None:
    page.goto(f"{url}/login")

    follow(page, "a:has-text('Cancel')")

    assert page.locator("[role=alert]").inner_text().startswith("That did not work.")
    assert cookies(page, url) & OURS == set()
