"""Measure a store's look-ups as it grows: ``python -m benchmarks.load [--sizes N …]``.

Each guarded request asks the store once, so that this look-up must not slow down with the number
of sessions. A store of N entries holds N open sessions and N/10 revoked tokens. Look-ups are in
random order; the figures are microseconds, and only ratios inside one run carry to another machine.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from jwtpolicy.access import Standing
from jwtpolicy.stores import MemoryStore, Session, SQLiteStore, TokenStore

#: Seconds since the epoch; nothing in the stores expires during the run.
NOW = 1_800_000_000
SIZES = (1_000, 10_000, 100_000)
LOOK_UPS = 5_000

Question = Callable[[TokenStore, int], Standing]


def fill(store: TokenStore, size: int) -> float:
    """Fill *store* and return the microseconds that a write took."""
    start = time.perf_counter()
    for number in range(size):
        store.open_session(session(number))
    for number in range(0, size, 10):
        store.revoke_token("", "alice", f"revoked-{number}", expires_at=NOW + 900, now=NOW)
    return (time.perf_counter() - start) / (size + len(range(0, size, 10))) * 1e6


def session(number: int) -> Session:
    """Return the session of a number."""
    return Session(
        issuer="",
        session_id=f"sid-{number}",
        subject=f"user-{number // 3}",
        refresh_id=f"refresh-{number}",
        created_at=NOW,
        last_used_at=NOW,
        expires_at=NOW + 86_400,
        idle_expires_at=None,
    )


def in_session(store: TokenStore, number: int) -> Standing:
    """Ask for an access token of an open session."""
    sid = f"sid-{number}"
    return store.standing("", f"user-{number // 3}", f"a-{number}", sid, NOW, is_refresh=False)


def revoked(store: TokenStore, number: int) -> Standing:
    """Ask for a revoked token."""
    token_id = f"revoked-{number - number % 10}"
    return store.standing("", f"user-{number}", token_id, None, NOW, is_refresh=False)


def unknown(store: TokenStore, number: int) -> Standing:
    """Ask for a token that the store never heard of."""
    return store.standing("", f"nobody-{number}", f"x-{number}", None, NOW, is_refresh=False)


QUESTIONS: dict[Question, Standing] = {
    in_session: Standing.GOOD,
    revoked: Standing.REVOKED,
    unknown: Standing.GOOD,
}


def measured(store: TokenStore, size: int, count: int) -> Iterator[tuple[str, float, float]]:
    """Yield each question's name, and the median and 99th percentile of its look-ups.

    Raises:
        AssertionError: The store gave a wrong answer, so that its speed means nothing.
    """
    numbers = random.choices(range(size), k=count)
    for question, expected in QUESTIONS.items():
        spent = []
        for number in numbers:
            start = time.perf_counter()
            standing = question(store, number)
            spent.append((time.perf_counter() - start) * 1e6)
            if standing is not expected:
                msg = f"{store!r} answered {standing} to {question.__name__}({number})"
                raise AssertionError(msg)
        yield question.__name__, statistics.median(spent), statistics.quantiles(spent, n=100)[-1]


def main() -> None:
    """Fill both stores at each size and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="sessions in a store")
    parser.add_argument("--look-ups", type=int, default=LOOK_UPS, help="of each kind")
    arguments = parser.parse_args()
    print(
        f"{'store':12} {'sessions':>10}  {'µs a write':>10}  look-up: median µs (99th percentile)"
    )
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            for store in (MemoryStore(), SQLiteStore(Path(folder) / "store.sqlite3")):
                write = fill(store, size)
                cells = [
                    f"{name} {median:.1f} ({worst:.1f})"
                    for name, median, worst in measured(store, size, arguments.look_ups)
                ]
                name = type(store).__name__
                print(f"{name:12} {size:>10,}  {write:>10.1f}  {'   '.join(cells)}")
                store.close()


if __name__ == "__main__":
    main()
