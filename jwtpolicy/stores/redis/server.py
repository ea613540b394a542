"""Ask the server, in bounded time, and say in one way that it cannot be asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, Final

from redis.exceptions import NoScriptError, RedisClusterException, RedisError

from ...exceptions import StoreUnavailableError
from .address import Address
from .clients import Client, connect
from .forks import Restarting
from .records import OTHER_VERSION, other_version
from .scripts import Script

#: What redis-py raises where a server does not do what it was asked.
FAILURES: Final = (RedisError, RedisClusterException, OSError)

#: Keys that one round trip of a scan looks at.
_SCANNED: Final = 512

Key = bytes


class Server(Restarting):
    """The client of one store: made at the first use, shared by threads, not by processes.

    Args:
        address: Where the server is.
        timeout: Seconds to wait for it, and for one's turn.

    Attributes:
        changed: Called with the keys that may have been changed, also where it was not answered.
    """

    def __init__(self, address: Address, timeout: float) -> None:
        self._connect = partial(connect, address, timeout)
        self._is_cluster = address.kind == "cluster"
        self._timeout = timeout
        self._limit = address.max_connections
        self.changed: Callable[[Sequence[Key]], None] = _ignored
        super().__init__()

    def begin(self) -> None:
        self._client: Client | None = None
        self._making = threading.Lock()
        self._turns = threading.BoundedSemaphore(self._limit)

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
        """Return what *script* returns; the keys are all in one slot.

        Raises:
            StoreUnavailableError: The server cannot be asked, or did not answer in time.
        """
        try:
            return self._run(script, keys, arguments)
        finally:
            self.changed(keys)

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
        """Return what each server that can be written to says of its memory."""
        with self._turn() as client:
            options = {"target_nodes": "primaries"} if self._is_cluster else {}
            found = client.execute_command("INFO", "memory", **options)
            return [found] if "maxmemory" in found else list(found.values())

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

    def close(self) -> None:
        """Close the connections; the next question opens others."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    @contextmanager
    def _turn(self) -> Iterator[Client]:
        if not self._turns.acquire(timeout=self._timeout):
            msg = "the Redis token store failed: all connections are in use"
            raise StoreUnavailableError(msg)
        try:
            yield self._client or self._made()
        except FAILURES as error:
            raise unavailable(error) from error
        finally:
            self._turns.release()

    def _made(self) -> Client:
        with self._making:
            if self._client is None:
                self._client = self._connect()
            return self._client


def unavailable(error: Exception) -> StoreUnavailableError:
    """Return what to raise from *error*, whose words may show what was sent."""
    if OTHER_VERSION in str(error):
        return other_version()
    return StoreUnavailableError(f"the Redis token store failed: {type(error).__name__}")


def _ignored(keys: Sequence[Key]) -> None:
    """Nobody remembers what *keys* held."""
