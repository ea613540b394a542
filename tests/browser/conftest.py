"""Offer a real browser, and servers that it can visit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from tests.services import find_browser, has_playwright, missing
from tests.support.browser import FLAGS, serving

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
