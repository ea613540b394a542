"""The URL of a Redis server, of its Sentinels or of a Cluster, parsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from ...exceptions import ConfigurationError

#: The kind of server behind each scheme, and whether it speaks TLS.
SCHEMES: Final[Mapping[str, tuple[str, bool]]] = {
    "redis": ("single", False),
    "rediss": ("single", True),
    "redis+sentinel": ("sentinel", False),
    "rediss+sentinel": ("sentinel", True),
    "redis+cluster": ("cluster", False),
    "rediss+cluster": ("cluster", True),
}

_PORTS: Final = {"single": 6379, "sentinel": 26379, "cluster": 6379}

#: The options of the URL's query.
_OPTIONS: Final = {
    "max_connections",
    "sentinel_username",
    "sentinel_password",
    "ssl_ca_certs",
    "ssl_cert_reqs",
    "ssl_certfile",
    "ssl_check_hostname",
    "ssl_keyfile",
}

_DEFAULT_CONNECTIONS: Final = 64

_FORMS: Final = (
    "'redis://[user:password@]host[:port][/db]', 'redis+sentinel://host:port,host:port/service/db' "
    "or 'redis+cluster://host:port,host:port', with 'rediss' for TLS"
)


@dataclass(frozen=True, slots=True)
class Address:
    """The address of the servers, with credentials and options of TLS.

    Attributes:
        kind: ``single``, ``sentinel`` or ``cluster``.
        hosts: Host and port of the server, of the Sentinels, or of some nodes of the Cluster.
        is_encrypted: Whether TLS is used.
        service: The name of the service that the Sentinels watch; empty elsewhere.
        database: The number of the database.
        username: The username at the server, or None.
        password: The password at the server, or None.
        sentinel: Username and password of the Sentinels, by redis-py's names.
        tls: The options of TLS, by redis-py's names.
        max_connections: The most commands that a process may have under way at once.
    """

    kind: str
    hosts: tuple[tuple[str, int], ...]
    is_encrypted: bool = False
    service: str = ""
    database: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sentinel: Mapping[str, str] = field(default_factory=dict, repr=False)
    tls: Mapping[str, str | bool] = field(default_factory=dict)
    max_connections: int = _DEFAULT_CONNECTIONS

    @classmethod
    def of(cls, url: str) -> Address:
        """Return the address in *url*.

        Raises:
            ConfigurationError: *url* has none of the documented forms. The message does not
                repeat it: it may hold a password.
        """
        try:
            return _read(url)
        except ValueError as error:
            reason = error if isinstance(error, ConfigurationError) else "it cannot be read"
            msg = f"the Redis URL: {reason}; use {_FORMS}"
        raise ConfigurationError(msg)

    def __str__(self) -> str:
        hosts = ",".join(f"{host}:{port}" for host, port in self.hosts)
        scheme = "rediss" if self.is_encrypted else "redis"
        kind = "" if self.kind == "single" else f"+{self.kind}"
        path = f"/{self.service}" if self.service else ""
        return f"{scheme}{kind}://{hosts}{path}/{self.database}"


def _read(url: str) -> Address:
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        msg = "its scheme is not known"
        raise ConfigurationError(msg)
    kind, is_encrypted = SCHEMES[parts.scheme]
    options = _options(parts)
    credentials, _, hosts = parts.netloc.rpartition("@")
    username, _, password = credentials.partition(":")
    service, database = _path(kind, parts.path)
    return Address(
        kind=kind,
        hosts=_hosts(kind, hosts),
        is_encrypted=is_encrypted,
        service=service,
        database=database,
        username=unquote(username) or None,
        password=unquote(password) or None,
        sentinel=_named(options, "sentinel_"),
        tls=_tls(options) if is_encrypted else {},
        max_connections=_connections(options),
    )


def _options(parts: SplitResult) -> dict[str, str]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    if unknown := options.keys() - _OPTIONS:
        msg = f"{min(unknown)!r} is no option; there are {', '.join(sorted(_OPTIONS))}"
        raise ConfigurationError(msg)
    return options


def _hosts(kind: str, text: str) -> tuple[tuple[str, int], ...]:
    hosts = [urlsplit(f"//{host}") for host in text.split(",")]
    if kind == "single" and len(hosts) > 1:
        msg = "a single server has one host"
        raise ConfigurationError(msg)
    named = [(host.hostname or "localhost", host.port or _PORTS[kind]) for host in hosts]
    if kind == "sentinel" and len(set(named)) < len(named):
        msg = "it names a Sentinel twice, which would count as two"
        raise ConfigurationError(msg)
    return tuple(named)


def _path(kind: str, path: str) -> tuple[str, int]:
    """Return the name of the service, and the number of the database."""
    names = path.strip("/").split("/") if path.strip("/") else []
    service = names.pop(0) if kind == "sentinel" and names else ""
    if kind == "sentinel" and not service:
        msg = "it does not name the service that the Sentinels watch"
        raise ConfigurationError(msg)
    database = int(names.pop(0)) if names else 0
    if names or database < 0 or (kind == "cluster" and database):
        msg = "its path is not the number of a database; a Cluster has only 0"
        raise ConfigurationError(msg)
    return unquote(service), database


def _connections(options: Mapping[str, str]) -> int:
    number = int(options.get("max_connections", _DEFAULT_CONNECTIONS))
    if number < 1:
        msg = "max_connections is at least 1"
        raise ConfigurationError(msg)
    return number


def _tls(options: Mapping[str, str]) -> dict[str, str | bool]:
    """Return redis-py's arguments; its older versions do not look at the name in a certificate."""
    named: dict[str, str | bool] = {
        name: value
        for name, value in options.items()
        if name.startswith("ssl_") and name != "ssl_check_hostname"
    }
    checked = "false" if options.get("ssl_cert_reqs") == "none" else "true"
    asked = options.get("ssl_check_hostname", checked).lower()
    if asked not in {"true", "false"}:
        msg = "ssl_check_hostname is true or false"
        raise ConfigurationError(msg)
    return {**named, "ssl_check_hostname": asked == "true"}


def _named(options: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {n.removeprefix(prefix): v for n, v in options.items() if n.startswith(prefix)}
