"""Say what class of machine the figures are from, and share its cores out."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

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
