"""Fill and weigh the servers that `RedisStore` keeps its entries in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jwtpolicy.stores.base import MAX_LEEWAY, SessionRecord, microseconds
from jwtpolicy.stores.redis import RedisStore, records
from jwtpolicy.stores.redis.keys import Keys, tag_of
from tests.services.redis import RedisServer

from . import sample
from .clients import TIMEOUT
from .places import Place, batches, binaries

_PREFIX = "jwtpolicy:"


class RedisPlace(Place):
    """`RedisStore` on one Redis that appends what it is told to a file, each second."""

    name, title = "redis", "``RedisStore``, Redis"

    def __init__(self, _folder: Path) -> None:
        self._server = RedisServer(binaries(self.name), appendonly="yes", appendfsync="everysec")
        self.url = self._server.url
        self.store = RedisStore(self.url, timeout=TIMEOUT, prefix=_PREFIX)
        near = RedisStore(self.url, timeout=TIMEOUT, prefix=_PREFIX, near_cache=30)
        self.near = "``RedisStore``, :data:`JWT_STORE_NEAR_CACHE`", near
        self._client = self._server.client()
        try:
            self._server.start()
        except BaseException:
            self._server.remove()
            raise

    def revoke(self, numbers: range) -> None:
        self._fill(numbers, _revoke)

    def log_in(self, numbers: range) -> None:
        self._fill(numbers, self._log_in)

    def weight(self) -> int:
        return int(self._client.info("memory")["used_memory"])

    def version(self) -> str:
        told = self._client.info("server")
        return f"{self.name.title()} {told.get(f'{self.name}_version', told['redis_version'])}"

    def remove(self) -> None:
        self._client.close()
        super().remove()

    def _fill(self, numbers: range, fill: Callable[[Any, int], None]) -> None:
        for batch in batches(numbers):
            with self._client.pipeline(transaction=False) as pipeline:
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

    name, title = "valkey", "``RedisStore``, Valkey"


def _revoke(pipeline: Any, number: int) -> None:
    key = _keys_of(number).token(sample.revoked_id(number))
    pipeline.set(key, b"1", ex=sample.DAY + MAX_LEEWAY)


def _keys_of(number: int) -> Keys:
    return Keys(_PREFIX, tag_of("", sample.subject(number)))
