"""Clients of redis-py for an address, with a bound on every wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol, cast

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import ConnectionPool
from redis.retry import Retry

from ...connections.deadlines import left
from ...exceptions import StoreUnavailableError
from .address import Address
from .connections import TimedConnection, TimedSSLConnection

#: The steps of a command on a Cluster: to a node that is gone, asking who took over, to that.
_CLUSTER_STEPS: Final = 3


#: Seconds that others are waited for where there is no deadline.
_LONGEST: Final = 60.0


class Client(Protocol):
    """The methods of redis-py's clients that the store uses."""

    def execute_command(self, *command: Any, **options: Any) -> Any:
        """Send one command and return the answer."""

    def pipeline(self, transaction: bool) -> Any:
        """Return a pipeline, which collects commands and sends them together."""

    def scan_iter(self, match: bytes, count: int) -> Any:
        """Yield the keys that match, of all nodes."""

    def close(self) -> None:
        """Close the connections."""


class Link(NamedTuple):
    """A client of one server, or of a Cluster, with its connection pool.

    Attributes:
        client: The client of redis-py, which sends commands.
        pool: Its connections; None on a Cluster, which has some to each node.
    """

    client: Client
    pool: ConnectionPool | None

    def close(self) -> None:
        """Close the connections that nobody uses at the moment."""
        if self.pool is None:
            self.client.close()
        else:
            self.pool.disconnect(inuse_connections=False)


class Links(Protocol):
    """A source of links: it returns the client of the server that is to be asked now."""

    def __call__(self) -> Link:
        """Return the link to the server that is to be asked now.

        Raises:
            StoreUnavailableError: No server is known to be the primary at the moment.
        """

    def close(self) -> None:
        """Close the connections; the next question opens others."""


class FixedLink:
    """The link to a server or a Cluster whose address never changes."""

    def __init__(self, make: Callable[[], Link]) -> None:
        self._make = make
        self._link: Link | None = None
        self._making = threading.Lock()

    def __call__(self) -> Link:
        return self._link or self._made()

    def close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _made(self) -> Link:
        if not self._making.acquire(timeout=left(_LONGEST)):
            msg = "the Redis token store failed: it took too long to find the server"
            raise StoreUnavailableError(msg)
        try:
            if self._link is None:
                self._link = self._make()
            return self._link
        finally:
            self._making.release()


def connect(address: Address, timeout: float) -> Link:
    """Return the link to a server, or to a Cluster, which is asked at once for its nodes.

    Args:
        address: The address of the server or Cluster.
        timeout: Seconds that a command may take, connecting included.
    """
    if address.kind == "cluster":
        return Link(_cluster(address, timeout), None)
    [host] = address.hosts
    return link_to(host, address, timeout)


def link_to(host: tuple[str, int], address: Address, timeout: float) -> Link:
    """Return the link to the server at *host*, with the credentials and options of *address*."""
    return _link(host, address, timeout, db=address.database, **_words(address))


def link_to_sentinel(host: tuple[str, int], address: Address, timeout: float) -> Link:
    """Return the link to a Sentinel."""
    return _link(host, address, timeout, **address.sentinel, **address.tls)


def _link(host: tuple[str, int], address: Address, timeout: float, **words: Any) -> Link:
    pool = ConnectionPool(
        connection_class=_class(address),
        # One more than there are turns: the primary is asked for its role outside of them.
        max_connections=address.max_connections + 1,
        host=host[0],
        port=host[1],
        **words,
        **_waits(timeout),
    )
    return Link(cast("Client", redis.Redis(connection_pool=pool)), pool)


def _cluster(address: Address, timeout: float) -> Client:
    waits = _waits(timeout / _CLUSTER_STEPS)
    del waits["retry"]
    client = RedisCluster(
        # With a URL it lets one choose the class of connections, and without it does not.
        url="redis://{}:{}".format(*address.hosts[0]),
        startup_nodes=[ClusterNode(*host) for host in address.hosts],  # type: ignore[no-untyped-call] # redis-py
        connection_class=_class(address),
        max_connections=address.max_connections,
        **_words(address),
        **waits,
        **_cluster_retries(),
    )
    return cast("Client", client)


def _class(address: Address) -> type[TimedConnection | TimedSSLConnection]:
    return TimedSSLConnection if address.is_encrypted else TimedConnection


def _cluster_retries() -> dict[str, Any]:
    """Return the client options for one retry of a command, after a Cluster's failover."""
    if int(redis.__version__.partition(".")[0]) < 6:
        return {"cluster_error_retry_attempts": 1}
    return {"retry": Retry(NoBackoff(), 1)}


def _words(address: Address) -> dict[str, Any]:
    """Return credentials and TLS options for a server, by redis-py's names."""
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
