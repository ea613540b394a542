"""Make redis-py's client of an address, with a bound on every wait."""

from __future__ import annotations

from typing import Any, Final, Protocol, cast

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import Connection, ConnectionPool, SSLConnection
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from .address import Address

#: What becomes of a command on a Cluster: to a node that is gone, asking who took over, to that.
_CLUSTER_STEPS: Final = 3


class Client(Protocol):
    """What we need of redis-py's clients."""

    def execute_command(self, *command: Any, **options: Any) -> Any:
        """Send one command and return the answer."""

    def pipeline(self, transaction: bool) -> Any:
        """Return what collects commands, and sends them together."""

    def scan_iter(self, match: bytes, count: int) -> Any:
        """Yield the keys that match, of all nodes."""

    def close(self) -> None:
        """Close the connections."""


def connect(address: Address, timeout: float) -> Client:
    """Return a client; that of a Cluster asks it at once who its nodes are.

    Args:
        address: Where to.
        timeout: Seconds that a command may take, connecting included.
    """
    if address.kind == "cluster":
        return _cluster(address, timeout)
    return cast("Client", redis.Redis(connection_pool=pool(address, timeout)))


def pool(address: Address, timeout: float) -> ConnectionPool:
    """Return the connections to a server, or to the one that the Sentinels name."""
    if address.kind == "sentinel":
        return _sentinel_pool(address, timeout)
    [(host, port)] = address.hosts
    kind = SSLConnection if address.is_encrypted else Connection
    return ConnectionPool(
        connection_class=kind,
        host=host,
        port=port,
        db=address.database,
        **_words(address),
        **_waits(timeout),
    )


def _sentinel_pool(address: Address, timeout: float) -> ConnectionPool:
    # A Sentinel that hangs is followed by the next, and at last by the server.
    waits = _waits(timeout / (len(address.hosts) + 1))
    encrypted: dict[str, Any] = {"ssl": True} if address.is_encrypted else {}
    asking = {**address.sentinel, **address.tls, **encrypted, **waits}
    sentinel = Sentinel(address.hosts, sentinel_kwargs=asking)  # type: ignore[no-untyped-call] # redis-py
    return SentinelConnectionPool(  # type: ignore[no-untyped-call] # redis-py
        address.service,
        sentinel,
        db=address.database,
        **_words(address),
        **encrypted,
        **waits,
    )


def _cluster(address: Address, timeout: float) -> Client:
    waits = _waits(timeout / _CLUSTER_STEPS)
    del waits["retry"]
    client = RedisCluster(
        startup_nodes=[ClusterNode(*host) for host in address.hosts],  # type: ignore[no-untyped-call] # redis-py
        ssl=address.is_encrypted,
        **_words(address),
        **waits,
        **_cluster_retries(),
    )
    return cast("Client", client)


def _cluster_retries() -> dict[str, Any]:
    """Return what lets a command be tried once more, where a node that took over is known."""
    if int(redis.__version__.partition(".")[0]) < 6:
        return {"cluster_error_retry_attempts": 1}
    return {"retry": Retry(NoBackoff(), 1)}


def _words(address: Address) -> dict[str, Any]:
    """Return what is said to a server, by redis-py's names."""
    return {"username": address.username, "password": address.password, **address.tls}


def _waits(timeout: float) -> dict[str, Any]:
    return {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "socket_keepalive": True,
        # One try: a command whose answer was lost may have been executed, and every other try
        # would take its own time. A connection that the server closed is seen before it is used.
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }
