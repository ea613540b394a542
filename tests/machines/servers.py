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
from pathlib import Path
from typing import Any

from tests.conftest import SECRET, bearer
from tests.docs.test_readme import ROOT, free_port


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    body: Any


@dataclass(frozen=True)
class Server:
    """A server with several worker processes."""

    url: str

    def ask(self, method: str, path: str, token: str | None = None) -> Answer:
        """Send a request on a connection of its own."""
        headers = {} if token is None else bearer(token)
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return _answer(response.status, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error.read())

    def login(self, name: str = "ada") -> dict[str, str]:
        """Return the pair of a new session."""
        pair: dict[str, str] = self.ask("POST", f"/login/{name}").body
        return pair

    def pids(self, number: int) -> set[int]:
        """Return the processes that answer, when *number* of them have."""
        found: set[int] = set()
        deadline = time.monotonic() + 10
        while len(found) < number and time.monotonic() < deadline:
            found.add(self.ask("GET", "/pid").body)
        return found


def _answer(status: int, body: bytes) -> Answer:
    try:
        return Answer(status, json.loads(body))
    except ValueError:
        return Answer(status, body)


@contextmanager
def serving(store_url: str, folder: Path, *, workers: int = 2, **settings: Any) -> Iterator[Server]:
    """Serve the application by gunicorn until the block ends."""
    port = free_port()
    environ = {
        **os.environ,
        "FLASK_JWT_SECRET_KEY": SECRET,
        "FLASK_JWT_STORE_URL": store_url,
        **{f"FLASK_JWT_{name.upper()}": json.dumps(value) for name, value in settings.items()},
    }
    command = [sys.executable, "-m", "gunicorn", "--workers", str(workers), "--chdir", str(ROOT)]
    command += ["--bind", f"127.0.0.1:{port}", "--worker-tmp-dir", str(folder)]
    with (
        (folder / f"{port}.log").open("w") as log,
        subprocess.Popen(
            [*command, "tests.machines.site:app"], env=environ, stdout=log, stderr=log, cwd=ROOT
        ) as process,
    ):
        try:
            server = Server(f"http://127.0.0.1:{port}")
            _wait(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(20)


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            server.ask("GET", "/pid")
        except urllib.error.URLError:
            assert process.poll() is None, "the server has stopped; see its log"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return
