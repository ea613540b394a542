"""Offer a real browser, and servers that it can visit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.services import find_browser, has_playwright, missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: What a browser needs that root starts in a container, and what keeps it quiet.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


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


@pytest.fixture
def serve() -> Iterator[Callable[[Flask, str], str]]:
    """Return what starts an application on a free port, and gives its address.

    Names under ``localhost`` are sites of their own, and safe enough for secure cookies.
    """
    servers = []

    def start(app: Flask, name: str) -> str:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://{name}.localhost:{server.port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
