"""Keep several clients busy at one server, and remember what each was answered and when."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException

from tests.support.machines.servers import NO_ANSWER, Answer, Server


@dataclass(frozen=True)
class Seen:
    """An answer, and when it was asked for and came, in seconds of `time.monotonic`."""

    asked: float
    came: float
    answer: Answer


@dataclass
class Traffic:
    """What the clients have seen so far, by their names."""

    server: Server
    seen: dict[str, list[Seen]] = field(default_factory=dict)

    def statuses(self, client: str, after: float = 0, before: float = float("inf")) -> set[int]:
        """Return what a client was told that asked and was answered in a span of time."""
        return {
            one.answer.status
            for one in self.seen[client]
            if after < one.asked and one.came < before
        }

    def wait_for(self, status: int, *clients: str) -> None:
        """Wait until each of *clients* has asked anew and was told *status*."""
        now = time.monotonic()
        for client in clients:
            while status not in self.statuses(client, now):
                assert time.monotonic() < now + 120, f"{client} does not get {status}"
                time.sleep(0.02)

    def ask(self, client: str, method: str, path: str, token: str | None = None) -> Answer:
        asked = time.monotonic()
        try:
            answer = self.server.ask(method, path, token)
        except (OSError, HTTPException):  # refused, cut off, or cut short
            answer = Answer(NO_ANSWER, b"")
        self.seen[client].append(Seen(asked, time.monotonic(), answer))
        return answer


#: What a client does, again and again.
Act = Callable[[], object]


def refreshing(traffic: Traffic, client: str, token: str) -> Act:
    """Return a client that renews its tokens, and sends the same one again when it is refused."""
    current = [token]

    def act() -> None:
        answer = traffic.ask(client, "POST", "/refresh", current[0])
        if answer.status == 200:
            current[0] = answer.json["refresh_token"]

    return act


@contextmanager
def flowing(traffic: Traffic, clients: dict[str, Act]) -> Iterator[Traffic]:
    """Let all clients go on until the block ends."""
    stop = threading.Event()

    def go_on(act: Act) -> None:
        while not stop.is_set():
            act()

    traffic.seen.update({name: [] for name in clients})
    threads = [threading.Thread(target=go_on, args=(act,)) for act in clients.values()]
    for thread in threads:
        thread.start()
    try:
        yield traffic
    finally:
        stop.set()
        for thread in threads:
            thread.join(120)
