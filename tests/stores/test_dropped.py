"""Whoever drops an application or a store leaves no connection open, and closes no other's."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import JWTManager, protect
from jwtpolicy.connections.forks import PerProcess
from jwtpolicy.stores import SQLiteStore
from jwtpolicy.stores.opening import open_store
from jwtpolicy.testing.token_store import standing
from tests.support.applications import SECRET
from tests.support.requests import bearer
from tests.support.stores.forking import either, forks, leave_with

pytestmark = forks

URLS = {"SQLiteStore": "sqlite:///{}", "SQLAlchemyStore": "sqlite+pysqlite:///{}"}


def open_below(folder: Path) -> list[str]:
    """Return the files of a folder that this process has open."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:
            continue  # the listing itself
    return [name for name in found if name.startswith(str(folder))]


def used(folder: Path, url: str) -> weakref.ref[Flask]:
    """Return a reference to an application that was used, and dropped."""
    app = Flask("tests.dropped", instance_path=str(folder))
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL=url)
    jwt = JWTManager[Any](app)
    app.add_url_rule("/", "in", protect()(lambda: "in"))
    with app.app_context():
        headers = bearer(jwt.login("ada").access_token)
    assert app.test_client().get("/", headers=headers).text == "in"
    assert open_below(folder)
    return weakref.ref(app)


@pytest.mark.parametrize("kind", URLS)
def test_a_dropped_application_leaves_no_connection_open(tmp_path: Path, kind: str) -> None:
    """On Python 3.13 one that is left is a ResourceWarning."""
    app = used(tmp_path, URLS[kind].format(tmp_path / "tokens.sqlite3"))
    gc.collect()

    assert app() is None
    assert open_below(tmp_path) == []


@pytest.mark.parametrize("kind", URLS)
def test_a_store_in_a_ring_closes_what_is_its_own(tmp_path: Path, kind: str) -> None:
    store: Any = open_store(URLS[kind].format(tmp_path / "a.sqlite3"), instance_path=tmp_path)
    other = SQLiteStore(tmp_path / "other.sqlite3")
    for one in (store, other):
        standing(one)
    store.ring = store
    del one, store
    gc.collect()

    assert {Path(name).name.split("-")[0] for name in open_below(tmp_path)} == {"other.sqlite3"}
    other.close()


def test_the_connection_of_a_thread_is_closed_with_it(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "tokens.sqlite3")
    thread = threading.Thread(target=standing, args=(store,))
    thread.start()
    thread.join()

    assert open_below(tmp_path) == []


def test_a_connection_in_use_at_the_end_of_the_process_is_left_to_its_thread(
    tmp_path: Path,
) -> None:
    store = SQLiteStore(tmp_path / "tokens.sqlite3")
    lease = store._connections.lease()
    with lease as connection:
        assert lease._closing is not None
        thread = threading.Thread(target=lease._closing)
        thread.start()
        thread.join()
        assert connection.execute("SELECT 1").fetchone() == (1,)


class Value:
    """Something that is closed."""

    def __init__(self) -> None:
        self.closed_in: list[int] = []

    def close(self) -> None:
        self.closed_in.append(os.getpid())


def test_a_value_is_closed_when_nobody_can_ask_for_it() -> None:
    values = PerProcess(Value, Value.close)
    value = values()
    assert value.closed_in == []

    del values

    assert value.closed_in == [os.getpid()]


@either
def test_what_came_through_a_fork_is_not_closed(fork: Callable[[], int]) -> None:
    values = [PerProcess(Value, Value.close)]
    value = values[0]()
    child = fork()
    if child == 0:
        leave_with(lambda: values.clear() or len(value.closed_in))

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    values.clear()
    assert len(value.closed_in) == 1
