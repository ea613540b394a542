"""The client of a Redis server, with bounded waits and one error for outages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, Final

from redis.exceptions import NoScriptError

from ...connections.deadlines import left, within
from ...connections.forks import PerProcess
from ...exceptions import StoreUnavailableError
from .address import Address
from .clients import Client, FixedLink, Links, connect
from .failures import FAILURES, unavailable
from .primary import Primary
from .scripts import Script

#: Keys that one round trip of a scan looks at.
_SCANNED: Final = 512

Key = bytes


class _Access:
    """The links of one process, and a semaphore that limits its concurrent commands."""

    __slots__ = ("links", "turns")

    def __init__(self, address: Address, timeout: float) -> None:
        self.turns = threading.BoundedSemaphore(address.max_connections)
        self.links: Links
        if address.kind == "sentinel":
            self.links = Primary(address, timeout)
        else:
            self.links = FixedLink(partial(connect, address, timeout))

    def close(self) -> None:
        """Close the connections; the next question opens others."""
        self.links.close()


class Server:
    """The server of one store: its client is made at the first use, one for each process.

    Args:
        address: The address of the server.
        timeout: Seconds to wait for it, and for one's turn.

    Attributes:
        changed: Called with the keys that may have been changed, also where it was not answered;
            with None where nobody knows which.
        written: Called with the keys of a script that was answered.
    """

    def __init__(self, address: Address, timeout: float) -> None:
        self._access = PerProcess(partial(_Access, address, timeout), _Access.close)
        self._is_cluster = address.kind == "cluster"
        self._timeout = timeout
        self.changed: Callable[[Sequence[Key] | None], None] = _ignored
        self.written: Callable[[Sequence[Key]], None] = _ignored

    def ask(self, *command: Any) -> Any:
        """Return the answer to one command.

        Raises:
            StoreUnavailableError: The server cannot be asked, or did not answer in time.
        """
        with self._turn() as client:
            return client.execute_command(*command)

    def change(self, keys: Sequence[Key], *command: Any) -> Any:
        """Return the answer to a command that changes *keys*.

        Raises:
            StoreUnavailableError: The server cannot be asked, or did not answer in time.
        """
        try:
            return self.ask(*command)
        finally:
            self.changed(keys)

    def run(self, script: Script, keys: Sequence[Key], *arguments: Any) -> Any:
        """Run *script* and return its result; the keys are all in one slot.

        Raises:
            StoreUnavailableError: The server cannot be asked, or did not answer in time.
        """
        return self._noted(script, keys, arguments, keys)

    def run_widely(self, script: Script, keys: Sequence[Key], *arguments: Any) -> Any:
        """Run a script that may change more than *keys*, all in one slot, and return its result.

        Raises:
            StoreUnavailableError: The server cannot be asked, or did not answer in time.
        """
        return self._noted(script, keys, arguments, None)

    def _noted(
        self,
        script: Script,
        keys: Sequence[Key],
        arguments: tuple[Any, ...],
        changed: Sequence[Key] | None,
    ) -> Any:
        """Run *script*, and call the hooks `changed` and `written`."""
        try:
            found = self._run(script, keys, arguments)
        finally:
            self.changed(changed)
        self.written(keys)
        return found

    def _run(self, script: Script, keys: Sequence[Key], arguments: tuple[Any, ...]) -> Any:
        called = (len(keys), *keys, *arguments)
        with self._turn() as client:
            try:
                return client.execute_command("EVALSHA", script.name, *called)
            except NoScriptError:
                # It was restarted, flushed, or has never seen it: with its text it learns it.
                return client.execute_command("EVAL", script.text, *called)

    def ask_all(self, commands: Iterable[Sequence[Any]]) -> list[Any]:
        """Return the answers to many commands that may be executed in any order."""
        with self._turn() as client:
            pipeline = client.pipeline(transaction=False)
            for command in commands:
                pipeline.execute_command(*command)
            answers: list[Any] = pipeline.execute()
            return answers

    def memory(self) -> list[Mapping[str, Any]]:
        """Return the memory section of INFO of each primary."""
        with self._turn() as client:
            options = {"target_nodes": "primaries"} if self._is_cluster else {}
            found = client.execute_command("INFO", "memory", **options)
            return [found] if "maxmemory" in found else list(found.values())

    def time(self) -> int:
        """Return the second that a server's clock shows."""
        with self._turn() as client:
            options = {"target_nodes": "random"} if self._is_cluster else {}
            return int(client.execute_command("TIME", **options)[0])

    def scan(self, pattern: bytes) -> Iterator[Key]:
        """Yield the keys that match *pattern*, of all nodes, some perhaps twice."""
        with self._turn() as client:
            found = iter(client.scan_iter(match=pattern, count=_SCANNED))
        while True:
            # Nobody's turn lasts while the caller does something else.
            with self._turn():
                keys = list(islice(found, _SCANNED))
            if not keys:
                return
            yield from keys

    def links(self) -> Links:
        """Return this process's source of links to the server."""
        return self._access().links

    def close(self) -> None:
        """Close the connections; the next question opens others."""
        self._access().close()

    @contextmanager
    def _turn(self) -> Iterator[Client]:
        access = self._access()
        with within(self._timeout):
            if not access.turns.acquire(timeout=left(self._timeout)):
                msg = "the Redis token store failed: all connections are in use"
                raise StoreUnavailableError(msg)
            try:
                yield access.links().client
            except FAILURES as error:
                raise unavailable(error) from error
            finally:
                access.turns.release()


def _ignored(keys: Sequence[Key] | None) -> None:
    """Do nothing: without a near cache no values of *keys* are kept."""
