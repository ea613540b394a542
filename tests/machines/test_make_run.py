"""An example application runs on each store by one word, and leaves no server behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from jwtpolicy.stores.opening import open_store
from tests.services.processes import end, free_port
from tests.services.serve import FINDERS, make_server
from tests.support.machines.stores import make_own
from tests.support.paths import ROOT
from tests.support.waiting import wait_for

pytestmark = pytest.mark.skipif(
    shutil.which("make") is None, reason="make is not installed: apt-get install make"
)

LOGIN = json.dumps({"name": "bob", "password": "builder"}).encode()


@dataclass
class Run:
    """What ``make run`` started."""

    process: subprocess.Popen[str]
    port: int

    def login(self) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        url = f"http://127.0.0.1:{self.port}/login"
        with urllib.request.urlopen(urllib.request.Request(url, LOGIN, headers)) as answer:
            pair: dict[str, Any] = json.load(answer)
        return pair

    def address(self) -> str:
        """Return where the private server is, as was printed."""
        assert self.process.stdout is not None
        line = next(line for line in self.process.stdout if " is at " in line)
        return line.split()[3].rstrip(",")

    def end(self, number: int) -> str:
        """Send what Ctrl-C, or the end of the terminal, sends to all; return what was printed."""
        os.killpg(self.process.pid, number)
        return self.process.communicate(timeout=60)[0]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of what ``make run`` needs, so that it leaves nothing in this one."""
    for part in ("examples", "tests/services"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=lambda *_: {"instance"})
    for part in ("Makefile", "tests/__init__.py"):
        shutil.copy(ROOT / part, tmp_path / part)
    return tmp_path


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Return a folder for temporary files that the servers' user can reach."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o1777)
        yield Path(name)


def make(*words: str) -> list[str]:
    """Return ``make run`` in the environment of the tests, which is ready."""
    return ["make", "-o", f"{sys.prefix}/.ready", f"VENV={sys.prefix}", "run", *words]


@contextmanager
def running(checkout: Path, temporary: Path, *words: str) -> Iterator[Run]:
    """Start ``make run`` as a terminal does, in a group of processes of its own."""
    port = free_port()
    places = {"PORT": str(port), "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        make(*words),
        cwd=checkout,
        env={**os.environ, **places},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        # Whoever started the tests in the background has it ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        wait_for(port, process)  # type: ignore[arg-type]
        yield Run(process, port)
    finally:
        end(process)


def open_sessions(url: str, folder: Path) -> int:
    """Return how many sessions of Bob a store has."""
    store = open_store(url, instance_path=folder)
    assert store is not None
    found = len(store.sessions("", "2", now=int(time.time())))
    store.close()
    return found


def is_open(url: str) -> bool:
    port = re.search(r":(\d+)(/|$)", url)
    assert port is not None
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port[1]))) == 0


@pytest.mark.parametrize(
    ("store", "number"),
    [
        ("redis", signal.SIGINT),
        ("redis", signal.SIGTERM),
        ("postgres", signal.SIGINT),
        pytest.param("mariadb", signal.SIGINT, marks=pytest.mark.full),
        pytest.param("postgres", signal.SIGHUP, marks=pytest.mark.full),
        pytest.param("mariadb", signal.SIGTERM, marks=pytest.mark.full),
        pytest.param("valkey", signal.SIGTERM, marks=pytest.mark.full),
    ],
)
def test_a_private_server_ends_with_the_example(
    store: str, number: int, checkout: Path, temporary: Path
) -> None:
    make_own(store).remove()
    with running(checkout, temporary, f"STORE={store}") as run:
        url = run.address()
        run.login()
        assert open_sessions(url, checkout) == 1
        run.end(number)

    assert not is_open(url)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "file"),
    [
        pytest.param([], "jwtpolicy.sqlite3", id="none"),
        pytest.param(["STORE=sqlite:///a&b.sqlite3"], "a&b.sqlite3", id="a URL"),
    ],
)
def test_without_a_name_there_is_no_server(
    words: list[str], file: str, checkout: Path, temporary: Path
) -> None:
    with running(checkout, temporary, *words) as run:
        run.login()
        printed = run.end(signal.SIGINT)

    folder = next(checkout.rglob(file)).parent
    assert " is at " not in printed
    assert open_sessions(f"sqlite:///{file}", folder) == 1


def test_a_reset_brings_back_who_was_deleted(checkout: Path, temporary: Path) -> None:
    with running(checkout, temporary) as run:
        run.end(signal.SIGINT)
    (database,) = checkout.rglob("notes.sqlite3")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM users WHERE name = 'bob'")

    with running(checkout, temporary) as run, pytest.raises(HTTPError, match="401"):
        run.login()
    with running(checkout, temporary, "RESET=1") as run:
        assert run.login()["token_type"] == "Bearer"


def test_a_store_that_nobody_knows_is_named(checkout: Path) -> None:
    done = subprocess.run(
        make("STORE=oracle"), cwd=checkout, capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    assert "'oracle' is neither a URL nor one of redis, valkey, postgres" in done.stderr


def test_a_program_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JWTPOLICY_TEST_MYSQL_URL", raising=False)
    assert [find() for find in FINDERS["mariadb"]] == [None]

    with pytest.raises(LookupError, match="install mariadb-server-core"):
        make_server("mariadb")
