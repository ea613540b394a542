"""Start each server once, and hand out stores whose keys nobody else has."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from jwtpolicy.stores.redis import RedisStore
from tests import services
from tests.services.redis import Cluster, RedisServer, Watched, find, find_valkey, running

MakeStore = Callable[..., RedisStore]

KINDS: dict[str, Callable[[str], Any]] = {
    "redis": RedisServer,
    "valkey": RedisServer,
    # On a busy core nobody is to take over, or to be given up: the tests of that start their own.
    "cluster": partial(Cluster, patience=60_000),
    "sentinel": partial(Watched, patience=60_000),
}


def binary(kind: str) -> str:
    """Return what starts servers of a kind."""
    found = find_valkey() if kind == "valkey" else find()
    if found is not None and "://" in found:
        found = find_valkey()
    if found is None:
        services.missing("valkey" if kind == "valkey" else "redis", "there is no server to start")
    return found


@pytest.fixture(scope="session")
def url_of() -> Iterator[Callable[[str], str]]:
    """What gives the URL of a running server, by its kind."""
    started: dict[str, str] = {}
    with ExitStack() as stack:

        def url(kind: str) -> str:
            found = services.FINDERS["redis"]() or ""
            if kind == "redis" and "://" in found:
                return found
            if kind not in started:
                started[kind] = stack.enter_context(running(KINDS[kind](binary(kind)))).url
            return started[kind]

        yield url


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server that may be killed."""
    with running(RedisServer(binary("redis"))) as server:
        yield server


@pytest.fixture
def make_store() -> Iterator[MakeStore]:
    """A factory of stores; what they wrote is left behind under a name of its own."""
    prefix = f"test-{secrets.token_hex(6)}:"
    with ExitStack() as stack:

        def make(url: str, **options: Any) -> RedisStore:
            store = RedisStore(url, **{"timeout": 10, "prefix": prefix, **options})
            stack.callback(store.close)
            return store

        yield make
