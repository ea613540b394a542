"""Let several processes use a store at the same moment, and count what they get done."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import cycle
from multiprocessing.pool import Pool
from pathlib import Path
from threading import Barrier
from typing import Final, NamedTuple

from jwtpolicy.stores import RotationState, Step, TokenRef, TokenStatus, TokenStore, open_store

from . import sample

#: Seconds; no statement of the run takes that long, however slow the disk is.
TIMEOUT: Final = 60.0
_SESSIONS: Final = 500  # that a client uses in turn

Act = Callable[[], None]
_barriers: list[Barrier] = []  # of this process: the one that it waits at, if it is a client


class Job(NamedTuple):
    """What one of several clients does, and for how long; each has its own sessions."""

    url: str
    operation: str
    size: int
    seconds: float
    server: int | None  # the process whose work is to be read
    client: int = 0
    clients: int = 1

    def numbers(self) -> list[int]:
        """Return some of the sessions that are this client's, in random order."""
        own = range(self.client, self.size, self.clients)
        return random.sample(own, min(len(own), _SESSIONS))


class Done(NamedTuple):
    """How often it was done, in how many seconds, and how long the server worked meanwhile."""

    times: int
    seconds: float
    server_seconds: float


@contextmanager
def running(number: int, cores: set[int]) -> Iterator[Pool]:
    """Start so many clients on the same cores, and let them end; what fails kills them."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(number, _begin, (context.Barrier(number), cores)) as pool:
        yield pool
        pool.close()
        pool.join()


def together(pool: Pool, job: Job) -> Done:
    """Let each of *pool* do *job* at the same moment; return what they got done."""
    # Each waits for the others to have theirs, so that no process can take two.
    jobs = [job._replace(client=n) for n in range(job.clients)]
    times, seconds, server_seconds = zip(*pool.map(_serve, jobs, chunksize=1), strict=True)
    return Done(sum(times), max(seconds), max(server_seconds))


def _begin(barrier: Barrier, cores: set[int]) -> None:
    _barriers.append(barrier)
    stay_on(cores)


def _serve(job: Job) -> Done:
    act = prepared(job, opened(job.url))
    act()  # it is connected now
    _barriers[0].wait(TIMEOUT)
    return repeated(act, job)


@cache
def opened(url: str) -> TokenStore:
    """Return the store at *url*, always the same in a process."""
    store = open_store(url, instance_path=".", timeout=TIMEOUT)
    assert store is not None
    return store


def repeated(act: Act, job: Job) -> Done:
    """Do *act* again and again for some seconds."""
    times, busy, begun = 0, _busy(job.server), time.perf_counter()
    while (spent := time.perf_counter() - begun) < job.seconds:
        act()
        times += 1
    return Done(times, spent, _busy(job.server) - busy)


def prepared(job: Job, store: TokenStore) -> Act:
    """Return what *job* does once, with everything looked up that it needs."""
    return _looking_up(job, store) if job.operation == "look-up" else _rotating(job, store)


def look_up(store: TokenStore, token: TokenRef) -> None:
    """Ask *store* for the token of an open session, and refuse a wrong answer."""
    standing = store.standing(token, now=sample.NOW)
    assert standing is TokenStatus.GOOD, f"{store!r} answered {standing}"


def _looking_up(job: Job, store: TokenStore) -> Act:
    tokens = cycle([sample.access(store, number) for number in job.numbers()])
    return lambda: look_up(store, next(tokens))


def _rotating(job: Job, store: TokenStore) -> Act:
    """Refresh sessions in turn: of each it has to be known which token is the current one."""
    current = []
    for token in (sample.access(store, number) for number in job.numbers()):
        found = store.session("", token.session_id or "", now=sample.NOW)
        assert found is not None
        current.append(token._replace(token_id=found.refresh_id, kind="refresh"))
    turns = cycle(range(len(current)))

    def rotate() -> None:
        turn = next(turns)
        step = Step(random.randbytes(16).hex(), sample.NOW + 30 * sample.DAY)
        rotation = store.rotate(current[turn], step, now=sample.NOW, grace=10, kept=sample.KEPT)
        assert rotation.state is RotationState.ROTATED, f"{store!r} answered {rotation.state}"
        current[turn] = current[turn]._replace(token_id=step.successor_id)

    return rotate


def stay_on(cores: set[int]) -> None:
    """Run this process, and what it starts from now on, on *cores*, if any were chosen."""
    if cores:
        os.sched_setaffinity(0, cores)


def shared_out() -> tuple[set[int], set[int]]:
    """Return cores for clients, and cores for servers; none of both where one cannot choose."""
    if not hasattr(os, "sched_setaffinity"):
        return set(), set()
    cores = sorted(os.sched_getaffinity(0))
    half = (len(cores) + 1) // 2
    return set(cores[:half]), set(cores[half:] or cores)


def _busy(server: int | None) -> float:
    """Return the seconds that a server and its children worked, or 0 where that is not told."""
    children = Path(f"/proc/{server}/task/{server}/children")
    if server is None or not children.exists():
        return 0.0
    pids = [str(server), *children.read_text("ascii").split()]
    # The name, in parentheses, may hold spaces; utime is the 14th field, cstime the 17th.
    told = [Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2] for pid in pids]
    ticks = sum(int(field) for line in told for field in line.split()[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")
