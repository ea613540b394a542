"""Measure stores as they grow: ``python -m benchmarks.load [--stores NAME …] [--sizes N …]``.

A store of size N holds N revoked tokens and N open sessions. It is asked in random order by one
client for the time of a look-up, and by several processes at once for what it can do in a second.
Servers are started for the run, on cores of their own where there are several.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sqlite3
import sys
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from . import databases, places, redis_places
from .clients import running, shared_out, stay_on
from .measuring import Effort, Run
from .places import Place

DOCS = Path(__file__).parents[2] / "docs" / "sizing"
SIZES = (1_000, 10_000, 100_000, 1_000_000)
QUICK = Effort(look_ups=200, rounds=3, seconds=0.1, client_rounds=1)

#: In the order of the table.
PLACES = (
    places.MemoryPlace,
    places.SQLitePlace,
    databases.SQLAlchemySQLitePlace,
    databases.PostgresPlace,
    databases.PartitionedPostgresPlace,
    databases.MariaDBPlace,
    redis_places.RedisPlace,
    redis_places.ValkeyPlace,
)
NAMES = [place.name for place in PLACES]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the figures."""
    options = _parser().parse_args(arguments)
    sizes = sorted(options.sizes or (SIZES[:2] if options.quick else SIZES))
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # servers end, too
    options.to.mkdir(parents=True, exist_ok=True)
    effort = QUICK if options.quick else Effort()
    for_clients, for_servers = shared_out()
    with (
        _started(options.stores, for_servers) as found,
        running(effort.clients, for_clients) as clients,
    ):
        stay_on(for_clients)
        run = Run(found, sizes, clients, effort)
        run.steps()
        _write(run, found, sizes, options.to)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", nargs="+", choices=NAMES, default=NAMES, metavar="NAME")
    parser.add_argument("--sizes", nargs="+", type=int, help="sessions, and revoked tokens")
    parser.add_argument("--quick", action="store_true", help="small, short, and less exact")
    parser.add_argument("--to", type=Path, default=DOCS, help="folder (default docs/sizing)")
    return parser


@contextmanager
def _started(names: Sequence[str], cores: set[int]) -> Iterator[list[Place]]:
    """Start what is measured; what is not on this machine is left out, and said."""
    stay_on(cores)
    found: list[Place] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for place in PLACES:
                if place.name in names:
                    try:
                        found.append(place(Path(folder)))
                    except LookupError as error:
                        print(f"left out: {place.name}: {error}", file=sys.stderr)
            yield found
        finally:
            for one in found:
                one.remove()


def _write(run: Run, found: Sequence[Place], sizes: Sequence[int], folder: Path) -> None:
    """Write the table, and a line that says what was measured with what."""
    titles = [place.title for place in found]
    titles += [place.near[0] for place in found if place.near]
    figures, setup = folder / "figures.csv", folder / "setup.inc.rst"
    run.figures.write(figures, list(dict.fromkeys(titles)), sizes)
    told = [*_machine(), *(place.version() for place in found)]
    line = f"{', '.join(dict.fromkeys(filter(None, told)))}."
    setup.write_text(f"{textwrap.fill(line, 100)}\n", encoding="utf-8")
    print(figures.read_text("utf-8"), setup.read_text("utf-8"), f"written to {folder}", sep="\n")


def _machine() -> Iterator[str]:
    yield f"{platform.system()} on {os.cpu_count()} cores ({platform.machine()})"
    yield f"{platform.python_implementation()} {platform.python_version()}"
    for package in ("SQLAlchemy", "psycopg", "PyMySQL"):
        yield f"{package} {version(package)}"
    yield f"redis-py {version('redis')}"
    yield f"SQLite {sqlite3.sqlite_version}"


if __name__ == "__main__":
    main()
