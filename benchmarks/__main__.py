"""Compare systems in one run: ``python -m benchmarks [--rounds N] [--algorithms HS256 …]``.

Each figure is the median, over shuffled interleaved rounds, of what a request costs more than
the bare view in the same round. Only ratios inside one run carry to another machine.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from werkzeug.test import EnvironBuilder

from .systems import (
    Bare,
    FlaskJWTExtended,
    HandWritten,
    Ours,
    OursOnSQLite,
    OursWithTree,
    System,
    make_keys,
)

ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")
#: Requests of one system in one round.
REQUESTS = 40

Call = Callable[[], None]


def _ignore(_status: str, _headers: Any, _error: Any = None) -> None:
    """Stand for a server's ``start_response``."""


def requesting(system: System, path: str, encoded: str, status: int) -> Call:
    """Return a call of *system* that was seen to answer *status*."""
    headers = {"Authorization": f"Bearer {encoded}"} if encoded else {}
    environ = EnvironBuilder(path=path, headers=headers).get_environ()
    app = system.app.wsgi_app
    answered = system.app.test_client().get(path, headers=headers).status_code
    if answered != status:
        sys.exit(f"{system.name} answered {answered} for {path}, expected {status}")

    def call() -> None:
        b"".join(app(environ.copy(), _ignore))

    return call


def forged(encoded: str) -> str:
    """Return *encoded* with another signature of the same length."""
    head, _, signature = encoded.rpartition(".")
    return f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def inflated(encoded: str) -> str:
    """Return a token of 8 kB whose signature is wrong."""
    header, _, rest = encoded.partition(".")
    _, _, signature = rest.rpartition(".")
    return f"{header}.{'QUFB' * ((8192 - len(header) - len(signature)) // 4)}.{signature}"


def scenarios(algorithm: str) -> dict[str, dict[str, Call]]:
    """Return the calls of every scenario, by scenario and system."""
    keys = make_keys(algorithm)
    bare, hand, fje = Bare(keys), HandWritten(keys), FlaskJWTExtended(keys)
    ours, tree, sqlite = Ours(keys), OursWithTree(keys), OursOnSQLite(keys)
    plain = [hand, fje, ours]
    base = {"bare": requesting(bare, "/plain", "", 200)}
    found: dict[str, dict[str, Call]] = {
        "header": base
        | {s.name: requesting(s, "/plain", s.token(), 200) for s in [*plain, sqlite]},
        "full tree": {"bare": requesting(bare, "/tree", "", 200)}
        | {s.name: requesting(s, "/tree", s.token(), 200) for s in [fje, tree]},
        "bad signature": dict(base),
        "8 kB forgery": dict(base),
    }
    for system in plain:
        refused = 422 if system is fje else 401
        for name, spoil in (("bad signature", forged), ("8 kB forgery", inflated)):
            call = requesting(system, "/plain", spoil(system.token()), refused)
            found[name][system.name] = call
    found["issue"] = {"bare": lambda: None}
    for issuer in (fje, ours):
        found["issue"][issuer.name] = _issuing(issuer)
    return found


def _issuing(system: System) -> Call:
    system.app.test_client().get("/plain")  # as in a running service: after the first request
    context = system.app.app_context()
    context.push()

    def call() -> None:
        system.token()

    return call


def measured(calls: dict[str, Call], rounds: int) -> dict[str, float]:
    """Return microseconds over the bare call, the median of *rounds* interleaved rounds."""
    over: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        for _ in range(REQUESTS):
            call()
    for _ in range(rounds):
        names = list(calls)
        random.shuffle(names)
        spent = {name: _timed(calls[name]) for name in names}
        for name, seconds in spent.items():
            over[name].append((seconds - spent["bare"]) / REQUESTS * 1e6)
    return {name: round(statistics.median(values), 2) for name, values in over.items()}


def _timed(call: Call) -> float:
    start = time.perf_counter()
    for _ in range(REQUESTS):
        call()
    return time.perf_counter() - start


def main() -> None:
    """Measure, print a table, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, help="interleaved rounds (default 25)")
    parser.add_argument("--algorithms", nargs="+", default=ALGORITHMS, choices=ALGORITHMS)
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results/latest.json"))
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    results: dict[str, dict[str, dict[str, float]]] = {}
    for algorithm in arguments.algorithms:
        results[algorithm] = {
            name: measured(calls, arguments.rounds) for name, calls in scenarios(algorithm).items()
        }
        print_table(algorithm, results[algorithm])
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(f"\nwritten to {arguments.json}")


def print_table(algorithm: str, table: dict[str, dict[str, float]]) -> None:
    """Print microseconds over the bare view, and the share of Flask-JWT-Extended's."""
    print(f"\n{algorithm}: µs over a bare view (share of flask-jwt-extended's)")
    for scenario, row in table.items():
        reference = row["flask-jwt-extended"]
        cells = [
            f"{name} {micros:.1f} ({micros / reference:.2f})"
            for name, micros in row.items()
            if name != "bare"
        ]
        print(f"  {scenario:14} " + "   ".join(cells))


if __name__ == "__main__":
    main()
