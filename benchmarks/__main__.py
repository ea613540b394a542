"""Compare what systems add to a request: ``python -m benchmarks --only header,missing``.

Each figure is the median, over shuffled interleaved rounds, of what a call costs more than the
bare one in the same round, in processor time on one core: a busy machine changes that least, and
waiting for a disk is no part of it. Only ratios inside one run carry to another machine.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from .goals import REFERENCE
from .keys import make_keys
from .machine import machine
from .measuring import Contest, measured, requesting, use_one_core
from .rows import ROWS, Result, Row
from .systems import Bare
from .table import heading, line, versions

ROUNDS = 25
#: With ``--quick``: enough to see what is far off.
_FEW_ROUNDS = 5


def chosen(names: str) -> list[Row]:
    """Return the rows that *names* are, separated by commas.

    Raises:
        argparse.ArgumentTypeError: There is no row of such a name.
    """
    rows = {row.name: row for row in ROWS}
    wanted = names.split(",")
    if unknown := [name for name in wanted if name not in rows]:
        msg = f"{', '.join(unknown)}: choose from {', '.join(rows)}"
        raise argparse.ArgumentTypeError(msg)
    return [rows[name] for name in wanted]


def pace(rounds: int) -> float:
    """Return how many times as long this machine takes for a bare request as the reference."""
    app = Bare(make_keys("HS256")).app.wsgi_app
    return measured(Contest(requesting(app, "GET", "/plain", dict), {}), rounds).base / REFERENCE


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, and write JSON where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", type=chosen, default=list(ROWS), metavar="NAME,NAME")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of 40 calls each")
    parser.add_argument("--quick", action="store_true", help=f"only {_FEW_ROUNDS} rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args(arguments)
    rounds = _FEW_ROUNDS if options.quick else options.rounds
    use_one_core()
    speed = pace(rounds)
    results = report(options.only, rounds, speed)
    if options.json is not None:
        about = {"machine": machine(), "versions": versions(), "rounds": rounds, "pace": speed}
        written = {**about, "rows": results}
        options.json.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


def report(rows: Sequence[Row], rounds: int, speed: float) -> list[dict[str, object]]:
    """Measure *rows*, print each as soon as it is known, and return them for a file."""
    print(heading(speed))
    results = []
    for row in rows:
        result = Result(row, row.figures(rounds), speed)
        print(line(result), flush=True)
        results.append(result.to_json())
    return results


if __name__ == "__main__":
    main()
