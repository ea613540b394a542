"""Start a browser and servers, and act on pages, for tests and for the screenshots of the pages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.serving import make_server
from werkzeug.test import run_wsgi_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from playwright.sync_api import Page

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


def follow(page: Page, selector: str) -> None:
    """Click on what leads to another page, a link or a form's button, and wait until it is loaded.

    A click alone ends when the browser has the address of the other page, which may be empty then.
    """
    with page.expect_navigation():
        page.click(selector)


def press(page: Page, selector: str, until: str) -> None:
    """Click on what changes the page by a script, or unfolds a part of it.

    Args:
        page: The page.
        selector: What is clicked.
        until: What is seen when that is done, and not before; it is waited for.
    """
    page.click(selector)
    page.wait_for_selector(until)


def go_back(page: Page, url: str) -> None:
    """Press the browser's back button, and wait until the page at *url* is loaded.

    Playwright's own ``go_back`` does not know pages that the browser has kept in memory.
    """
    page.evaluate("history.back()")
    page.wait_for_url(url)


@contextmanager
def serving(delay: float = 0) -> Iterator[Callable[[Flask, str], str]]:
    """Yield what starts an application on a free port, and gives its address.

    Args:
        delay: For how many seconds each answer is held back, twice: see `slowly`.
    """
    servers = []

    def start(app: Flask, name: str) -> str:
        served = slowly(app, lambda: time.sleep(delay)) if delay else app
        server = make_server("127.0.0.1", 0, served, threaded=True)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://{name}.localhost:{server.port}"

    try:
        yield start
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def slowly(app: WSGIApplication, pause: Callable[[], object]) -> WSGIApplication:
    """Return *app* with a pause before each answer, and one behind the first byte of its body.

    In the first a browser still has the old page, and in the second it has the address of the new
    page and nothing that stands in it. A test that reads too early does so in one of them, each
    time, where it would fail on a busy machine alone.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        pause()
        parts, status, headers = run_wsgi_app(app, environ, buffered=True)
        body = b"".join(parts)
        start_response(status, list(headers))
        yield body[:1]
        pause()
        yield body[1:]

    return answer
