"""Check the URLs of protected resource metadata, and say where the metadata of a resource is."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from ..app.protected_resources import WELL_KNOWN
from ..exceptions import ConfigurationError, expect

#: What a host, and a path without percent-encoding, may hold (:rfc:`3986#section-3.3`).
_HOST: Final = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]")
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@-]*)*")


def checked_identifier(value: object, *, allow_http: bool) -> str:
    """Return *value* if it is the identifier of a protected resource (:rfc:`9728#section-1.2`).

    It is compared as text with the ``aud`` of tokens and with what clients ask for, so there is
    one way to write it: scheme and host in lower case, and a path without dot segments.

    Raises:
        ConfigurationError: *value* is no such URL.
    """
    what = "resource="
    text, parts = _checked_url(value, what, allow_http=allow_http)
    if parts.query or "?" in text:
        raise _refused(what, text, "a query")
    if _PATH.fullmatch(parts.path) is None:
        raise _refused(what, text, "a path with other characters than ASCII ones unescaped")
    if {"", ".", ".."} & set(parts.path.split("/")[1:-1]) or parts.path.endswith(("/.", "/..")):
        raise _refused(what, text, "a path with empty parts or with dots alone")
    return text


def checked_server(value: object, *, allow_http: bool) -> str:
    """Return *value* if it is an issuer identifier (:rfc:`8414#section-2`).

    Raises:
        ConfigurationError: *value* is no such URL.
    """
    what = "authorization_servers="
    text, parts = _checked_url(value, what, allow_http=allow_http)
    if parts.query or "?" in text:
        raise _refused(what, text, "a query")
    return text


def checked_page(value: object) -> str | None:
    """Return *value* if it is the URL of a page, or None.

    Raises:
        ConfigurationError: *value* is neither None nor an absolute URL with https.
    """
    if value is None:
        return None
    return _checked_url(value, "resource_documentation=", allow_http=False)[0]


def metadata_url(identifier: str) -> str:
    """Return the URL of the metadata of the resource *identifier* (:rfc:`9728#section-3.1`)."""
    parts = urlsplit(identifier)
    return f"{parts.scheme}://{parts.netloc}{metadata_path(identifier)}"


def metadata_path(identifier: str) -> str:
    """Return the path of the metadata, at the root of the host.

    "any terminating slash following the host component MUST be removed".
    """
    path = urlsplit(identifier).path
    return WELL_KNOWN + ("" if path == "/" else path)


def _checked_url(value: object, what: str, *, allow_http: bool) -> tuple[str, SplitResult]:
    """Return *value* and its parts if it is an absolute URL of a web server.

    Raises:
        ConfigurationError: *value* is no such URL, or has another scheme than https.
    """
    how = f"resource_metadata_blueprint({what}…) takes a URL, such as 'https://api.example.com/mcp'"
    expect(value, str, how, ConfigurationError)
    text = str(value)
    if not (text.isascii() and text.isprintable()) or set(text) & set(' "\\<>^`{|}'):
        raise _refused(what, text, "characters that no URL has")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _refused(what, text, "a host or a port that cannot be") from None
    if "#" in text:
        raise _refused(what, text, "a fragment")
    if "@" in parts.netloc:
        raise _refused(what, text, "a user")
    host = parts.netloc if port is None else parts.netloc.rpartition(":")[0]
    if _HOST.fullmatch(host) is None:
        raise _refused(what, text, "no host in lower case")
    is_fine = text.startswith("https://")
    if not is_fine and not (allow_http and text.startswith("http://") and _is_loopback(host)):
        why = "another scheme than https; for this machine alone, allow_http=True takes http"
        raise _refused(what, text, why)
    return text, parts


def _refused(what: str, text: str, why: str) -> ConfigurationError:
    return ConfigurationError(f"resource_metadata_blueprint({what}{text!r:.120}): it has {why}")


def _is_loopback(host: str) -> bool:
    """Whether *host* can only be the machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
