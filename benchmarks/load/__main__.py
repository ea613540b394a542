"""Measure stores as they grow: ``python -m benchmarks.load [--stores NAME …] [--sizes N …]``.

A store of size N holds N revoked tokens and N open sessions. It is asked in random order by one
client for the time of a look-up, and by several processes at once for what it can do in a second.
Servers are started for the run, on cores of their own where there are several.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .catalogue import NAMES, place_class
from .clients import Clients
from .machine import Watch, describe, shared_out, stay_on
from .measuring import Effort, Run
from .places import Place
from .results import Results, write_setup

DOCS = Path(__file__).parents[2] / "docs" / "sizing"
SIZES = (1_000, 10_000, 100_000, 1_000_000)
QUICK = Effort(look_ups=200, rounds=3, seconds=0.1, client_rounds=1, clients=2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, write the figures, and draw them."""
    options = _parser().parse_args(arguments)
    sizes = options.sizes or (SIZES[:2] if options.quick else SIZES)
    effort = QUICK if options.quick else Effort()
    watch = Watch()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # servers end, too
    options.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        results, setup = _measured(options.stores, sizes, effort, Path(folder))
    setup.extend(watch.lines())
    results.write(options.to / "figures.csv")
    write_setup(options.to / "setup.csv", setup)
    _publish(options.to)
    _show(options.to)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", nargs="+", choices=NAMES, default=NAMES, metavar="NAME")
    parser.add_argument("--sizes", nargs="+", type=int, help="sessions, and revoked tokens")
    parser.add_argument("--quick", action="store_true", help="small, short, and less exact")
    parser.add_argument("--to", type=Path, default=DOCS, help="folder (default docs/sizing)")
    return parser


def _measured(
    names: Sequence[str], sizes: Sequence[int], effort: Effort, folder: Path
) -> tuple[Results, list[tuple[str, str]]]:
    for_clients, for_servers = shared_out()
    clients = Clients(effort.clients, for_clients)
    try:
        with _running(names, folder, for_servers) as places:
            stay_on(for_clients)
            setup = [*describe(), *((place.name, place.version()) for place in places)]
            run = Run(places, clients, effort)
            run.steps(sizes)
            return run.results, setup
    finally:
        clients.close()


@contextmanager
def _running(names: Sequence[str], folder: Path, cores: set[int]) -> Iterator[list[Place]]:
    """Start what is measured; what is not on this machine is left out, and said."""
    stay_on(cores)
    places: list[Place] = []
    try:
        for name in names:
            try:
                places.append(place_class(name)(folder))
            except LookupError as error:
                print(f"left out: {name}: {error}", file=sys.stderr)
        yield places
    finally:
        for place in places:
            place.remove()


def _publish(folder: Path) -> None:
    """Make tables and pictures of what is in *folder*."""
    from .pages import write_pages

    write_pages(folder)
    try:
        from .plots import draw
    except ImportError as error:
        print(f"no pictures: {error.name} is missing; make load installs it", file=sys.stderr)
        return
    draw(folder)


def _show(folder: Path) -> None:
    for name in ("look-ups", "rates", "weights"):
        print((folder / f"{name}.inc.rst").read_text("utf-8"))
    print(f"written to {folder}")


if __name__ == "__main__":
    main()
