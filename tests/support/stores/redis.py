"""Find servers of every kind that speak as Redis does, and age what they hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from jwtpolicy.stores import TokenStore
from jwtpolicy.stores.redis import RedisStore
from jwtpolicy.testing.token_store import NOW, TokenStoreContract
from tests import services
from tests.services.redis import Cluster, RedisServer, Watched, find, find_valkey

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


class ExpiringContract(TokenStoreContract):
    expires_by_itself = True

    def wait(self, store: TokenStore, now: int) -> None:
        assert isinstance(store, RedisStore)
        passed, self.waited = now - getattr(self, "waited", NOW), now
        for key in store._server.scan(store._prefix.encode() + b"*"):
            left = store._server.ask("PTTL", key)
            if left >= 0:
                store._server.ask("PEXPIRE", key, left - passed * 1000)
