"""Find PgBouncer, and let it stand between a store and PostgreSQL."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sqlalchemy import make_url

from .processes import Server

_SBIN = "/usr/local/sbin:/usr/sbin"
#: Each transaction gets another connection to the server than the one before, in its turn.
_CONFIG = """\
[databases]
jwtpolicy = host={host} port={port} dbname={database} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
min_pool_size = {size}
server_round_robin = 1
"""


def find() -> str | None:
    """Return the path of its binary."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:{_SBIN}")


class PgBouncer(Server):
    """A PgBouncer in front of the database of a URL.

    Args:
        binary: Its path.
        url: What the database is reached by without it.
        mode: ``session`` or ``transaction``.
        size: How many connections it has to the server.
    """

    def __init__(self, binary: str, url: str, mode: str, size: int) -> None:
        super().__init__(Path(binary).parent)
        self._binary = binary
        self._target = make_url(url)
        self._mode = mode
        self._size = size
        self._prefix = []  # its folder holds more than itself, and everybody may run it

    def initialise(self) -> None:
        target = self._target
        text = _CONFIG.format(
            host=target.host,
            port=target.port,
            database=target.database,
            user=target.username,
            own_port=self.port,
            mode=self._mode,
            size=self._size,
        )
        (self.folder / "config").write_text(text)

    def command(self) -> list[str]:
        return [self._binary, str(self.folder / "config")]

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://{self._target.username}@127.0.0.1:{self.port}/jwtpolicy"
