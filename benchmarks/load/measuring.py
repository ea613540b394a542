"""Fill the places step by step, and measure them in rounds, each in turn and in another order."""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from jwtpolicy.stores import CachedStore
from jwtpolicy.stores.caching import MAX_SECONDS

from . import sample
from .clients import Clients, Done, Job, prepared, repeated
from .looking import again, look_ups
from .places import Place
from .results import Results

_PRUNE_BATCH: Final = 500
_OPERATIONS: Final = ("check", "rotate")


@dataclass(frozen=True)
class Effort:
    """How much to measure.

    Attributes:
        look_ups: Of each kind, in each round.
        rounds: Rounds of look-ups.
        seconds: How long clients use a store, in each round.
        client_rounds: Rounds of such use.
        clients: How many there are at the most.
    """

    look_ups: int = 1_000
    rounds: int = 7
    seconds: float = 0.5
    client_rounds: int = 3
    clients: int = 4


class Run:
    """The places, what uses them, and what was measured."""

    def __init__(self, places: Sequence[Place], clients: Clients, effort: Effort) -> None:
        self.places = places
        self.results = Results()
        self._clients = clients
        self._effort = effort

    def steps(self, sizes: Iterable[int]) -> None:
        """Measure at each size, the smallest first."""
        self.results.add("pair", 0, kept_bytes=len(sample.kept_pair()))
        self.results.add("pair", 0, clients=self._effort.clients)
        before = 0
        for size in sorted(sizes):
            for place in self.places:
                self._fill(place, range(before, size))
            self._measure(size)
            before = size
        for place in self.places:
            self._prune(place, before)

    def _fill(self, place: Place, numbers: range) -> None:
        start = time.perf_counter()
        weights = [place.weight()]
        for fill in (place.revoke, place.log_in):
            fill(numbers)
            place.settle()
            weights.append(place.weight())
        # Millions of objects that stay are nothing to collect, and no other place's concern.
        gc.freeze()
        empty, with_tokens, full = weights
        self.results.add(
            place.name,
            numbers.stop,
            token_bytes=(with_tokens - empty) / len(numbers),
            session_bytes=(full - with_tokens) / len(numbers),
        )
        _say(f"{place.name}: {numbers.stop:,}, {time.perf_counter() - start:.1f} s to fill")

    def _measure(self, size: int) -> None:
        for place in self._in_turn(self._effort.rounds):
            found = look_ups(place.store, size, self._effort.look_ups)
            self.results.add(place.name, size, **found, **self._hits(place, size))
        for place in self._in_turn(self._effort.client_rounds):
            for operation in _OPERATIONS:
                self._use(place, size, operation)

    def _hits(self, place: Place, size: int) -> dict[str, float]:
        """Return the time of look-ups that caches answer."""
        count = self._effort.look_ups
        hits = {"cached_p50_us": again(CachedStore(place.store, MAX_SECONDS), size, count)}
        near = place.near()
        if near is not None:
            hits["near_p50_us"] = again(near, size, count)
            near.close()
        return hits

    def _in_turn(self, rounds: int) -> Iterator[Place]:
        for _ in range(rounds):
            yield from random.sample(self.places, len(self.places))

    def _use(self, place: Place, size: int, operation: str) -> None:
        job = Job(place.url, operation, size, self._effort.seconds)
        if not place.url:
            done = repeated(prepared(job, place.store), job.seconds)
            self._note(place, size, f"{operation}_1", done, None)
            return
        for number in (1, self._effort.clients):
            jobs = [
                Job(place.url, operation, size, self._effort.seconds, index, number)
                for index in range(number)
            ]
            done, spent = self._clients.run(jobs, place.server_seconds)
            self._note(place, size, f"{operation}_{number}", done, spent)

    def _note(
        self, place: Place, size: int, what: str, done: Done, server_seconds: float | None
    ) -> None:
        figures = {
            f"{what}_per_s": done.count / done.seconds,
            f"{what}_client_us": done.cpu_seconds / done.count * 1e6,
        }
        if server_seconds is not None:
            figures[f"{what}_server_us"] = server_seconds / done.count * 1e6
        self.results.add(place.name, size, **figures)

    def _prune(self, place: Place, size: int) -> None:
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
        if removed:
            self.results.add(place.name, size, prune_rows_per_s=removed / spent)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
