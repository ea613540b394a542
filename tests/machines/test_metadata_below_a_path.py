"""The page about MCP servers: what nginx needs if the application is below a path."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.serving import make_server

from jwtpolicy import JWTManager
from jwtpolicy.endpoints import resource_metadata_blueprint
from tests.support.machines.behind_nginx import HOST, Browser, nginx_before, shown_location
from tests.support.paths import DOCS

PAGE = (DOCS / "howto" / "mcp-server.rst").read_text(encoding="utf-8")
RESOURCE = f"https://{HOST}/shop/mcp"


def application() -> Flask:
    app = Flask("below")
    app.config.update(
        TESTING=True,
        JWT_SECRET_KEY=secrets.token_urlsafe(48),
        JWT_ENCODE_AUDIENCE=RESOURCE,
    )
    jwt = JWTManager(app)
    mcp = Blueprint("mcp", __name__)
    mcp.get("/mcp")(lambda: "in")
    servers = ["https://login.example"]
    app.register_blueprint(
        resource_metadata_blueprint(jwt, mcp, resource=RESOURCE, authorization_servers=servers)
    )
    app.register_blueprint(mcp)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_host=1, x_prefix=1)  # type: ignore[method-assign]
    return app


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """Return a client of the application behind nginx, as both pages configure it."""
    server = make_server("127.0.0.1", 0, application(), threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    locations = shown_location() + shown_location(PAGE)
    try:
        with nginx_before(server.server_port, tmp_path, locations) as port:
            yield Browser(port, tmp_path)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_challenge_leads_to_the_metadata_at_the_root_of_the_host(browser: Browser) -> None:
    refused = browser.ask("GET", "/shop/mcp")
    [url] = re.findall('resource_metadata="([^"]*)"', refused.headers["WWW-Authenticate"])

    found = browser.ask("GET", url.removeprefix(f"https://{HOST}"))

    assert refused.status == 401
    assert (found.status, json.loads(found.text)["resource"]) == (200, RESOURCE)
