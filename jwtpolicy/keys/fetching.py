"""Fetch one JSON document from another server, in time and within bounds (KEY-5).

Only the standard library is used. There are no redirects, no proxies, no cookies and no
compression: each of them lets the other side choose where this process connects, or how much it
reads. A proxy that the environment names is not used either.
"""

from __future__ import annotations

import http.client
import io
import math
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ..clock import elapsed
from ..connections.dialling import dial, new_turns
from ..exceptions import ConfigurationError, expect
from ..parsing.strict_json import parse_json
from .fetch_limits import MAX_BODY, FetchError
from .public_hosts import is_public
from .urls import RemoteUrl, checked_url

#: Seconds for the whole answer; also the most that may be configured (KEY-5).
MAX_TIMEOUT: Final = 5.0
#: Bytes of the longest answer with headers and the frames of a chunked body; `http.client` bounds
#: neither the size of all headers, nor that of a chunk whose length is said to be negative.
_MAX_ANSWER: Final = 2 * MAX_BODY

#: Names that hang must not keep the stores from connecting, nor the other way round.
_TURNS: Final = new_turns()
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class Fetched(NamedTuple):
    """A document.

    Attributes:
        content: The parsed JSON.
        headers: The headers of the answer; their names are compared without regard to case.
    """

    content: Any
    headers: http.client.HTTPMessage


@dataclass(frozen=True, slots=True)
class FetchRules:
    """The limits of a fetch, and whom it trusts.

    Attributes:
        timeout: Seconds for the whole answer, from the look-up of the name to the last byte; at
            most 5.
        allow_http: Whether ``http`` will do for servers on this machine.
        public_only: Whether the host has to be on the public Internet. Set it for each address that
            a tenant or a user has chosen: this process may reach servers that they may not.
        cafile: A PEM file with the certificates of the authorities to trust instead of those of
            the system.
        context: The TLS context to use instead of one of Python's defaults.

    Raises:
        ConfigurationError: The timeout is not a number of seconds in these bounds; the file
            cannot be read; or the context does not check certificates and names.
    """

    timeout: float = MAX_TIMEOUT
    allow_http: bool = False
    public_only: bool = False
    cafile: str | None = None
    context: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        expect(self.timeout, (int, float), "timeout= takes seconds", ConfigurationError)
        if not (math.isfinite(self.timeout) and 0 < self.timeout <= MAX_TIMEOUT):
            msg = f"timeout= takes seconds, more than 0 and at most {MAX_TIMEOUT}"
            raise ConfigurationError(msg)
        context = self.tls()
        if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
            msg = (
                "context= does not check the certificate of the server, or its name, so that "
                "anybody on the way could send keys of his own; use ssl.create_default_context()"
            )
            raise ConfigurationError(msg)

    def tls(self) -> ssl.SSLContext:
        """Return the context that checks the server's certificate."""
        return _default_context(self.cafile) if self.context is None else self.context

    def until(self, end: float) -> FetchRules:
        """Return these rules with what is left until *end*, in seconds by `elapsed`.

        Raises:
            FetchError: The time of all documents together is over.
        """
        rest = end - elapsed()
        if rest <= 0:
            msg = "the time for all documents together is over; see whether the server is slow"
            raise FetchError(msg)
        return replace(self, timeout=min(self.timeout, rest))


@lru_cache(maxsize=8)
def _default_context(cafile: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=cafile)
    except OSError as error:  # one of TLS is one
        msg = f"cafile={cafile!r} is no file with certificates in PEM: {error.strerror}"
        raise ConfigurationError(msg) from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def fetch_json(
    url: str,
    rules: FetchRules | None = None,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] = _NO_HEADERS,
) -> Fetched:
    """Return the JSON document at *url*, and the headers of the answer.

    Args:
        url: The address.
        rules: What may be fetched, and how long it may take; the defaults are strict.
        method: The method of the request.
        body: The body of the request.
        headers: Further headers of the request, such as ``Authorization``.

    Raises:
        ConfigurationError: *url* is no address that may be fetched; see `checked_url`.
        FetchError: The server cannot be reached or is not trusted; its answer is late, too large,
            compressed, or has another status than 200; or its body is not strict JSON.
    """
    rules = rules or FetchRules()
    place = checked_url(url, allow_http=rules.allow_http)
    end = elapsed() + rules.timeout
    try:
        with closing(_connected(place, rules, end)) as connected:
            response = _answer(connected, place, end, (method, body, headers))
            return Fetched(_content(place, response), response.headers)
    except FetchError:
        raise
    except Exception as error:  # noqa: BLE001 # whatever it is, its text may show what was sent
        msg = f"{place.host} {_fault(error, rules.timeout)}"
        raise FetchError(msg) from None


def _connected(place: RemoteUrl, rules: FetchRules, end: float) -> socket.socket:
    """Return a connection to the server, under TLS where the address says so."""
    connect = partial(_dialled, place, rules, end)
    connected = dial(connect, socket.socket.close, _rest(end), _TURNS)
    if not place.is_secure:
        return connected
    try:
        connected.settimeout(_rest(end))  # of the whole handshake
        return rules.tls().wrap_socket(connected, server_hostname=place.host)
    except BaseException:
        connected.close()
        raise


def _dialled(place: RemoteUrl, rules: FetchRules, end: float) -> socket.socket:
    """Return a connection to one of the addresses of the host.

    The name is looked up once: an address that was checked is the one that is connected to, and
    whoever answers for the name cannot give another one in between.
    """
    found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    if rules.public_only and not all(is_public(str(one[4][0])) for one in found):
        msg = (
            f"{place.host} has an address that is not on the public Internet, where addresses of "
            "tenants have to be; nothing was sent"
        )
        raise FetchError(msg)
    for number, (family, kind, protocol, _, address) in enumerate(found, 1 - len(found)):
        connected = socket.socket(family, kind, protocol)
        try:
            # The last address gets all that is left; one that hangs must not use it up before.
            connected.settimeout(_rest(end) / (1 - number))
            connected.connect(address)
        except OSError:
            connected.close()
            if not number:
                raise
        else:
            return connected
    raise AssertionError  # pragma: no cover # a name without addresses is an error of the look-up


def _answer(
    connected: socket.socket,
    place: RemoteUrl,
    end: float,
    request: tuple[str, bytes | None, Mapping[str, str]],
) -> http.client.HTTPResponse:
    """Return the answer to a request, read to the end of its headers."""
    method, body, headers = request
    connection = http.client.HTTPConnection(place.host, place.port)
    connection.sock = _InTime(connected, end)  # no socket, and all of one that is used
    fixed = {"Host": place.authority, "Accept-Encoding": "identity", "Connection": "close"}
    sent = {"Accept": "application/json", "User-Agent": "jwtpolicy", **headers, **fixed}
    connection.request(method, place.target, body, sent)
    return connection.getresponse()


class _InTime:
    """A connection as `http.client` uses it: each wait on it ends at the deadline."""

    def __init__(self, connected: socket.socket, end: float) -> None:
        self._connected = connected
        self._end = end

    def sendall(self, data: bytes) -> None:
        self._connected.settimeout(_rest(self._end))
        self._connected.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self._connected, self._end))

    def close(self) -> None:
        """Do nothing: `http.client` closes it before the body is read, and its opener closes it."""


class _Incoming(io.RawIOBase):
    """The bytes that a server sends, until the deadline and up to the longest answer.

    A server that sends a byte each second answers each wait in time, so each of them gets only
    what is left; so does each line of the headers, of which `http.client` reads many.
    """

    def __init__(self, connected: socket.socket, end: float) -> None:
        self._connected = connected
        self._end = end
        self._left = _MAX_ANSWER

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connected.settimeout(_rest(self._end))
        size = self._connected.recv_into(buffer)
        self._left -= size
        if self._left < 0:
            raise _TooLongError
        return size


class _TooLongError(Exception):
    """The answer is longer than any that is read."""


def _content(place: RemoteUrl, response: http.client.HTTPResponse) -> Any:
    """Return the parsed body of an answer.

    Raises:
        FetchError: The answer is none that can be used.
    """
    fault = _refusal(response)
    if fault is not None:
        msg = f"{place.host} {fault}"
        raise FetchError(msg, response.status)
    body = response.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise _TooLongError
    if response.length:
        msg = f"{place.host} ended its answer early; see what is between it and this server"
        raise FetchError(msg, response.status)
    try:
        return parse_json(body)
    except ValueError:
        msg = (
            f"{place.host} sent no JSON that can be read strictly; open {place.text} and see "
            "whether it is the document"
        )
        raise FetchError(msg, response.status) from None


def _refusal(response: http.client.HTTPResponse) -> str | None:
    """Return why the body of an answer is not read, as the end of a sentence."""
    if 300 <= response.status < 400:
        return (
            f"answered with a redirect ({response.status}), which is not followed; configure the "
            "address that it leads to"
        )
    if response.status != 200:
        return f"answered with status {response.status}, not 200; see whether the address is right"
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        return "compressed its answer, which was not asked for and is not read"
    if response.length is not None and response.length > MAX_BODY:
        raise _TooLongError
    return None


def _rest(end: float) -> float:
    """Return the seconds that are left.

    Raises:
        TimeoutError: The deadline has passed by now.
    """
    rest = end - elapsed()
    if rest <= 0:
        raise TimeoutError
    return rest


def _fault(error: Exception, timeout: float) -> str:
    """Return what went wrong, as the end of a sentence."""
    if isinstance(error, _TooLongError):
        return f"sent more than {MAX_BODY} bytes; see whether the address is that of the document"
    if isinstance(error, TimeoutError):
        return f"did not answer within {timeout:.3g} seconds; see whether it runs and is reachable"
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"has a certificate that is not trusted: {error.verify_message}; if its authority is "
            "your own, pass its certificate as cafile="
        )
    if isinstance(error, ssl.SSLError):
        return f"does not speak TLS as it should ({error.reason}); see whether the port is right"
    if isinstance(error, OSError):
        return f"cannot be reached: {error.strerror or type(error).__name__}; see whether it runs"
    return f"sent nothing that is HTTP ({type(error).__name__}); see whether the port is right"
