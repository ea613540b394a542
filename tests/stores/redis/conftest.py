"""Start each server once, and hand out stores whose keys nobody else has."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from jwtpolicy.stores.redis import RedisStore
from tests import services
from tests.services.redis import RedisServer, running
from tests.support.stores.redis import KINDS, MakeStore, binary


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
