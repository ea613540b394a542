"""Say what a key server answers: good documents, and everything that may come instead."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
#: A JWK, a key set, or a discovery document.
Document = dict[str, Any]

#: Bytes of an answer that nobody should read to its end.
HUGE: Final = 20 * 1024 * 1024
#: Seconds that a slow answer takes, unless the gate is opened.
SLOW: Final = 20
_DROP_EVERY = 0.05
_SECRET = "c2VjcmV0LW9mLXRoaXJ0eS10d28tYnl0ZXMtb3ItbW9yZQ"
_BLANKS = b" " * 65_536
#: What writes JWKs, by how the algorithm's name begins.
_KINDS: Final[dict[str, Any]] = {
    "RS": RSAAlgorithm,
    "PS": RSAAlgorithm,
    "ES": ECAlgorithm,
    "Ed": OKPAlgorithm,
}


@dataclass(frozen=True)
class Exchange:
    """One request that is being answered.

    Attributes:
        handler: What reads and writes it.
        gate: Set when those that are slow may go on.
    """

    handler: BaseHTTPRequestHandler
    gate: Event

    def begin(self, status: int, headers: dict[str, str]) -> None:
        """Send all that stands before the body."""
        self.handler.send_response(status)
        for name, value in {**headers, "Connection": "close"}.items():
            self.handler.send_header(name, value)
        self.handler.end_headers()

    def write(self, data: bytes) -> None:
        """Send a part of the body."""
        self.handler.wfile.write(data)
        self.handler.wfile.flush()


#: What writes the answer to a request.
Answer = Callable[[Exchange], None]


@dataclass(frozen=True)
class Reply:
    """An ordinary answer, and the base of those that differ from it in one thing.

    Attributes:
        body: Its bytes.
        status: Its status.
        headers: Its headers; without ``Content-Length``, the length is that of the body.
    """

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)

    def __call__(self, exchange: Exchange) -> None:
        exchange.begin(self.status, self.all_headers())
        exchange.write(self.body)

    def all_headers(self) -> dict[str, str]:
        """Return the headers, with a length."""
        return {"Content-Length": str(len(self.body)), **dict(self.headers)}

    def with_headers(self, **headers: str) -> Reply:
        """Return it with more headers; an underscore is a hyphen."""
        more = tuple((name.replace("_", "-").title(), value) for name, value in headers.items())
        return replace(self, headers=(*self.headers, *more))


def public_jwk(private: PrivateKey, kid: str, algorithm: str, **more: object) -> Document:
    """Return the public half of a key."""
    return _jwk(private.public_key(), kid, algorithm, more)


def private_jwk(private: PrivateKey, kid: str, algorithm: str, **more: object) -> Document:
    """Return a key as no server should publish it."""
    return _jwk(private, kid, algorithm, more)


def symmetric_jwk(
    kid: str, secret: str = "c2VjcmV0LW9mLXRoaXJ0eS10d28tYnl0ZXMtb3ItbW9yZQ"
) -> Document:
    """Return a secret as no server should publish it."""
    return {"kty": "oct", "k": _SECRET, "kid": kid, "alg": "HS256", "use": "sig"}


def key_set(*jwks: Document) -> Reply:
    """Answer with a set of these keys."""
    return document({"keys": list(jwks)})


def discovery(issuer: str, jwks_uri: str, **more: object) -> Reply:
    """Answer with the discovery document of *issuer*, whoever asks for it."""
    return document({"issuer": issuer, "jwks_uri": jwks_uri, **more})


def document(content: object) -> Reply:
    """Answer with JSON."""
    return Reply(json.dumps(content).encode())


def html(status: int = 200) -> Reply:
    """Answer with a page, as a proxy does that has its own opinion."""
    text = b"<!doctype html><title>Please log in</title><h1>Please log in</h1>"
    return Reply(text, status, (("Content-Type", "text/html; charset=utf-8"),))


def redirect(address: str, status: int = 302) -> Reply:
    """Send the client elsewhere."""
    return Reply(b"", status, (("Location", address),))


def broken_json() -> Reply:
    """Answer with the beginning of a key set."""
    return Reply(b'{"keys": [{"kty": "RSA", ')


def failure(status: int = 500, **headers: str) -> Reply:
    """Answer that the server has failed."""
    return Reply(b'{"error": "server_error"}', status).with_headers(**headers)


def compressed(reply: Reply) -> Reply:
    """Answer by gzip, whether it was asked for or not."""
    return replace(reply, body=gzip.compress(reply.body)).with_headers(content_encoding="gzip")


def cut_short(reply: Reply, missing: int = 10) -> Reply:
    """Promise more bytes than are sent before the connection ends."""
    return reply.with_headers(content_length=str(len(reply.body) + missing))


def longer_than_said(reply: Reply, over: int = 10) -> Reply:
    """Send more bytes than were promised."""
    return reply.with_headers(content_length=str(len(reply.body) - over))


def huge(reply: Reply, size: int = HUGE) -> Answer:
    """Send blanks before the answer, and promise all of it: 20 MB of JSON that can be read."""

    def answer(exchange: Exchange) -> None:
        length = str(size // len(_BLANKS) * len(_BLANKS) + len(reply.body))
        exchange.begin(reply.status, reply.all_headers() | {"Content-Length": length})
        for _ in range(size // len(_BLANKS)):
            exchange.write(_BLANKS)
        exchange.write(reply.body)

    return answer


def chunked(reply: Reply, size: int = 0) -> Answer:
    """Send *size* bytes of blanks before the answer, in chunks, so that no length is promised."""

    def answer(exchange: Exchange) -> None:
        exchange.begin(reply.status, dict(reply.headers) | {"Transfer-Encoding": "chunked"})
        for part in (*[_BLANKS] * (size // len(_BLANKS)), reply.body, b""):
            exchange.write(b"%x\r\n%s\r\n" % (len(part), part))

    return answer


def drip(reply: Reply, most: float = SLOW) -> Answer:
    """Send byte by byte, until the gate opens or for *most* seconds; none is late by itself."""

    def answer(exchange: Exchange) -> None:
        exchange.begin(reply.status, reply.all_headers())
        deadline = time.monotonic() + most
        rest = reply.body
        while rest and time.monotonic() < deadline and not exchange.gate.wait(_DROP_EVERY):
            exchange.write(rest[:1])
            rest = rest[1:]
        exchange.write(rest)

    return answer


def drip_headers(reply: Reply, most: float = SLOW) -> Answer:
    """Send one header after the other, until the gate opens or for *most* seconds."""

    def answer(exchange: Exchange) -> None:
        exchange.handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        deadline = time.monotonic() + most
        while time.monotonic() < deadline and not exchange.gate.wait(_DROP_EVERY):
            exchange.write(b"X-Slow: 1\r\n")
        lines = "".join(f"{name}: {value}\r\n" for name, value in reply.all_headers().items())
        exchange.write(f"{lines}\r\n".encode() + reply.body)

    return answer


def held(answer: Answer, most: float = SLOW) -> Answer:
    """Send nothing at all, until the gate opens or for *most* seconds."""

    def late(exchange: Exchange) -> None:
        exchange.gate.wait(most)
        answer(exchange)

    return late


def closed(exchange: Exchange) -> None:
    """Close the connection, and send nothing."""


def no_http(exchange: Exchange) -> None:
    """Send something that is no answer."""
    exchange.write(b"220 mail.example ESMTP\r\n")


def _jwk(key: Any, kid: str, algorithm: str, more: dict[str, object]) -> Document:
    made: Document = json.loads(_KINDS[algorithm[:2]].to_jwk(key))
    made.pop("key_ops", None)
    return {**made, "kid": kid, "alg": algorithm, "use": "sig", **more}
