"""Time what systems add to a call: shuffled interleaved rounds, and the median of differences."""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

from werkzeug.test import EnvironBuilder

Application = Callable[[Any, Any], Iterable[bytes]]
Call = Callable[[], object]
#: Makes so many calls ahead, so that making them is not timed.
Batches = Callable[[int], list[Call]]
#: Returns seconds.
Timer = Callable[[], float]

#: Calls of one system in one round.
CALLS = 40
#: Seconds that one system may take in a round: what is slow is called less often.
_ROUND = 0.02


@dataclass(frozen=True)
class Contest:
    """What is timed in the same rounds: a base, and the systems that add something to it."""

    base: Batches
    entries: Mapping[str, Batches]


@dataclass(frozen=True)
class Figures:
    """The figures of one row of the table, in its unit.

    Attributes:
        base: That of one call of the base.
        added: By system, what one call costs over one of the base in the same round; the median
            of the rounds.
    """

    base: float
    added: dict[str, float]


def use_one_core() -> None:
    """Stay on one core, where the system can be told to: caches are those of one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def repeated(call: Call) -> Batches:
    """Return batches of the same call."""
    return lambda count: [call] * count


def requesting(
    app: Application, method: str, path: str, make_headers: Callable[[], dict[str, str]]
) -> Batches:
    """Return batches of requests to *app*, each with an environment of its own."""

    def batch(count: int) -> list[Call]:
        environs = [environ_of(method, path, make_headers()) for _ in range(count)]
        return [partial(answer, app, environ) for environ in environs]

    return batch


def environ_of(
    method: str, path: str, headers: Mapping[str, str], body: BinaryIO | None = None
) -> dict[str, Any]:
    """Return the WSGI environment of a request."""
    builder = EnvironBuilder(path, method=method, headers=headers.items(), input_stream=body)
    return builder.get_environ()


def answer(app: Application, environ: dict[str, Any]) -> None:
    """Send one request to *app* and read its answer."""
    b"".join(app(environ, _start_response))


def _start_response(_status: str, _headers: Any, _error: Any = None) -> None:
    """Stand for a server's."""


def measured(contest: Contest, rounds: int, timer: Timer = time.thread_time) -> Figures:
    """Return what each entry of *contest* adds to its base, over so many *rounds*."""
    everybody = {"": contest.base, **contest.entries}
    counts = {name: _affordable(batches, timer) for name, batches in everybody.items()}
    taken = [_round(everybody, counts, timer) for _ in range(rounds)]
    added = {
        name: statistics.median((one[name] - one[""]) * 1e6 for one in taken)
        for name in contest.entries
    }
    return Figures(statistics.median(one[""] * 1e6 for one in taken), added)


def _affordable(batches: Batches, timer: Timer) -> int:
    """Return how many calls a round has time for, after so many to warm up."""
    _timed(batches(1), timer)  # what comes first may be slow for once
    count = _count(_timed(batches(1), timer))
    return _count(_timed(batches(count), timer) / count)


def _count(seconds: float) -> int:
    return max(1, min(CALLS, int(_ROUND / max(seconds, 1e-9))))


def _round(
    everybody: Mapping[str, Batches], counts: Mapping[str, int], timer: Timer
) -> dict[str, float]:
    names = list(everybody)
    random.shuffle(names)
    return {name: _timed(everybody[name](counts[name]), timer) / counts[name] for name in names}


def _timed(calls: list[Call], timer: Timer) -> float:
    start = timer()
    while calls:
        calls.pop()()  # lets go of the request, as a server does
    return timer() - start
