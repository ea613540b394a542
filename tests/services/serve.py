"""Run a command with a store: ``python -m tests.services.serve STORE -- command…``.

STORE is ``redis``, ``valkey``, ``postgres`` or ``mariadb``: then a server of one's own runs for as
long as the command. Or it is the URL of a store. The command finds the URL in JWT_STORE_URL.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from . import mariadb, postgres, redis
from .mariadb import MariaDBServer
from .postgres import PostgresServer
from .processes import Server, end
from .redis import RedisServer

Find = Callable[[], str | None]
#: A server that stores can use.
StoreServer = RedisServer | Server

#: Where the programs of each store may be, the best place first.
FINDERS: dict[str, tuple[Find, ...]] = {
    "redis": (redis.find, redis.find_valkey),
    "valkey": (redis.find_valkey,),
    "postgres": (postgres.find, postgres.find_wheel),
    "postgres-wheel": (postgres.find_wheel,),
    "mariadb": (mariadb.find,),
}
#: What Debian calls the package that has them.
_PACKAGES = {"postgres": "postgresql", "mariadb": "mariadb-server-core mariadb-client-core"}
_ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_USAGE = "usage: python -m tests.services.serve redis|valkey|postgres|mariadb|URL -- command…"


def make_server(name: str, **options: str | int) -> StoreServer:
    """Return a server of one's own, not started; *options* are for Redis only.

    Raises:
        LookupError: There is no such store, or its program is nowhere.
    """
    if name not in FINDERS:
        msg = f"{name!r} is neither a URL nor one of {', '.join(FINDERS)}"
        raise LookupError(msg)
    found = (find() or "://" for find in FINDERS[name])
    program = next((place for place in found if "://" not in place), None)
    if program is None:
        msg = f"no program of {name} was found; install {_PACKAGES.get(name, f'{name}-server')}"
        raise LookupError(msg)
    if name in {"redis", "valkey"}:
        return RedisServer(program, sentinel="", **options)
    return (MariaDBServer if name == "mariadb" else PostgresServer)(Path(program))


@contextmanager
def started(server: StoreServer) -> Iterator[StoreServer]:
    """Start *server* for as long as the block lasts."""
    try:
        if not isinstance(server, RedisServer):
            server.initialise()
        server.start()
        yield server
    finally:
        server.remove()


def run(command: list[str], url: str) -> int:
    """Run *command* with the store at *url*; whatever ends us ends it too."""
    with subprocess.Popen(command, env={**os.environ, "JWT_STORE_URL": url}) as process:
        try:
            return process.wait()
        finally:
            _ignore_endings()
            end(process)


def main(arguments: list[str]) -> int:
    """Run what the command line says, and return its status."""
    if len(arguments) < 3 or arguments[1] != "--":
        sys.exit(_USAGE)
    store, _, *command = arguments
    for number in _ENDINGS:
        signal.signal(number, _end)
    if "://" in store:
        return run(command, store)
    try:
        server = make_server(store)
    except LookupError as error:
        sys.exit(str(error))
    with started(server):
        print(f"{store} is at {server.url}, and ends with this command.", flush=True)  # noqa: T201
        return run(command, server.url)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    _ignore_endings()
    sys.exit(128 + number)


def _ignore_endings() -> None:
    """Let nothing interrupt the end: a server would stay behind."""
    for number in _ENDINGS:
        signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
