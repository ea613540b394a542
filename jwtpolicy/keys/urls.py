"""Addresses of other servers, checked when they are configured."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from ..exceptions import ConfigurationError, expect

#: What an address consists of (RFC 3986), all of it ASCII. A backslash is a slash to some readers.
_SIGNS: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]{1,2048}")
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9.])?")
_PORTS: Final = {"https": 443, "http": 80}


class RemoteUrl(NamedTuple):
    """An address that may be fetched.

    Attributes:
        text: The address as it was configured.
        scheme: ``https``, or ``http`` for this machine.
        host: A name or an IP address, without brackets.
        port: The port to connect to.
        authority: Host and port as the header ``Host`` has them.
        target: Path and query.
    """

    text: str
    scheme: str
    host: str
    port: int
    authority: str
    target: str

    @property
    def is_secure(self) -> bool:
        """Whether TLS is spoken there."""
        return self.scheme == "https"


def checked_url(url: object, *, allow_http: bool = False) -> RemoteUrl:
    """Return the parts of *url*, if it is an address that may be fetched (KEY-5).

    Args:
        url: The address.
        allow_http: Whether ``http`` will do for a server on this machine: ``localhost``, or a
            loopback address.

    Raises:
        ConfigurationError: It is no address of ``https``; or it has a user name, a password, a
            fragment, a port that does not exist, or characters that addresses cannot have.
    """
    expect(url, str, 'an address is text, such as "https://login.example"', ConfigurationError)
    text = str(url)
    fault = _fault(text, allow_http)
    if fault is not None:
        shown = re.sub(r"//[^/]*@", "//…@", f"{text:.200}")
        msg = f"{shown!r} {fault}"
        raise ConfigurationError(msg)
    parts = urlsplit(text)
    scheme, host = parts.scheme, str(parts.hostname)
    query = f"?{parts.query}" if parts.query else ""
    port = parts.port or _PORTS[scheme]
    return RemoteUrl(text, scheme, host, port, parts.netloc, f"{parts.path or '/'}{query}")


def is_loopback(host: str) -> bool:
    """Whether *host* is this machine, by its name or its address."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _fault(text: str, allow_http: bool) -> str | None:
    """Return what is wrong with an address, as the end of a sentence."""
    if not _SIGNS.fullmatch(text):
        return "is no address: it is empty, too long, or has other characters than URLs have"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return "is no address: its host or its port cannot be read"
    if parts.scheme not in _PORTS or not _is_host(parts):
        return "is no address of https with a host; write it as https://login.example/path"
    if "@" in parts.netloc:
        return "has a user name or a password in it; leave it out"
    if "#" in text:
        return "has a fragment, which is never sent; leave out # and what follows"
    if port == 0 or parts.netloc.endswith(":"):
        return "has a port that does not exist; leave it out, or write one from 1 to 65535"
    if parts.scheme == "http" and not (allow_http and is_loopback(str(parts.hostname))):
        return (
            "is not https, so that anybody on the way could change what it answers; http is for "
            "localhost and loopback addresses, with allow_http=True"
        )
    return None


def _is_host(parts: SplitResult) -> bool:
    """Whether the host is a name, or an IP address."""
    host = parts.hostname or ""
    if "[" in parts.netloc:
        try:
            # The zone of an address, as in fe80::1%eth0, means something on this machine alone.
            return ipaddress.IPv6Address(host).scope_id is None
        except ValueError:
            return False
    return bool(_NAME.fullmatch(host))
