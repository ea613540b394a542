"""Fill the places step by step, and measure them in rounds, each in turn and in another order."""

from __future__ import annotations

import gc
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from multiprocessing.pool import Pool
from typing import NamedTuple

from jwtpolicy.stores import TokenStore

from . import sample
from .clients import Job, look_up, prepared, repeated, together
from .figures import Figures, among
from .places import Place

_PRUNE_BATCH = 500  # rows of each table, as the store itself takes them


class Effort(NamedTuple):
    """How often look-ups are timed, and for how many seconds clients use a store, in each round."""

    look_ups: int = 1_000
    rounds: int = 7
    seconds: float = 0.5
    client_rounds: int = 3
    clients: int = 4


class Run:
    """The places, what uses them, and what was measured: all but look-ups at the largest size."""

    def __init__(
        self, places: Sequence[Place], sizes: Sequence[int], clients: Pool, effort: Effort
    ) -> None:
        self.figures = Figures()
        self._places, self._sizes, self._clients, self._effort = places, sizes, clients, effort

    def steps(self) -> None:
        """Measure at each size, the smallest first."""
        for before, size in zip((0, *self._sizes), self._sizes, strict=False):
            for place in self._places:
                self._fill(place, range(before, size))
            for place in self._in_turn(self._effort.rounds):
                self._look_up(place, size)
        for operation in ("look-up", "rotation"):
            for place in self._in_turn(self._effort.client_rounds):
                self._use(place, operation)
        for place in self._places:
            self._prune(place)

    def _in_turn(self, rounds: int) -> Iterator[Place]:
        for _ in range(rounds):
            yield from random.sample(self._places, len(self._places))

    def _fill(self, place: Place, numbers: range) -> None:
        weights = [place.weight()]
        for fill in (place.revoke, place.log_in):
            fill(numbers)
            place.settle()
            weights.append(place.weight())
        # Millions of objects that stay are nothing to collect, and no other place's concern.
        gc.freeze()
        print(f"{place.name}: {numbers.stop:,}", file=sys.stderr, flush=True)
        if numbers.stop == self._sizes[-1]:
            empty, with_tokens, full = weights
            self.figures.add(place.title, "bytes: session", (full - with_tokens) / len(numbers))
            self.figures.add(place.title, "bytes: token", (with_tokens - empty) / len(numbers))

    def _look_up(self, place: Place, size: int) -> None:
        numbers = random.choices(range(size), k=self._effort.look_ups)
        spent = [_timed(place.store, number) for number in numbers]
        self.figures.add(place.title, among(size), statistics.median(spent))
        if size == self._sizes[-1]:
            worst = statistics.quantiles(spent, n=100)[-1]
            self.figures.add(place.title, "99th percentile", worst)
        if place.near is not None:
            title, near = place.near
            again = statistics.median(_timed(near, numbers[0]) for _ in numbers)
            self.figures.add(title, among(size), again)

    def _use(self, place: Place, operation: str) -> None:
        server, effort = place.server(), self._effort
        job = Job(place.url, operation, self._sizes[-1], effort.seconds, server)
        if place.url:
            done = together(self._clients, job._replace(clients=effort.clients))
        else:
            done = repeated(prepared(job, place.store), job)
        self.figures.add(place.title, f"{operation}s/s", done.times / done.seconds)
        if server is not None:
            spent = done.server_seconds / done.times * 1e6
            self.figures.add(place.title, f"server µs: {operation}", spent)

    def _prune(self, place: Place) -> None:
        """Let everything be over, and prune for a while, unless entries leave by themselves."""
        over = sample.NOW + 1_000 * sample.DAY
        if not place.url or place.store.prunable(now=over) is None:
            return
        removed, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < self._effort.seconds * 4:
            some = place.store.prune_batch(now=over, limit=_PRUNE_BATCH)
            removed += some
            if not some:
                break
        self.figures.add(place.title, "pruned/s", removed / spent)


def _timed(store: TokenStore, number: int) -> float:
    """Return the microseconds of a look-up."""
    token = sample.access(store, number)
    start = time.perf_counter()
    look_up(store, token)
    return (time.perf_counter() - start) * 1e6
