"""A store that is dropped hangs up."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from jwtpolicy.stores.redis import RedisStore
from jwtpolicy.testing.token_store import standing
from tests.services.redis import RedisServer, wait_until


@pytest.mark.parametrize("near_cache", [0, 5])
def test_a_dropped_store_leaves_no_connection_open(server: RedisServer, near_cache: float) -> None:
    store: Any = RedisStore(server.url, near_cache=near_cache)
    standing(store)
    store.ring = store
    with server.client() as client:
        assert client.info("clients")["connected_clients"] > 1

        del store
        gc.collect()

        wait_until(lambda: client.info("clients")["connected_clients"] == 1)
