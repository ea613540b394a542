"""Turn ``JWT_STORE_URL`` into a store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from ..exceptions import ConfigurationError
from .base import TokenStore
from .memory import MemoryStore
from .sqlite import SQLiteStore

#: The file in the instance folder that is used where ``JWT_STORE_URL`` is not set.
DEFAULT_FILE: Final = "jwtpolicy.sqlite3"

_ALLOWED = (
    "'sqlite:///file.sqlite3' (a file in the instance folder), "
    "'sqlite:////absolute/path.sqlite3', 'memory://' (tests) or 'none'"
)


def open_store(
    url: str | None,
    *,
    instance_path: str | os.PathLike[str],
    timeout: float = 5.0,
    testing: bool = False,
) -> TokenStore | None:
    """Return the store that *url* names, not yet opened, or None for ``none``.

    Args:
        url: ``sqlite:///…``, ``memory://`` or ``none``. None means the default: memory under
            *testing*, else the file `DEFAULT_FILE` in *instance_path*.
        instance_path: The folder that relative paths start from.
        timeout: Seconds to wait for the store before it counts as unavailable.
        testing: Whether the application is under test.

    Raises:
        ConfigurationError: *url* names nothing that can be opened. The message does not repeat
            the URL, which may hold a password.
    """
    if url is None:
        url = "memory://" if testing else f"sqlite:///{DEFAULT_FILE}"
    if url == "none":
        return None
    if url == "memory://":
        return MemoryStore()
    if url.startswith("sqlite:"):
        return SQLiteStore(Path(instance_path) / _sqlite_path(url), timeout=timeout)
    msg = f"JWT_STORE_URL: {_scheme(url)} is not known; use {_ALLOWED}"
    raise ConfigurationError(msg)


def _scheme(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    return f"the scheme {scheme!r}" if separator else "a value without '://'"


def _sqlite_path(url: str) -> str:
    path = url.removeprefix("sqlite:///")
    if path == url or path in {"", ":memory:"} or "?" in path:
        msg = f"JWT_STORE_URL: the SQLite URL does not name a file; use {_ALLOWED}"
        raise ConfigurationError(msg)
    return path
