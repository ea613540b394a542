"""Make the token store that ``JWT_STORE_URL`` names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from ..clock import Clock, system_clock
from ..exceptions import ConfigurationError
from .base import TokenStore
from .memory import MemoryStore

#: The file in the instance folder that is used where ``JWT_STORE_URL`` is not set.
DEFAULT_FILE: Final = "jwtpolicy.sqlite3"

#: The schemes of `SQLAlchemyStore`. Plain ``sqlite:`` needs no SQLAlchemy: it is `SQLiteStore`.
_SQL = ("postgresql", "postgres", "mysql", "mariadb", "sqlite+pysqlite")

_ALLOWED = (
    "'sqlite:///file.sqlite3' (a file in the instance folder), "
    "'sqlite:////absolute/path.sqlite3', 'postgresql+psycopg://user@host/name', "
    "'mysql+pymysql://user@host/name', 'redis://host:port/db', "
    "'redis+sentinel://host:port,host:port/service/db', 'redis+cluster://host:port,host:port', "
    "'memory://' (tests) or 'none'"
)


def open_store(
    url: str | None,
    *,
    instance_path: str | os.PathLike[str],
    timeout: float = 5.0,
    testing: bool = False,
    create_tables: bool = True,
    lost: str = "accept",
    near_cache: float = 0,
    clock: Clock = system_clock,
) -> TokenStore | None:
    """Return the store that *url* names, not yet opened, or None for ``none``.

    Args:
        url: ``sqlite:///…``, ``memory://``, ``postgresql+psycopg://…``, ``mysql+pymysql://…``,
            ``sqlite+pysqlite:///…``, ``redis://…``, ``redis+sentinel://…``,
            ``redis+cluster://…`` (``rediss`` for TLS) or ``none``. If None, the default: memory if
            *testing*, else the file `DEFAULT_FILE` in *instance_path*.
        instance_path: The folder of relative paths.
        timeout: Seconds to wait for the store before it counts as unavailable.
        testing: Whether the application is in testing mode.
        create_tables: Whether missing tables of an SQL database are created.
        lost: What happens to older tokens if the store lost its data or was replaced by an older
            copy: ``accept`` or ``deny``.
        near_cache: Seconds for which answers of a Redis server are cached at most without a
            message from it; 0 for no near cache.
        clock: A function that returns the time; a new store records it as its beginning.

    Raises:
        ConfigurationError: *url* names nothing that can be opened. The message does not repeat
            the URL, which may hold a password.
    """
    if url is None:
        url = "memory://" if testing else f"sqlite:///{DEFAULT_FILE}"
    if _scheme_of(url).startswith("redis"):
        return _redis_store(url, timeout, lost, near_cache, clock)
    is_sql = _scheme_of(url).startswith(_SQL)
    is_file = url.startswith("sqlite:")
    _check_unused(lost="accept" if is_file or is_sql else lost, near_cache=near_cache)
    if url == "none":
        return None
    if url == "memory://":
        return MemoryStore()
    if is_sql:
        options = {"create_tables": create_tables, "lost": lost, "clock": clock}
        return _sql_store(url, Path(instance_path), timeout=timeout, **options)
    if is_file:
        from .sqlite import SQLiteStore

        path = Path(instance_path) / _sqlite_path(url)
        return SQLiteStore(path, timeout=timeout, lost=lost, clock=clock)
    msg = f"JWT_STORE_URL: {_scheme(url)} is not known; use {_ALLOWED}"
    raise ConfigurationError(msg)


def _scheme_of(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    return scheme if separator else ""


def _sql_store(url: str, folder: Path, **options: Any) -> TokenStore:
    try:
        from .sqlalchemy import SQLAlchemyStore

        return SQLAlchemyStore(_absolute(url, folder), **options)
    except ConfigurationError as error:
        msg = f"JWT_STORE_URL: {error}"
        raise ConfigurationError(msg) from error.__cause__


def _redis_store(
    url: str, timeout: float, lost: str, near_cache: float, clock: Clock
) -> TokenStore:
    try:
        from .redis import RedisStore

        return RedisStore(url, timeout=timeout, lost=lost, near_cache=near_cache, clock=clock)
    except ConfigurationError as error:
        msg = f"JWT_STORE_URL: {error}"
        raise ConfigurationError(msg) from error.__cause__


def _check_unused(lost: str, near_cache: float) -> None:
    """Refuse settings that have no effect on this store."""
    for key, is_set, where in (
        (
            "JWT_STORE_LOST",
            lost != "accept",
            "stores on Redis, in SQL databases and in SQLite files",
        ),
        ("JWT_STORE_NEAR_CACHE", near_cache != 0, "stores on Redis"),
    ):
        if is_set:
            msg = f"{key} is for {where}; remove it, or set JWT_STORE_URL to one"
            raise ConfigurationError(msg)


def _absolute(url: str, folder: Path) -> str:
    """Return the URL with a relative path of an SQLite file put into the instance folder."""
    scheme, _, path = url.partition(":///")
    is_relative = scheme == "sqlite+pysqlite" and path and not path.startswith((":", "/", "file:"))
    return f"{scheme}:///{folder / path}" if is_relative else url


def _scheme(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    return f"the scheme {scheme!r}" if separator else "a value without '://'"


def _sqlite_path(url: str) -> str:
    path = url.removeprefix("sqlite:///")
    if path == url or path in {"", ":memory:"} or "?" in path:
        msg = f"JWT_STORE_URL: the SQLite URL does not name a file; use {_ALLOWED}"
        raise ConfigurationError(msg)
    return path
