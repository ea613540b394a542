"""Three workers, of which one dies every second, under clients that send everything three times."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.support.machines.servers import NO_ANSWER, Answer, Server, serving

SECONDS = 60
CLIENTS = 4
#: Refreshes of a session before it is logged out.
ROUNDS = 5


@dataclass
class Client:
    """One user, who logs in, refreshes each token three times at once, and logs out again.

    Attributes:
        statuses: What it was answered, by what it asked for.
        doubles: Successors that one refresh token had beside the first.
        ended: Tokens whose logout was answered with success.
        revived: Those of them that were let in later.
    """

    server: Server
    name: str
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    doubles: int = 0
    rotations: int = 0
    ended: list[str] = field(default_factory=list)
    revived: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, token: str | None = None) -> Answer:
        try:
            answer = self.server.ask(method, path, token)
        except (OSError, HTTPException):
            answer = Answer(NO_ANSWER, b"")
        self.statuses[path.split("/")[1], answer.status] += 1
        return answer

    def insist(self, method: str, path: str, token: str | None = None) -> Answer:
        """Ask until there is an answer that is one."""
        while (answer := self.ask(method, path, token)).status in {NO_ANSWER, 503}:
            time.sleep(0.05)
        return answer

    def live(self, pool: ThreadPoolExecutor) -> None:
        """Go through one session."""
        pair = self.insist("POST", f"/login/{self.name}").json
        for _ in range(ROUNDS):
            pair = self._refreshed(pair["refresh_token"], pool)
            assert self.insist("GET", "/", pair["access_token"]).status == 200
        assert self.insist("POST", "/logout", pair["access_token"]).status in {204, 401}
        self.ended.append(pair["access_token"])
        self._look_back()

    def _refreshed(self, token: str, pool: ThreadPoolExecutor) -> dict[str, str]:
        while True:
            asked = [pool.submit(self.ask, "POST", "/refresh", token) for _ in range(3)]
            answers = [one.result() for one in asked]
            bodies = {one.body for one in answers if one.status == 200}
            if bodies:
                self.doubles += len(bodies) - 1
                self.rotations += 1
                pair: dict[str, str] = next(one for one in answers if one.status == 200).json
                return pair

    def _look_back(self) -> None:
        """Show that what was logged out is out, the last and one of long ago."""
        for token in (self.ended[-1], self.ended[0]):
            if self.ask("GET", "/", token).status == 200:
                self.revived.append(token)


@contextmanager
def dying(server: Server) -> Iterator[None]:
    """Kill one of the workers every second, until the block ends."""
    stop = threading.Event()

    def kill() -> None:
        while not stop.wait(1):
            # It may have died of something else, or not answer.
            with suppress(OSError, HTTPException, ProcessLookupError, ValueError):
                os.kill(int(server.ask("GET", "/pid").json), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)


@pytest.mark.full
@pytest.mark.parametrize("kind", ["sqlite", "redis", "postgres"])
def test_nothing_is_doubled_lost_or_broken(
    kind: str, url_of: Callable[[str], str], tmp_path: Path
) -> None:
    """REF-1, REF-7, REV-1: over a minute, with a worker killed every second."""
    with serving(url_of(kind), tmp_path, workers=3, threads=8) as server:
        clients = [Client(server, f"user-{n}") for n in range(CLIENTS)]
        until = time.monotonic() + SECONDS

        def go_on(client: Client) -> None:
            with ThreadPoolExecutor(3) as pool:
                while time.monotonic() < until:
                    client.live(pool)

        with dying(server), ThreadPoolExecutor(CLIENTS) as all_of_them:
            for done in [all_of_them.submit(go_on, client) for client in clients]:
                done.result()
        for client in clients:
            passes = [token for token in client.ended if server.status(token) == 200]
            client.revived += passes

    statuses = {status for client in clients for _, status in client.statuses}
    assert statuses <= {NO_ANSWER, 200, 204, 401, 503}
    assert sum(client.doubles for client in clients) == 0
    assert [token for client in clients for token in client.revived] == []
    assert min(client.rotations for client in clients) > 2 * ROUNDS
