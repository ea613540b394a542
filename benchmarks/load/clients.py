"""Let several processes use a store at the same moment, and count what they get done."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from multiprocessing.connection import Connection
from typing import Final

from jwtpolicy.stores import RotationState, Step, TokenStore, open_store
from jwtpolicy.tokens.status import TokenStatus

from . import sample

#: Seconds; no statement of the run takes that long, however slow the disk is.
TIMEOUT: Final = 60.0
_SESSIONS: Final = 500  # that a client uses in turn

Act = Callable[[], None]


@dataclass(frozen=True)
class Job:
    """What one of several clients does.

    Attributes:
        url: Where the store is.
        operation: ``check`` or ``rotate``.
        size: How many sessions there are.
        seconds: How long to do it.
        index: Which of the clients this is; each has its own sessions.
        clients: How many there are.
    """

    url: str
    operation: str
    size: int
    seconds: float
    index: int = 0
    clients: int = 1

    def numbers(self) -> list[int]:
        """Return some of the sessions that are this client's, in random order."""
        own = range(self.index, self.size, self.clients)
        return random.sample(own, min(len(own), _SESSIONS))


@dataclass(frozen=True)
class Done:
    """What clients got done together."""

    count: int
    seconds: float
    cpu_seconds: float


class Clients:
    """Processes that wait for jobs, each on the same cores."""

    def __init__(self, number: int, cores: set[int]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(number):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, cores), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)

    def run(
        self, jobs: Sequence[Job], watch: Callable[[], float | None]
    ) -> tuple[Done, float | None]:
        """Do *jobs* at once; return what was done, and by how much what *watch* reads grew."""
        pipes = self._pipes[: len(jobs)]
        _send(pipes, jobs)
        _receive(pipes)  # all of them are ready
        before = watch()
        _send(pipes, jobs)
        done = _receive(pipes)
        count = sum(one.count for one in done)
        seconds = max(one.seconds for one in done)
        after = watch()
        grown = None if before is None or after is None else after - before
        return Done(count, seconds, sum(one.cpu_seconds for one in done)), grown

    def close(self) -> None:
        """Let the processes end; one that failed has ended already."""
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            with suppress(BrokenPipeError):
                pipe.send(None)
            process.join(10)


def _send(pipes: Sequence[Connection], messages: Iterable[object]) -> None:
    for pipe, message in zip(pipes, messages, strict=True):
        pipe.send(message)


def _receive(pipes: Iterable[Connection]) -> list[Done]:
    return [pipe.recv() for pipe in pipes]


def _serve(pipe: Connection, cores: set[int]) -> None:
    if cores:
        os.sched_setaffinity(0, cores)
    stores: dict[str, TokenStore] = {}
    while job := pipe.recv():
        if job.url not in stores:
            stores[job.url] = opened(job.url)
        act = prepared(job, stores[job.url])
        pipe.send(None)
        pipe.recv()
        pipe.send(repeated(act, job.seconds))


def opened(url: str) -> TokenStore:
    """Return the store at *url*."""
    store = open_store(url, instance_path=".", timeout=TIMEOUT)
    assert store is not None
    return store


def repeated(act: Act, seconds: float) -> Done:
    """Do *act* again and again for some seconds."""
    count, cpu, start = 0, time.process_time(), time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        act()
        count += 1
    return Done(count, spent, time.process_time() - cpu)


def prepared(job: Job, store: TokenStore) -> Act:
    """Return what *job* does once, with everything looked up that it needs."""
    return _checking(job, store) if job.operation == "check" else _rotating(job, store)


def _checking(job: Job, store: TokenStore) -> Act:
    questions = cycle(sample.access(store, number) for number in job.numbers())

    def check() -> None:
        standing = store.standing(next(questions), now=sample.NOW)
        if standing is not TokenStatus.GOOD:
            msg = f"{store!r} answered {standing}"
            raise AssertionError(msg)

    return check


def _rotating(job: Job, store: TokenStore) -> Act:
    """Refresh sessions in turn: of each it has to be known which token is the current one."""
    kept, now = sample.kept_pair(), sample.NOW
    current = {}
    for number in job.numbers():
        token = sample.access(store, number)
        found = store.session("", token.session_id or "", now=now)
        assert found is not None
        current[number] = token._replace(token_id=found.refresh_id, kind="refresh")
    turns = cycle(current)

    def rotate() -> None:
        number = next(turns)
        step = Step(random.randbytes(16).hex(), now + 30 * sample.DAY)
        rotation = store.rotate(current[number], step, now=now, grace=10, kept=kept)
        if rotation.state is not RotationState.ROTATED:
            msg = f"{store!r} answered {rotation.state}"
            raise AssertionError(msg)
        current[number] = current[number]._replace(token_id=step.successor_id)

    return rotate
