"""A key server on loopback that answers as a script says, well or not, and counts its requests."""

from __future__ import annotations

import ssl
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.certificates import write_certificate
from tests.support.key_answers import Answer, Exchange, failure

_LONG = 60  # seconds; on a busy machine everything takes long


class FaultyKeyServer:
    """A server whose answers tests exchange while it runs.

    Each path has a script of answers, one for each request; the last one is repeated. A path
    without a script is a 404.

    Args:
        folder: Where its certificate is written, if it speaks TLS.
        host: What its address has as the name; the certificate is for it and for 127.0.0.1.

    Attributes:
        url: Its address, without a path.
        gate: Set, it lets slow answers go on; they wait while it is not.
        authority: What clients trust its certificate by, a file of PEM.
    """

    def __init__(self, folder: Path | None = None, host: str = "127.0.0.1") -> None:
        self._scripts: dict[str, list[Answer]] = {}
        self._asked: dict[str, list[dict[str, str]]] = defaultdict(list)
        self._bodies: dict[str, list[str]] = defaultdict(list)
        self._changed = threading.Condition()
        self._server = _Server(self)
        self.gate = threading.Event()
        self.authority = folder / "cert.pem" if folder else None
        if folder:
            write_certificate(folder, host)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
            # The connection's thread makes the handshake, so that no client stops another.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if folder else 'http'}://{host}:{self.port}"

    def script(self, path: str, *answers: Answer) -> str:
        """Answer the coming requests for *path* by these, and return its address."""
        assert answers, "the last answer is repeated, so there has to be one"
        with self._changed:
            self._scripts[path] = list(answers)
        return self.url + path

    def count(self, path: str) -> int:
        """Return how often *path* was asked for."""
        with self._changed:
            return len(self._asked[path])

    def headers(self, path: str) -> list[dict[str, str]]:
        """Return the headers of each request for *path*, their names in small letters."""
        with self._changed:
            return list(self._asked[path])

    def wait_for(self, path: str, number: int = 1) -> None:
        """Wait until *path* was asked for so often, whether the answer was sent or not."""
        with self._changed:
            is_so = self._changed.wait_for(lambda: len(self._asked[path]) >= number, _LONG)
        assert is_so, f"{path} was asked for {self.count(path)} times"

    def bodies(self, path: str) -> list[str]:
        """Return the body of each request for *path* that had one."""
        with self._changed:
            return list(self._bodies[path])

    def next_answer(self, path: str, headers: dict[str, str], body: str = "") -> Answer:
        """Count a request, and return what to answer."""
        with self._changed:
            self._asked[path].append(headers)
            self._bodies[path] += [body] if body else []
            self._changed.notify_all()
            script = self._scripts.get(path, [failure(404)])
            return script.pop(0) if len(script) > 1 else script[0]

    def start(self) -> None:
        """Serve in a thread of its own."""
        threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()

    def close(self) -> None:
        """Let every answer end, and refuse connections from now on."""
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def faulty_key_server(
    folder: Path | None = None, host: str = "127.0.0.1"
) -> Iterator[FaultyKeyServer]:
    """Run a server for as long as the block lasts; with a *folder* it speaks TLS."""
    server = FaultyKeyServer(folder, host)
    server.start()
    try:
        yield server
    finally:
        server.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # a client may leave its connection open
    request_queue_size = 128

    def __init__(self, script: FaultyKeyServer) -> None:
        self.script = script
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away or did not trust us: tests are about them."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _LONG
    server: _Server

    def do_GET(self) -> None:
        self._exchange("")

    def do_POST(self) -> None:
        self._exchange(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _exchange(self, body: str) -> None:
        script = self.server.script
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.close_connection = True
        script.next_answer(self.path, headers, body)(Exchange(self, script.gate))

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""
