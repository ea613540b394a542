"""A server on loopback that sends the bytes it is told to, whatever they are."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_LONG = 60


class RawServer:
    """A server that answers each connection with the same bytes, and then closes it.

    Attributes:
        answer: The bytes.
        requests: What was sent, one for each connection on which there was something.
        url: Its address.
    """

    def __init__(self) -> None:
        self.answer = b""
        self.requests: list[bytes] = []
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/keys"

    def serve(self) -> None:
        """Answer until it is closed."""
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                with connection, suppress(OSError):
                    connection.settimeout(_LONG)
                    self.requests += filter(None, [_request(connection)])
                    connection.sendall(self.answer)
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(1)  # until the client has closed it, so that no byte is lost

    def close(self) -> None:
        """Refuse connections from now on."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


def _request(connection: socket.socket) -> bytes:
    """Return a request whole, with its body."""
    found = b""
    while b"\r\n\r\n" not in found or len(found) < _size(found):
        part = connection.recv(65_536)
        if not part:
            break
        found += part
    return found


def _size(request: bytes) -> int:
    head = request.partition(b"\r\n\r\n")[0]
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return len(head) + 4 + sum(int(line.partition(b":")[2]) for line in lengths)


@contextmanager
def raw_server() -> Iterator[RawServer]:
    """Run a server for as long as the block lasts."""
    server = RawServer()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(_LONG)
