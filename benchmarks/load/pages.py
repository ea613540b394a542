"""Write what the page "Sizing" includes, from results: ``python -m benchmarks.load.pages``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from . import deriving
from .catalogue import NAMES, TITLES
from .deriving import Load, Need, a_second
from .results import Figures, read_setup

FOLDER: Final = Path(__file__).parents[2] / "docs" / "sizing"

_NOTE: Final = ".. Made by `make load`; not to be edited.\n\n"
_SUPERSCRIPTS: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")

Row = Sequence[str]


def write_pages(folder: Path) -> None:
    """Write what can be made of the results in *folder*.

    The reckoning needs all stores that it is about; without one it stays as it was.
    """
    figures = Figures.read(folder / "figures.csv")
    pages = {
        "setup": _table(setup_rows(read_setup(folder / "setup.csv")), (25, 75)),
        "look-ups": _table(look_up_rows(figures)),
        "rates": _table(rate_rows(figures)),
        "weights": _table(weight_rows(figures)),
    }
    if {deriving.REDIS, deriving.PLAIN, deriving.POSTGRES} <= set(figures.stores):
        pages["reckoning"] = _table(reckoning_rows(figures))
        pages["caches"] = _table(cache_rows())
        pages["numbers"] = "".join(
            f".. |{name}| replace:: {value}\n" for name, value in numbers(figures).items()
        )
    for name, text in pages.items():
        (folder / f"{name}.inc.rst").write_text(_NOTE + text, encoding="utf-8")


def setup_rows(setup: Iterable[Row]) -> Iterator[Row]:
    """Yield what was measured with."""
    yield "", ""
    for what, value in setup:
        yield TITLES.get(what, what), value


def look_up_rows(figures: Figures) -> Iterator[Row]:
    """Yield the times of look-ups, in µs: median, and 99th percentile in parentheses."""
    yield "", *map(power, figures.sizes)
    for store in _measured(figures):
        medians = figures.series(store, "open_p50_us")
        worst = dict(figures.series(store, "open_p99_us"))
        yield TITLES[store], *(f"{short(p50)} ({short(worst[n])})" for n, p50 in medians)


def rate_rows(figures: Figures) -> Iterator[Row]:
    """Yield what is done in a second, and what it costs the server."""
    several = f"{figures.clients} clients"
    yield (
        "",
        "checks/s, one client",
        several,
        "rotations/s, one client",
        several,
        "µs of the server, a check",
        "a rotation",
    )
    for store in _measured(figures):
        names = [f"{what}_{n}_per_s" for what in ("check", "rotate") for n in (1, figures.clients)]
        names += [f"{what}_{figures.clients}_server_us" for what in ("check", "rotate")]
        yield TITLES[store], *(_last(figures, store, name) for name in names)


def weight_rows(figures: Figures) -> Iterator[Row]:
    """Yield bytes, and what is pruned in a second."""
    yield "", "bytes of a session", "bytes of a revoked token", "rows pruned/s"
    for store in _measured(figures):
        names = ("session_bytes", "token_bytes", "prune_rows_per_s")
        yield TITLES[store], *(_last(figures, store, name) for name in names)


def reckoning_rows(figures: Figures) -> Iterator[Row]:
    """Yield what a Redis Cluster and a PostgreSQL take, from small to large."""
    loads = [Load(sessions) for sessions in deriving.USERS_SESSIONS]
    redis = [Need(load, figures, deriving.REDIS) for load in loads]
    plain = [Need(load, figures, deriving.PLAIN) for load in loads]
    postgres = [Need(load, figures, deriving.POSTGRES) for load in loads]
    yield "sessions", *(power(load.sessions) for load in loads)
    yield "checks/s", *(short(load.checks) for load in loads)
    yield "rotations/s", *(short(load.refreshes) for load in loads)
    yield "rotations/s, all sessions in use", *(short(load.most_refreshes) for load in loads)
    yield "logins/s, and rows to prune", *(short(load.log_ins) for load in loads)
    yield "cores of the application, for asking Redis", *(short(n.asking_cores) for n in redis)
    yield "Redis: gigabytes of memory", *(short(need.gigabytes) for need in redis)
    yield "Redis: servers, for the memory", *(str(need.nodes_for_memory) for need in redis)
    yield "Redis: servers, for the work too", *(str(need.nodes) for need in redis)
    yield (
        "PostgreSQL, partitioned: gigabytes on the disk",
        *(short(need.on_disk) for need in postgres),
    )
    yield "PostgreSQL: cores", *(short(need.cores) for need in plain)
    yield "PostgreSQL, partitioned: cores", *(short(need.cores) for need in postgres)


def cache_rows() -> Iterator[Row]:
    """Yield what share of the look-ups the caches spare."""
    yield "processes", "spared by time", "spared by the near cache"
    for processes in deriving.PROCESSES:
        spared = deriving.saved_by_time(processes), deriving.saved_by_near_cache(processes)
        yield str(processes), *(f"{share:.1%}" for share in spared)


def numbers(figures: Figures) -> dict[str, str]:
    """Return what the prose of the page names, by its names there."""
    largest = Load(deriving.USERS_SESSIONS[-1])
    redis = Need(largest, figures, deriving.REDIS)
    postgres = Need(largest, figures, deriving.POSTGRES)
    plain = Need(largest, figures, deriving.PLAIN)
    cores = deriving.DATABASE_CORES
    return {
        "active": f"{deriving.ACTIVE_SHARE:.0%}",
        "between": str(deriving.BETWEEN_REQUESTS),
        "busy": f"{deriving.BUSY_SHARE:.0%}",
        "node_gb": str(deriving.NODE_GB),
        "usable": f"{deriving.USABLE_SHARE:.0%}",
        "access": str(deriving.ACCESS),
        "absolute": str(deriving.ABSOLUTE // deriving.DAY),
        "grace": str(deriving.GRACE),
        "dead": f"{deriving.DEAD_SHARE:.0%}",
        "partitions": str(deriving.PARTITIONS),
        "database_cores": str(deriving.DATABASE_CORES),
        "cache_seconds": str(deriving.CACHE_SECONDS),
        "pair_bytes": short(figures.last("pair", "kept_bytes")),
        "cached_us": short(figures.last(deriving.POSTGRES, "cached_p50_us")),
        "near_us": short(figures.last(deriving.REDIS, "near_p50_us")),
        "redis_us": short(redis.of("open_p50_us")),
        "answers": f"{deriving.ANSWERS:,}",
        "answer_checks": short(deriving.ANSWERS / deriving.CACHE_SECONDS),
        "near_values": f"{deriving.VALUES:,}",
        "near_tokens": short(deriving.VALUES / deriving.VALUES_OF_ANSWER),
        "asking_us": short(redis.of("check_1_client_us")),
        "plain_check_us": short(plain.check_us),
        "plain_rotate_us": short(plain.rotate_us),
        "plain_session": short(plain.of("session_bytes")),
        "plain_checks": short(a_second(cores, plain.check_us)),
        "sessions": power(largest.sessions),
        "checks": short(largest.checks),
        "refreshes": short(largest.refreshes),
        "log_ins": short(largest.log_ins),
        "redis_session": short(redis.of("session_bytes")),
        "redis_gb": short(redis.gigabytes),
        "redis_check_us": short(redis.check_us),
        "redis_memory_nodes": str(redis.nodes_for_memory),
        "redis_nodes": str(redis.nodes),
        "redis_node_checks": short(a_second(1, redis.check_us)),
        "postgres_session": short(postgres.of("session_bytes")),
        "postgres_check_us": short(postgres.check_us),
        "postgres_rotate_us": short(postgres.rotate_us),
        "postgres_prune": short(postgres.of("prune_rows_per_s")),
        "partition_rows": short(largest.sessions / deriving.PARTITIONS),
    }


def short(value: float) -> str:
    """Return a number with three digits that count."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    rounded = round(value, 2 - math.floor(math.log10(abs(value))))
    return f"{rounded:,.{min(digits, 2)}f}"


def power(value: int) -> str:
    """Return a power of ten as one, and any other number as it is."""
    exponent = round(math.log10(value))
    if 10**exponent != value or exponent < 3:
        return f"{value:,}"
    return f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def _measured(figures: Figures) -> list[str]:
    return [name for name in NAMES if name in figures.stores]


def _last(figures: Figures, store: str, what: str) -> str:
    try:
        return short(figures.last(store, what))
    except ValueError:
        return "-"


def _table(rows: Iterable[Row], widths: Row | Sequence[int] | None = None) -> str:
    lines = [".. list-table::", "   :header-rows: 1"]
    if widths:
        lines.append(f"   :widths: {' '.join(map(str, widths))}")
    lines.append("")
    for row in rows:
        first, *others = row
        lines += [f"   * - {first}".rstrip(), *(f"     - {cell}".rstrip() for cell in others)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    write_pages(FOLDER)
