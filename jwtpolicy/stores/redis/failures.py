"""The error of an unavailable Redis server."""

from __future__ import annotations

from typing import Final

from redis.exceptions import RedisClusterException, RedisError

from ...exceptions import StoreUnavailableError
from .records import OTHER_VERSION, other_version

#: The errors of redis-py where a server does not do what it was asked.
FAILURES: Final = (RedisError, RedisClusterException, OSError)


def unavailable(error: Exception) -> StoreUnavailableError:
    """Return the `StoreUnavailableError` for *error*, whose own text may show what was sent."""
    if OTHER_VERSION in str(error):
        return other_version()
    return StoreUnavailableError(f"the Redis token store failed: {type(error).__name__}")
