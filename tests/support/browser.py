"""Start a browser and servers, for tests and for the screenshots of the pages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import make_server

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


@contextmanager
def serving() -> Iterator[Callable[[Flask, str], str]]:
    """Yield what starts an application on a free port, and gives its address."""
    servers = []

    def start(app: Flask, name: str) -> str:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://{name}.localhost:{server.port}"

    try:
        yield start
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
