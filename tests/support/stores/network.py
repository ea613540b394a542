"""Stand between a store and its servers, as a network that fails, and as servers that mislead."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence


class Proxy:
    """What a network is to connections.

    Attributes:
        swallows: Whether everything is lost without a sign.
        line: Lets through what a server says on the first connection, piece by piece.
        dribbles: Whether every byte comes alone.
    """

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.swallows = self.dribbles = False
        self.line: threading.Semaphore | None = None
        self._sockets: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for sock in self._sockets:
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            self._sockets += [client, server]
            is_line = len(self._sockets) == 3
            for pair in ((client, server, False), (server, client, is_line)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, is_line: bool) -> None:
        try:
            while data := source.recv(65_536):
                if is_line and self.line is not None:
                    self.line.acquire()
                if self.dribbles:
                    self._dribble(data, target)
                elif not self.swallows:
                    target.sendall(data)
        except OSError:
            return

    @staticmethod
    def _dribble(data: bytes, target: socket.socket) -> None:
        target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(len(data)):
            target.sendall(data[number : number + 1])
            time.sleep(0.0003)


class FakeSentinel:
    """What answers every question of a Sentinel's clients in one way.

    Attributes:
        names: The port of the primary that it names; None is no answer at all.
        asked: How often it was.
    """

    def __init__(self, names: int | None = None) -> None:
        self.names = names
        self.asked = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for sock in self._sockets:
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(client)
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            while said := client.recv(65_536):
                for word in said.split(b"*")[1:]:
                    self._answer(client, word)
        except OSError:
            return

    def _answer(self, client: socket.socket, command: bytes) -> None:
        if b"GET-MASTER-ADDR-BY-NAME" not in command:
            client.sendall(b"+OK\r\n")
            return
        self.asked += 1
        if self.names is not None:
            parts: Sequence[bytes] = (b"127.0.0.1", str(self.names).encode())
            client.sendall(b"*2\r\n" + b"".join(b"$%d\r\n%b\r\n" % (len(p), p) for p in parts))
