"""Redis, Valkey, a Cluster and a server under Sentinels keep the contract of all stores."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jwtpolicy.stores import TokenRef
from jwtpolicy.stores.redis import RedisStore
from jwtpolicy.testing.token_store import NOW
from tests.support.stores.redis import KINDS, ExpiringContract, MakeStore


class TestRedisStore(ExpiringContract):
    @pytest.fixture(params=KINDS)
    def store(
        self, request: pytest.FixtureRequest, url_of: Callable[[str], str], make_store: MakeStore
    ) -> RedisStore:
        return make_store(url_of(request.param))


class TestStoreThatNoticesItsLoss(ExpiringContract):
    @pytest.fixture
    def store(self, url_of: Callable[[str], str], make_store: MakeStore) -> RedisStore:
        """Return a store whose memory began before any token was issued."""
        store = make_store(url_of("valkey"), lost="deny", clock=lambda: -1.0)
        store._server.ask("FLUSHALL")
        store.standing(TokenRef("", "nobody", "none"), now=NOW)
        return store
