"""Fill and weigh the servers that `RedisStore` keeps its entries in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

from jwtpolicy.stores import TokenStore
from jwtpolicy.stores.base import MAX_LEEWAY, SessionRecord, microseconds
from jwtpolicy.stores.redis import RedisStore, records
from jwtpolicy.stores.redis.keys import Keys, tag_of
from tests.services.redis import RedisServer

from . import sample
from .clients import TIMEOUT
from .databases import binaries
from .places import Place, batches
from .servers import processor_seconds

_PREFIX = "jwtpolicy:"

Fill = Callable[[Any, int], None]


class RedisPlace(Place):
    """`RedisStore` on one Redis that appends what it is told to a file, each second."""

    name: ClassVar[str] = "redis"
    title: ClassVar[str] = "Redis"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        settings = {"appendonly": "yes", "appendfsync": "everysec"}
        self.server = RedisServer(binaries(self.name), **settings)
        self.url = self.server.url
        self.store = RedisStore(self.url, timeout=TIMEOUT, prefix=_PREFIX)
        self.client = self.server.client()
        try:
            self.server.start()
        except BaseException:
            self.server.remove()
            raise

    def revoke(self, numbers: range) -> None:
        self._fill(numbers, _revoke)

    def log_in(self, numbers: range) -> None:
        self._fill(numbers, self._log_in)

    def weight(self) -> int:
        return int(self.client.info("memory")["used_memory"])

    def server_seconds(self) -> float | None:
        process = self.server._process
        return None if process is None else processor_seconds([process.pid])

    def near(self) -> TokenStore:
        return RedisStore(self.url, timeout=TIMEOUT, prefix=_PREFIX, near_cache=30)

    def version(self) -> str:
        told = self.client.info("server")
        number = told.get(f"{self.name}_version", told["redis_version"])
        return f"{self.title} {number}, appendonly yes, appendfsync everysec, else its defaults"

    def remove(self) -> None:
        self.client.close()
        super().remove()
        self.server.remove()

    def _fill(self, numbers: Iterable[int], fill: Fill) -> None:
        for batch in batches(numbers):
            with self.client.pipeline(transaction=False) as pipeline:
                for number in batch:
                    fill(pipeline, number)
                pipeline.execute()

    def _log_in(self, pipeline: Any, number: int) -> None:
        session = sample.session(self.store, number)
        keys = _keys_of(number)
        raw = records.write(SessionRecord(session))
        pipeline.set(keys.session(session.session_id), raw, ex=30 * sample.DAY + MAX_LEEWAY)
        scores = microseconds(session.created_at), session.expires_at
        for listing, score in zip(keys.lists(session.subject), scores, strict=True):
            pipeline.zadd(listing, {session.session_id: score})
            pipeline.expire(listing, 89 * sample.DAY + MAX_LEEWAY)


class ValkeyPlace(RedisPlace):
    """`RedisStore` on one Valkey, set up in the same way."""

    name, title = "valkey", "Valkey"


def _revoke(pipeline: Any, number: int) -> None:
    key = _keys_of(number).token(sample.token_id("revoked", number))
    pipeline.set(key, b"1", ex=sample.DAY + MAX_LEEWAY)


def _keys_of(number: int) -> Keys:
    return Keys(_PREFIX, tag_of("", sample.subject(number)))
