"""A RESP3 connection on which the server announces changes of keys (client-side caching)."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from redis.connection import Connection, ConnectionPool

Changed = Callable[[Sequence[bytes] | None], None]


class Line:
    """A connection on which a server announces each change of a key that was read on it.

    Everything comes in the order in which it happened: what was announced before an answer has
    been seen when the answer is. redis-py connects, logs in and speaks TLS; reading is ours,
    because its readers change from version to version and cannot look without waiting.

    Args:
        pool: The connection pool, for address and credentials.
        changed: Called with the keys that have changed, or with None for all.

    Raises:
        OSError: The connection broke, or the server did not answer in time.
    """

    def __init__(self, pool: ConnectionPool, changed: Changed) -> None:
        # Not by the pool, which counts what it makes, and never gets this one back.
        self._connection = cast("Connection", pool.connection_class(**pool.connection_kwargs))
        self._connection.connect()  # type: ignore[no-untyped-call] # redis-py
        self._socket = cast("socket.socket", self._connection._sock)
        self._changed = changed
        self._unread = bytearray()
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        try:
            self.ask(b"HELLO", b"3")
            self.ask(b"CLIENT", b"TRACKING", b"ON")
        except BaseException:
            self.close()
            raise

    def ask(self, *command: bytes) -> Any:
        """Return the answer to a command.

        Raises:
            OSError: The connection broke, or the server did not answer in time or refused.
        """
        parts = b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in command)
        self._socket.sendall(b"*%d\r\n%b" % (len(command), parts))
        answers = (value for is_push, value in self._messages() if not is_push)
        return next(answers)

    def listen(self) -> None:
        """Read the announcements that have arrived, without waiting for more.

        Raises:
            OSError: The connection to the server broke.
        """
        while self._unread or self._has_arrived():
            next(self._messages())

    def close(self) -> None:
        """Close the connection."""
        self._connection.disconnect()  # type: ignore[no-untyped-call] # redis-py

    def _has_arrived(self) -> bool:
        # What TLS has decrypted is in no buffer that one can poll.
        pending = getattr(self._socket, "pending", None)
        return (pending is not None and pending() > 0) or bool(self._poll.poll(0))

    def _messages(self) -> Iterator[tuple[bool, Any]]:
        """Yield each message, with whether it is an announcement rather than an answer."""
        while True:
            is_push = self._peek() == b">"
            value = self._value()
            if is_push and value[0] == b"invalidate":
                self._changed(value[1])
            yield is_push, value

    def _value(self) -> Any:
        line = self._until_newline()
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            msg = "the server refused"
            raise OSError(msg)
        if kind in b"*~>%":
            number = int(rest) * (2 if kind == b"%" else 1)
            return [self._value() for _ in range(number)]
        if kind == b"$":
            return self._take(int(rest) + 2)[:-2]
        return None if kind == b"_" else rest

    def _peek(self) -> bytes:
        if not self._unread:
            self._receive()
        return bytes(self._unread[:1])

    def _until_newline(self) -> bytes:
        while (end := self._unread.find(b"\r\n")) < 0:
            self._receive()
        return self._take(end + 2)[:-2]

    def _take(self, length: int) -> bytes:
        while len(self._unread) < length:
            self._receive()
        taken = bytes(self._unread[:length])
        del self._unread[:length]
        return taken

    def _receive(self) -> None:
        received = self._socket.recv(65_536)
        if not received:
            msg = "the server hung up"
            raise ConnectionResetError(msg)
        self._unread += received
