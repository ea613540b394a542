"""No connection and no lock is shared with a child, whoever forks."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jwtpolicy.stores.redis import RedisStore
from jwtpolicy.testing.token_store import standing
from tests.support.stores.forking import answers_in_child, either, fork_in_c, forks, held
from tests.support.stores.forking import wrongs_on_both_sides as wrongs
from tests.support.stores.redis import MakeStore

pytestmark = forks

KINDS = [("redis", 0), ("redis", 60), ("sentinel", 0), ("sentinel", 60), ("cluster", 0)]


@pytest.fixture(params=KINDS, ids=lambda kind: f"{kind[0]}-{kind[1]}")
def store(
    request: pytest.FixtureRequest, url_of: Callable[[str], str], make_store: MakeStore
) -> RedisStore:
    kind, near_cache = request.param
    return make_store(url_of(kind), near_cache=near_cache)


@either
def test_both_sides_refuse_what_they_revoke(store: RedisStore, fork: Callable[[], int]) -> None:
    """REV-1, K19: on one socket they would read each other's answers."""
    standing(store, session_id=None)

    assert wrongs(store, fork) == [0, 0]


@pytest.fixture
def impatient() -> Iterator[None]:
    """A child that waits for a lock for ever is ended."""
    signal.alarm(20)
    yield
    signal.alarm(0)


@pytest.mark.usefixtures("impatient")
@either
def test_a_lock_that_another_thread_held_keeps_no_child_waiting(
    store: RedisStore, fork: Callable[[], int]
) -> None:
    standing(store, session_id=None)
    with held(locks_of(store)):
        assert answers_in_child(store, fork)


def locks_of(store: RedisStore) -> list[Any]:
    access = store._server._access()
    pool = access.links().pool
    names = ("_making", "_asking")
    locks = [lock for name in names if (lock := getattr(access.links, name, None))]
    if pool is not None:
        locks += [pool._lock]
    if store._near is not None:
        memory = store._near._memory()
        locks += [memory._at_line, memory._changing]
    return [*locks, *[access.turns] * access.turns._initial_value]  # type: ignore[attr-defined]


def test_a_child_has_a_line_of_its_own(url_of: Callable[[str], str], make_store: MakeStore) -> None:
    store = make_store(url_of("redis"), near_cache=60)
    standing(store, session_id=None)
    assert store._near is not None
    line = store._near._memory()._line

    assert line is not None
    assert answers_in_child(store, fork_in_c)
    assert store._near._memory()._line is line
