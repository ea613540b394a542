"""The example of production settings as its page deploys it: gunicorn behind nginx, over HTTPS."""

from __future__ import annotations

import os
import re
import shlex
import socket
import ssl
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request

from tests import services
from tests.services import nginx
from tests.services.processes import end, free_port, wait_for_port
from tests.support.certificates import write_certificate
from tests.support.paths import DOCS, ROOT

HOST = "shop.example"
CONFIGURATION = (DOCS / "operate/nginx.conf").read_text(encoding="utf-8")
PAGE = (DOCS / "operate/deploy.rst").read_text(encoding="utf-8")

_BLOCK = r"^\.\. code-block:: nginx\n\n((?:   .*\n|\n)+)"
_COMMAND = re.compile("^ +(gunicorn .* gunicorn_redis:app)$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers and text."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Browser:
    """A client that keeps cookies as browsers do, and trusts the certificate of *folder*."""

    port: int
    folder: Path
    cookies: CookieJar = field(default_factory=CookieJar)

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, **form: str
    ) -> Answer:
        """Send a request on a connection of its own."""
        request = Request(f"https://{HOST}{path}", method=method, headers=headers or {})
        if form:
            request.add_header("Content-Type", "application/x-www-form-urlencoded")
        self.cookies.add_cookie_header(request)
        trusting = ssl.create_default_context(cafile=self.folder / "cert.pem")
        with closing(HTTPSConnection(HOST, context=trusting)) as connection:
            plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            connection.sock = trusting.wrap_socket(plain, server_hostname=HOST)
            body = urlencode(form) if form else None
            connection.request(method, path, body, dict(request.header_items()))
            answer = connection.getresponse()
            self.cookies.extract_cookies(answer, request)
            return Answer(answer.status, dict(answer.headers), answer.read().decode())

    def csrf(self, kind: str) -> dict[str, str]:
        """Return the header that a script of the site sends."""
        [value] = [one.value for one in self.cookies if one.name == f"__Host-csrf_{kind}"]
        return {"X-CSRF-TOKEN": str(value)}

    def paths(self) -> dict[str, str]:
        """Return the path of each cookie, by its name."""
        return {one.name: one.path for one in self.cookies if one.secure}


@contextmanager
def serving_behind_nginx(folder: Path, store: str, **environ: str) -> Iterator[int]:
    """Serve the example, also below ``/shop/``, until the block ends; yield the port of HTTPS."""
    if services.find_gunicorn() is None:
        services.missing("gunicorn", "gunicorn is not installed")
    inner = free_port()
    with (
        _gunicorn(inner, folder, {"JWT_STORE_URL": store, **environ}),
        nginx_before(inner, folder, shown_location()) as https,
    ):
        yield https


@contextmanager
def nginx_before(inner: int, folder: Path, locations: str) -> Iterator[int]:
    """Run nginx before the application at the port *inner*; yield the port of HTTPS.

    Args:
        inner: The port.
        folder: Where the files of nginx are.
        locations: What is added to the configuration of the page.
    """
    if nginx.find() is None:
        services.missing("nginx", "nginx is not installed")
    write_certificate(folder, HOST)
    http, https = free_port(), free_port()
    changes = {
        "location / {": f"{locations}\n location / {{",
        "127.0.0.1:8000": f"127.0.0.1:{inner}",
        "listen 80": f"listen 127.0.0.1:{http}",
        "listen 443": f"listen 127.0.0.1:{https}",
        "/etc/nginx/tls/shop.example.pem": str(folder / "cert.pem"),
        "/etc/nginx/tls/shop.example.key": str(folder / "key.pem"),
        "/var/log/nginx": str(folder),
        "/run/nginx.pid": str(folder / "pid"),
    }
    with nginx.serving(CONFIGURATION, folder, https, changes):
        yield https


def shown_location(page: str = PAGE) -> str:
    """Return what *page* adds to the configuration for a path of its own."""
    [block] = re.findall(_BLOCK, page, re.MULTILINE)
    return textwrap.dedent(block)


@contextmanager
def _gunicorn(port: int, folder: Path, environ: dict[str, str]) -> Iterator[None]:
    """Run the command of the example, with two workers, from its folder."""
    example = (ROOT / "examples/gunicorn_redis.py").read_text(encoding="utf-8")
    [command] = _COMMAND.findall(example)
    words = shlex.split(command.replace(":8000", f":{port}").replace("workers 4", "workers 2"))
    with (
        (folder / "gunicorn.log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", *words],
            env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
            cwd=ROOT / "examples",
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        try:
            wait_for_port(port, process)
            yield
        finally:
            end(process)
