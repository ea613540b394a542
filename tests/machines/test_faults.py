"""What clients of an application meet while the server of its store is down, hangs, or is busy."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.services.redis import wait_until
from tests.services.serve import StoreServer, started
from tests.support.machines.servers import NO_ANSWER, Answer, Server, serving
from tests.support.machines.stores import make_own
from tests.support.machines.traffic import Traffic, flowing, refreshing

#: Seconds.
TOLERANCE = 1.5
#: More than twice the connections of one process, however the requests are spread over two.
THREADS = 80


@pytest.fixture(
    scope="module",
    params=[
        "redis",
        pytest.param("postgres", marks=pytest.mark.full),
        pytest.param("mariadb", marks=pytest.mark.full),
    ],
)
def store(request: pytest.FixtureRequest) -> Iterator[StoreServer]:
    """A store's server that may be killed, and that remembers what it answered."""
    with started(make_own(request.param)) as server:
        yield server


@pytest.fixture(scope="module")
def timeout() -> float:
    """JWT_STORE_TIMEOUT in seconds."""
    return 1.0


@pytest.fixture(scope="module")
def server(
    store: StoreServer, timeout: float, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The application on it: two processes, and threads enough to exhaust a pool."""
    folder = tmp_path_factory.mktemp("faults")
    url = f"{store.url}?max_connections=4" if "redis" in store.url else store.url
    with serving(url, folder, threads=THREADS, store_timeout=timeout) as server:
        yield server


def ask_all(server: Server, number: int, token: str) -> list[tuple[Answer, float]]:
    """Ask at the same moment, and return the answers and how many seconds each took."""

    def ask(_: int) -> tuple[Answer, float]:
        began = time.monotonic()
        answer = server.ask("GET", "/", token)
        return answer, time.monotonic() - began

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(ask, range(number)))


def start_clients(server: Server) -> tuple[Traffic, dict[str, Callable[[], object]]]:
    """Return clients of every kind: good, logged out, forged, without a token, and refreshing."""
    traffic, name = Traffic(server), "ada"
    good, ended, chain = (server.login(name) for _ in range(3))
    assert server.status(ended["access_token"], "POST", "/logout") == 204
    forged = good["access_token"][:-8] + "A" * 8
    ask = partial(partial, traffic.ask)
    return traffic, {
        "good": ask("good", "GET", "/", good["access_token"]),
        "ended": ask("ended", "GET", "/", ended["access_token"]),
        "dead": ask("dead", "POST", "/refresh", ended["refresh_token"]),
        "forged": ask("forged", "GET", "/", forged),
        "public": ask("public", "GET", "/pid"),
        "logging in": ask("logging in", "POST", "/login/bob"),
        "refreshing": refreshing(traffic, "refreshing", chain["refresh_token"]),
    }


def test_a_server_that_dies_in_the_middle_of_traffic(
    store: Any, server: Server, pytestconfig: pytest.Config
) -> None:
    """REV-1, REF-7: nobody is let in meanwhile, and nobody restarts the application."""
    traffic, clients = start_clients(server)
    pids, stored = server.pids(2), ("good", "ended", "dead", "refreshing", "logging in")
    with flowing(traffic, clients):
        for _ in range(3 if pytestconfig.getoption("--full") else 1):
            traffic.wait_for(200, "good", "refreshing")
            store.kill()
            down = time.monotonic()
            traffic.wait_for(503, *stored)
            up = time.monotonic()
            store.start()
            assert [traffic.statuses(client, down, up) for client in stored] == [{503}] * 5
        traffic.wait_for(200, "good", "refreshing")

    assert {name: traffic.statuses(name) for name in clients} == {
        "good": {200, 503},
        "ended": {401, 503},
        "dead": {401, 503},
        "forged": {401},
        "public": {200},
        "logging in": {200, 503},
        "refreshing": {200, 503},
    }
    assert server.pids(2) == pids


@pytest.mark.parametrize(
    "kind",
    [
        "sqlite",
        "redis",
        pytest.param("postgres", marks=pytest.mark.full),
        pytest.param("mariadb", marks=pytest.mark.full),
    ],
)
def test_a_process_that_dies_in_the_middle_of_traffic(
    kind: str, url_of: Callable[[str], str], tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """REF-7: whoever got no answer asks again; no session is lost, and none has two heirs."""
    with serving(url_of(kind), tmp_path, threads=4) as server:
        traffic, names = Traffic(server), [f"client {n}" for n in range(4)]
        tokens = [server.login()["refresh_token"] for _ in names]
        clients = {n: refreshing(traffic, n, t) for n, t in zip(names, tokens, strict=True)}
        with flowing(traffic, clients):
            for _ in range(3 if pytestconfig.getoption("--full") else 1):
                traffic.wait_for(200, *names)
                for pid in server.pids(2):
                    os.kill(pid, signal.SIGKILL)
            traffic.wait_for(200, *names)

    assert {status for name in names for status in traffic.statuses(name)} == {NO_ANSWER, 200}


def test_a_server_that_hangs_is_503_in_time(store: Any, server: Server, timeout: float) -> None:
    """REV-1."""
    token = server.login()["access_token"]
    store.pause()
    try:
        ((answer, seconds),) = ask_all(server, 1, token)
    finally:
        store.resume()

    assert (answer.status, answer.retry_after) == (503, "5")
    assert seconds < timeout + TOLERANCE
    wait_until(lambda: server.status(token) == 200)


def test_a_pool_that_is_exhausted_is_503_in_time(
    store: Any, server: Server, timeout: float
) -> None:
    """REV-1, K44: whoever waits for a connection, and gets one at last, waits no longer for it."""
    token = server.login()["access_token"]
    store.pause()
    try:
        answers = ask_all(server, THREADS, token)
    finally:
        store.resume()

    assert {answer.status for answer, _ in answers} == {503}
    assert max(seconds for _, seconds in answers) < timeout + TOLERANCE
    wait_until(lambda: {answer.status for answer, _ in ask_all(server, 8, token)} == {200})


def test_a_long_writer_of_sqlite_stops_changes_only(tmp_path: Path) -> None:
    """REV-1: look-ups go on."""
    path = tmp_path / "tokens.sqlite3"
    with serving(f"sqlite:///{path}", tmp_path, store_timeout=0.3) as server:
        pair = server.login()
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        assert server.status(pair["access_token"]) == 200
        assert server.status(pair["refresh_token"], "POST", "/refresh") == 503
        assert server.status(pair["access_token"], "POST", "/logout") == 503
        writer.execute("ROLLBACK")
        writer.close()

        assert server.status(pair["refresh_token"], "POST", "/refresh") == 200
        assert server.status(pair["access_token"], "POST", "/logout") == 204
