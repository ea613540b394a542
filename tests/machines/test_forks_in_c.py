"""Under uWSGI, whose forks Python knows nothing of, a logout holds at all workers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.support.machines.servers import Server, serving_by_uwsgi

CLIENTS, ROUNDS = 6, 12
STORES = [
    ("postgres", 0),
    ("redis", 0),
    ("redis", 30),
    pytest.param("mariadb", 0, marks=pytest.mark.full),
    pytest.param("valkey", 30, marks=pytest.mark.full),
]


@pytest.mark.parametrize(("store", "near_cache"), STORES)
def test_a_logout_at_one_worker_is_seen_by_the_others(
    store: str, near_cache: int, url_of: Callable[[str], str], tmp_path: Path
) -> None:
    """REV-1: on a shared socket, 117 of 447 tokens passed after their logout."""
    more = {"store_near_cache": near_cache} if near_cache else {}
    with serving_by_uwsgi(url_of(store), tmp_path, **more) as server:
        assert len(server.pids(3)) == 3
        with ThreadPoolExecutor(CLIENTS) as clients:
            # What is kept near is forgotten when the news arrives, a moment after the answer.
            work = partial(log_in_and_out, server, patience=5.0 if near_cache else 0.0)
            seen = list(clients.map(work, [f"user-{number}" for number in range(CLIENTS)]))

    total = CLIENTS * ROUNDS
    statuses = sum((before for before, _, _ in seen), Counter())
    assert statuses == {200: total * 3}, server.log.read_text()[-2000:]
    assert sum((out for _, out, _ in seen), Counter()) == {204: total}
    assert sum((after for _, _, after in seen), Counter()) == {401: total * 4}


def test_an_sqlite_file_that_was_open_while_it_forked_lets_nobody_in(
    url_of: Callable[[str], str], tmp_path: Path
) -> None:
    """REV-1: nobody's logout would be safe; the log says what to do."""
    with serving_by_uwsgi(url_of("sqlite"), tmp_path) as server:
        assert server.status(None, "POST", "/login/ada") == 503
        assert "lazy-apps" in server.log.read_text()


def test_one_that_was_not_is_shared_by_all(url_of: Callable[[str], str], tmp_path: Path) -> None:
    """REV-1."""
    with serving_by_uwsgi(url_of("sqlite"), tmp_path, site="site") as server:
        assert len(server.pids(3)) == 3
        before, out, after = log_in_and_out(server, "ada")

    assert (set(before), set(out), set(after)) == ({200}, {204}, {401})


def log_in_and_out(
    server: Server, name: str, patience: float = 0.0
) -> tuple[Counter[int], Counter[int], Counter[int]]:
    """Return what was answered before logouts, to them, and after them.

    Args:
        server: The server.
        name: Who logs in.
        patience: Seconds in which the news of a logout may travel.
    """
    before, out, after = Counter[int](), Counter[int](), Counter[int]()
    for _ in range(ROUNDS):
        token = server.login(name)["access_token"]
        before.update(server.status(token) for _ in range(3))
        out[server.status(token, "POST", "/logout")] += 1
        after.update(_when_settled(server, token, patience))
    return before, out, after


def _when_settled(server: Server, token: str, patience: float) -> list[int]:
    """Return four answers that are all alike, or the last four when patience is at its end."""
    deadline = time.monotonic() + patience
    while True:
        found = [server.status(token) for _ in range(4)]
        if len(set(found)) == 1 or time.monotonic() >= deadline:
            return found
