"""Say what class of machine the figures are from, and share its cores out."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("SQLAlchemy", "psycopg", "PyMySQL", "redis")
#: How packages are called where another thing has their name.
_NAMES = {"redis": "redis-py"}


def describe() -> Iterator[tuple[str, str]]:
    """Yield what was measured with, without names and places."""
    yield "processor", f"{platform.machine()}, {os.cpu_count()} cores"
    yield "system", platform.system()
    yield "Python", f"{platform.python_implementation()} {platform.python_version()}"
    for package in _PACKAGES:
        try:
            yield _NAMES.get(package, package), version(package)
        except PackageNotFoundError:
            continue


class Watch:
    """What tells how long a run takes, and how much else the machine did meanwhile."""

    def __init__(self) -> None:
        self._started, self._busy, self._own = time.monotonic(), _busy(), _own()

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield both, once all processes of the run have ended."""
        passed = time.monotonic() - self._started
        yield "duration", f"{passed / 60:.0f} minutes"
        if self._busy:
            other = (_busy() - self._busy) - (_own() - self._own)
            share = max(0.0, other / passed / (os.cpu_count() or 1))
            yield "other work", f"{share:.0%} of the processors' time"


def _busy() -> float:
    """Return the seconds that all processors worked, or 0 where that cannot be read."""
    if not Path("/proc/stat").exists():
        return 0.0
    # user, nice, system, idle, iowait, irq, softirq
    ticks = [int(word) for word in Path("/proc/stat").read_text("ascii").split()[1:8]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    """Return the seconds that they worked for this process, and its children that ended."""
    return sum(os.times()[:4])


def shared_out() -> tuple[set[int], set[int]]:
    """Return cores for clients, and cores for servers; none of both where one cannot choose."""
    if not hasattr(os, "sched_setaffinity"):
        return set(), set()
    cores = sorted(os.sched_getaffinity(0))
    half = (len(cores) + 1) // 2
    return set(cores[:half]), set(cores[half:] or cores)


def stay_on(cores: set[int]) -> None:
    """Run this process, and what it starts from now on, on *cores*."""
    if cores:
        os.sched_setaffinity(0, cores)
