"""What a database's server takes part in: the second host, and the pool before the answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore
from jwtpolicy.testing.token_store import standing
from jwtpolicy.tokens.status import TokenStatus
from tests.services.processes import Server


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_the_second_host_is_asked_where_the_first_says_nothing(
    silent: str,
    url_of: Callable[[str], str],
    emptied: Callable[[str], str],
) -> None:
    """Each has its share of the time, and not the first one all of it."""
    host, _, database = emptied(url_of("postgres")).partition("@")[2].partition("/")
    url = f"postgresql://postgres@/{database}?host={silent}&host={host}"
    store = SQLAlchemyStore(url, timeout=6)

    assert standing(store, session_id="unknown") is TokenStatus.GOOD
    store.close()


@pytest.mark.parametrize("name", ["postgres", "mysql"])
def test_waiting_for_the_pool_and_for_the_answer_is_one_wait(
    name: str,
    url_of: Callable[[str], str],
    emptied: Callable[[str], str],
    servers: dict[str, Server],
) -> None:
    """K44: whoever got a connection at last was waited for as long once more."""
    store = SQLAlchemyStore(emptied(url_of(name)), timeout=2)
    standing(store)
    if name not in servers:
        pytest.skip("only a server that the tests started themselves may be paused")
    held = [store._database.engine.connect() for _ in range(15)]
    servers[name].pause()
    try:
        threading.Timer(1.7, held[0].close).start()
        started = time.monotonic()
        with pytest.raises(StoreUnavailableError):
            standing(store)
        took = time.monotonic() - started
    finally:
        servers[name].resume()
    assert 1.6 < took < 3.5
    for connection in held:
        connection.close()
    assert standing(store, session_id="unknown") is TokenStatus.GOOD
    store.close()
