"""Run databases as one would in production: they write to the disk, and have room in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from tests.services.mariadb import MariaDBServer
from tests.services.postgres import PostgresServer

#: What a server may keep in memory: enough for everything that is filled in.
_ROOM = "1GB"


class DurablePostgres(PostgresServer):
    """A PostgreSQL with its own defaults, but for the memory that it may use."""

    settings = f"fsync=on, shared_buffers={_ROOM}, else its defaults"

    def command(self) -> list[str]:
        # The last of two options of one name counts.
        options = ("fsync=on", "full_page_writes=on", f"shared_buffers={_ROOM}")
        return [*super().command(), *(word for option in options for word in ("-c", option))]


class DurableMariaDB(MariaDBServer):
    """A MariaDB with its own defaults, but for the memory that it may use and no binary log."""

    settings = f"innodb_buffer_pool_size={_ROOM}, no binary log, else its defaults"

    def command(self) -> list[str]:
        options = ("--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=1G")
        return [*super().command(), *options]


def processor_seconds(pids: Iterable[int]) -> float | None:
    """Return the processor time that processes took, with children that ended; None off Linux."""
    if not Path("/proc/self/stat").exists():
        return None
    return sum(map(_ticks, pids)) / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """Return a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [pid, *map(int, children)]


def _ticks(pid: int) -> int:
    # The name, in parentheses, may hold spaces; utime is the 14th field, cstime the 17th.
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))
