"""Connections of redis-py whose waits end with the deadline."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from redis.connection import Connection, SSLConnection

from ...connections.deadlines import patience
from ...connections.dialling import dial

if TYPE_CHECKING:
    _Base = Connection
else:
    _Base = object


class TimedSocket:
    """A socket, each of whose waits ends with the deadline, if that comes before its own end.

    A server that sends a byte now and then would else be waited for as long as it does.

    Args:
        sock: The socket; TLS may be spoken on it.
        timeout: Seconds that it may wait where there is no deadline.
    """

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        self._sock = sock
        self._timeout = timeout

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: bytes) -> None:
        self._set()
        self._sock.sendall(data)

    def recv(self, size: int) -> bytes:
        self._set()
        return self._sock.recv(size)

    def recv_into(self, *arguments: Any) -> int:
        self._set()
        return self._sock.recv_into(*arguments)

    def _set(self) -> None:
        set_to = self._sock.gettimeout()
        # Whoever looks whether something has come waits for nothing.
        if set_to != 0:
            seconds = patience(self._timeout)
            if seconds != set_to:
                self._sock.settimeout(seconds)


class _Timed(_Base):
    """A mixin for connections, which wraps their socket in a `TimedSocket`."""

    def _connect(self) -> Any:
        timeout: float = self.socket_timeout or 60.0
        connect = super()._connect  # type: ignore[misc, unused-ignore] # redis-py has no types
        return TimedSocket(dial(connect, socket.socket.close, timeout), timeout)


class TimedConnection(_Timed, Connection):
    """A connection in plain text."""


class TimedSSLConnection(_Timed, SSLConnection):
    """A connection that speaks TLS."""
