"""Let many threads of several processes use one refresh token at the same moment."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any

from flask import Flask

from jwtpolicy import JWTManager
from jwtpolicy.exceptions import AccessError

PROCESSES, THREADS = 4, 16

#: What a use gave: access token, refresh token, session; or the name of an error.
Found = tuple[str | None, ...]

Machine = tuple[Flask, JWTManager[Any]]
Deed = Callable[[Machine, Barrier, str], Found]

# The processes come from one that has imported this module, and nothing of the tests' own.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Racers:
    """Processes that run the application, and wait to be told a token."""

    lines: list[Connection]

    def use(self, url: str, token: str) -> list[Found]:
        """Return what each of all threads got for *token*."""
        return self._do(_use, url, token)

    def log_in(self, url: str, subject: str) -> list[Found]:
        """Return the session that each of all threads opened, and how many were open then."""
        return self._do(_log_in, url, subject)

    def _do(self, deed: Deed, url: str, argument: str) -> list[Found]:
        for line in self.lines:
            line.send((deed, url, argument))
        found: list[Found] = []
        for line in self.lines:
            assert line.poll(180), "a racer does not answer"
            found.extend(line.recv())
        return found


@contextmanager
def racing(settings: dict[str, Any]) -> Iterator[Racers]:
    """Start the processes once, for any number of races on any store."""
    barrier = _CONTEXT.Barrier(PROCESSES * THREADS, timeout=120)
    with ExitStack() as stack:
        lines = []
        for _ in range(PROCESSES):
            ours, theirs = _CONTEXT.Pipe()
            process = _CONTEXT.Process(target=_race, args=(theirs, barrier, settings), daemon=True)
            process.start()
            theirs.close()
            stack.callback(process.join, 20)
            stack.callback(ours.close)
            lines.append(ours)
        yield Racers(lines)


def make_machine(url: str, settings: dict[str, Any]) -> Machine:
    """Return the application of a process on the store at *url*."""
    app = Flask("tests.app")
    app.config.update(settings, JWT_STORE_URL=url, JWT_STORE_TIMEOUT=30)
    return app, JWTManager[Any](app)


def _race(line: Connection, barrier: Barrier, settings: dict[str, Any]) -> None:
    machines: dict[str, Machine] = {}
    with ThreadPoolExecutor(THREADS) as pool:
        while True:
            try:
                deed, url, argument = line.recv()
            except EOFError:
                return
            machine = machines.get(url) or machines.setdefault(url, make_machine(url, settings))
            done = [pool.submit(deed, machine, barrier, argument) for _ in range(THREADS)]
            line.send([one.result() for one in done])


def _use(machine: Machine, barrier: Barrier, token: str) -> Found:
    app, jwt = machine
    with app.app_context():
        barrier.wait()
        try:
            pair = jwt.refresh(token)
        except AccessError as error:
            return (type(error).__name__,)
    return pair.access_token, pair.refresh_token, pair.session_id


def _log_in(machine: Machine, barrier: Barrier, subject: str) -> Found:
    app, jwt = machine
    with app.app_context():
        barrier.wait()
        pair = jwt.login(subject)
        return pair.session_id, str(len(jwt.sessions(subject)))
