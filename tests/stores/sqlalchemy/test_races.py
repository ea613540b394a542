"""Many threads of many processes meet at one refresh token (REF-1, REF-4)."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, func, select

from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore, metadata
from jwtpolicy.stores.sqlalchemy.tables import sessions, subjects, tokens
from jwtpolicy.testing.token_store import NOW, SESSION, ref, rotate, standing
from jwtpolicy.tokens.status import TokenStatus
from tests.support.stores.traffic import ENOUGH, TRAFFIC, prune_beside_traffic

PROCESSES, THREADS = 4, 16
#: Its processes come from one that has imported this module, and nothing else of the tests' own.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload([__name__])


@pytest.fixture
def rounds(pytestconfig: pytest.Config) -> int:
    return 50 if pytestconfig.getoption("--full") else 5


def race(url: str, rounds: int, function: Callable[..., Any]) -> list[list[Any]]:
    """Call *function* in all threads of all processes at once, and return what each round gave."""
    barrier, results = SERVER.Barrier(PROCESSES * THREADS, timeout=60), SERVER.SimpleQueue()
    processes = [
        SERVER.Process(target=run_racer, args=(url, rounds, function, n, barrier, results))
        for n in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    found = [results.get() for _ in processes]
    return [[one for lot in found for one in lot[n]] for n in range(rounds)]


def run_racer(
    url: str, rounds: int, function: Callable[..., Any], name: int, barrier: Barrier, results: Any
) -> None:
    store = SQLAlchemyStore(url, timeout=60)

    def run(thread: int) -> list[Any]:
        found = []
        for number in range(rounds):
            barrier.wait()
            found.append(function(store, number, f"p{name}t{thread}"))
        return found

    with ThreadPoolExecutor(THREADS) as pool:
        lots = list(pool.map(run, range(THREADS)))
    store.close()
    results.put([[lot[number] for lot in lots] for number in range(rounds)])


def open_and_rotate(store: SQLAlchemyStore, number: int, name: str) -> tuple[str, str]:
    """Race for making the tables, for opening the session and for rotating its token."""
    store.open_session(replace(SESSION, session_id=f"s{number}"))
    rotation = rotate(store, "r1", name, session_id=f"s{number}", grace=10, kept=name.encode())
    return rotation.state.value, (rotation.kept or name.encode()).decode()


def test_of_64_uses_of_a_refresh_token_one_wins(url: str, rounds: int) -> None:
    """REF-1, REF-4: and all the others get what that one got."""
    store = SQLAlchemyStore(url, timeout=60)
    metadata.drop_all(create_engine(url, poolclass=NullPool))
    for number, found in enumerate(race(url, rounds, open_and_rotate)):
        states = Counter(state for state, _ in found)
        ((successor, _),) = Counter(kept for _, kept in found).items()

        assert states == {"rotated": 1, "repeated": PROCESSES * THREADS - 1}
        current = store.session("", f"s{number}", now=NOW)
        assert current is not None
        assert current.refresh_id == successor
    store.close()


def test_pruning_beside_live_traffic_loses_nothing_that_is_live(store: SQLAlchemyStore) -> None:
    """REV-1: and leaves nothing that is over."""
    standing(store)
    store.revoke_token(ref("forever"), expires_at=None, now=NOW)
    checked, removed = prune_beside_traffic(store)

    assert checked >= TRAFFIC
    assert removed >= ENOUGH
    assert standing(store, token_id="forever") is TokenStatus.REVOKED
    with store._database.engine.connect() as connection:
        left = [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (sessions, subjects, tokens)
        ]
    assert left == [0, 0, 1]
