"""Start real servers of the application, and speak to them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests import services
from tests.services.processes import end, free_port
from tests.support.paths import ROOT
from tests.support.requests import bearer

#: The status of an answer that did not come.
NO_ANSWER = 0

_PKCS8 = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def settings() -> dict[str, Any]:
    """Return the settings of all machines.

    No two ES256 signatures are alike: what is the same twice was kept, and not made again. The
    grace is as long as it may be, because a machine under test may be slow.
    """
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(*_PKCS8).decode()
    return {"JWT_ALGORITHM": "ES256", "JWT_PRIVATE_KEY": pem, "JWT_REFRESH_GRACE": 30}


@dataclass(frozen=True)
class Answer:
    """What a server answered, to the byte."""

    status: int
    body: bytes
    retry_after: str | None = None

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Server:
    """A server with several worker processes."""

    url: str
    log: Path

    def ask(self, method: str, path: str, token: str | None = None) -> Answer:
        """Send a request on a connection of its own."""
        headers = {} if token is None else bearer(token)
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return Answer(response.status, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), error.headers["Retry-After"])

    def status(self, token: str | None = None, method: str = "GET", path: str = "/") -> int:
        """Return the status only, of a guarded view unless it is said otherwise."""
        return self.ask(method, path, token).status

    def login(self, name: str = "ada") -> dict[str, str]:
        """Return the pair of a new session."""
        pair: dict[str, str] = self.ask("POST", f"/login/{name}").json
        return pair

    def pids(self, number: int) -> set[int]:
        """Return the processes that answer, when *number* of them have."""
        found: set[int] = set()
        deadline = time.monotonic() + 60
        while len(found) < number and time.monotonic() < deadline:
            found.add(self.ask("GET", "/pid").json)
        return found


@contextmanager
def serving(
    store_url: str, folder: Path, *, workers: int = 2, threads: int = 1, **more: Any
) -> Iterator[Server]:
    """Serve the application by gunicorn until the block ends; *more* are settings without JWT_."""
    if services.find_gunicorn() is None:
        services.missing("gunicorn", "gunicorn is not installed")
    port = free_port()
    words = {"workers": workers, "threads": threads, "bind": f"127.0.0.1:{port}", "chdir": ROOT}
    options = [f"--{name}={value}" for name, value in words.items()]
    command = ["-m", "gunicorn", *options, "tests.machines.site:app"]
    with _serving(command, port, folder, {"STORE_URL": store_url, **more}) as server:
        yield server


@contextmanager
def serving_by_uwsgi(
    store_url: str, folder: Path, *, site: str = "early_site", **more: Any
) -> Iterator[Server]:
    """Serve the application by uWSGI, which loads it and forks in C.

    *site* is ``early_site``, which has then used its store already, or ``site``.
    """
    if services.find_uwsgi() is None:
        services.missing("uwsgi", "uWSGI is not installed")
    port = free_port()
    words = {
        "processes": 3,
        "http-socket": f"127.0.0.1:{port}",
        "pythonpath": ROOT,
        "module": f"tests.machines.{site}:app",
        "worker-reload-mercy": 3,  # seconds that a worker has to end
    }
    options = [f"--{name}={value}" for name, value in words.items()]
    switches = ["--master", "--need-app", "--die-on-term", "--no-orphans"]
    command = ["-c", "import pyuwsgi; pyuwsgi.run()", *options, *switches]
    with _serving(command, port, folder, {"STORE_URL": store_url, **more}) as server:
        yield server


@contextmanager
def serving_by_flask(folder: Path, site: str, *, debug: bool = True) -> Iterator[Server]:
    """Serve the application by ``flask run``, in debug mode or not, in one process."""
    port = free_port()
    switches = [*(["--debug"] if debug else []), "--no-reload", f"--port={port}"]
    command = ["-m", "flask", "--app", f"tests.machines.{site}", "run", *switches]
    with _serving(command, port, folder, {"STORE_URL": "memory://"}) as server:
        yield server


@contextmanager
def _serving(command: list[str], port: int, folder: Path, more: dict[str, Any]) -> Iterator[Server]:
    given = {**settings(), **{f"JWT_{name.upper()}": value for name, value in more.items()}}
    log = folder / f"{port}.log"
    with (
        log.open("w") as file,
        subprocess.Popen(
            [sys.executable, *command],
            env={**os.environ, **{f"FLASK_{name}": str(value) for name, value in given.items()}},
            stdout=file,
            stderr=file,
            cwd=ROOT,
            start_new_session=True,
        ) as process,
    ):
        server = Server(f"http://127.0.0.1:{port}", log)
        try:
            _wait(server, process)
            yield server
        finally:
            end(process)


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            server.ask("GET", "/pid")
        except urllib.error.URLError:
            assert process.poll() is None, server.log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return
