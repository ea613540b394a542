"""Offer a real browser, and servers that it can visit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from tests.services import find_browser, has_playwright, missing
from tests.services.oidc_provider import RESOURCES, Provider
from tests.support.authorization_code import CodeFlow, Tokens
from tests.support.browser import FLAGS, follow, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Return a running Chromium.

    It ends with this package: while playwright runs, the thread has a running event loop, in which
    no test of async views could start its own.
    """
    executable = find_browser()
    if executable is None or not has_playwright():
        missing("browser", "neither Chromium nor JWTPOLICY_TEST_CHROMIUM, or no playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=FLAGS,
            # People's browsers do keep pages in memory for the back button.
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Return a page in a profile of its own."""
    context = chromium.new_context()
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def delay(pytestconfig: pytest.Config) -> float:
    """Return for how many seconds answers are held back: longer than any step of a test."""
    return 0.3 if pytestconfig.getoption("--slow-pages") else 0


@pytest.fixture
def serve(delay: float) -> Iterator[Callable[[Flask, str], str]]:
    """Return what starts an application on a free port, and gives its address.

    Names under ``localhost`` are sites of their own, and safe enough for secure cookies.
    """
    with serving(delay) as start:
        yield start


@pytest.fixture
def log_in_at_provider(
    page: Page, provider: Provider, serve: Callable[[Flask, str], str]
) -> Callable[..., Tokens]:
    """Return what logs ada in at the provider's own pages, once: for an algorithm, and a client.

    The client is ``shop-…`` unless another is named; the browser comes back to a page of it.
    """
    shop = Flask("tests.shop")
    shop.add_url_rule("/callback", view_func=lambda: "<h1>Welcome back</h1>")
    redirect_uri = f"http://127.0.0.1:{serve(shop, 'shop').rpartition(':')[2]}/callback"

    def log_in(algorithm: str, client: str | None = None) -> Tokens:
        resource = RESOURCES[algorithm]
        flow = CodeFlow(provider, resource, client or f"shop-{algorithm}", redirect_uri)
        page.goto(flow.url)
        page.fill("[name=login]", "ada")
        page.fill("[name=password]", "any")
        follow(page, "button")  # to log in
        follow(page, "button")  # to consent
        return flow.exchange(page.url)

    return log_in
