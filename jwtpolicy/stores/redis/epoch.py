"""The epoch of each slot: detects that a server lost its memory or went back in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from ...clock import Clock, elapsed
from ...exceptions import StoreUnavailableError
from ..lineage import Age, Lineage, warn_of
from .keys import TAGS, Keys
from .records import unreadable
from .server import Key, Server

#: The one policy under which a full server drops nothing.
_KEEPING: Final = "noeviction"
#: Seconds for which it is believed that a server has that policy still.
_CHECKED_FOR: Final = 60.0
#: The prefix of an epoch that began because the server went back in time.
_STRICTLY: Final = b"="


class Memory(NamedTuple):
    """The memory of a slot: since when it has all entries, and whether that is to be doubted.

    Attributes:
        began: The second in which its memory began.
        is_strict: Whether older tokens are refused even where their session is known: the entry
            may date from before the session was ended.
    """

    began: int
    is_strict: bool


class Epoch:
    """The time at which each slot's memory began, and the mark that the server has reached.

    Where a slot has forgotten, its epoch is gone too, and begins anew: tokens that were issued
    before, and belong to no session that is known since, are refused. A server's whole memory is
    lost or none of it, as far as the server may not evict: one that may is not asked.

    A mark grows while the server is written to, once in a second at the most for each process. One
    that is lower than it was seen to be belongs to an older copy. There is one mark for all, but
    on a Cluster, where a node may go back by itself, one in each slot.

    Args:
        server: The server that is asked.
        prefix: The prefix of all keys.
        clock: Returns seconds since the epoch.
        is_cluster: Whether the server is a Cluster.
        timer: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        server: Server,
        prefix: str,
        clock: Clock,
        is_cluster: bool = False,
        timer: Callable[[], float] = elapsed,
    ) -> None:
        self._server = server
        self._clock = clock
        self._prefix = prefix
        self._is_cluster = is_cluster
        self._keys = [Keys(prefix, tag).epoch for tag in TAGS]
        self._timer = timer
        self._check_at = float("-inf")
        self._lineage = Lineage(timer)

    def keys(self, tag: str) -> list[Key]:
        """Return the keys of a slot's epoch and of its mark."""
        return [Keys(self._prefix, tag).epoch, self._mark(tag)]

    def seen(self, tag: str) -> Age:
        """Return the age of the slot as seen so far; read it before asking the server."""
        return self._lineage.seen(self._mark(tag))

    def read(self, tag: str, seen: Age, found: Sequence[bytes | None]) -> Memory:
        """Return the memory of the slot, given the values *found* at `keys`.

        Raises:
            StoreUnavailableError: The server cannot be asked, may evict entries, or holds a value
                there that this library did not write.
        """
        if found[0] is None or self._timer() >= self._check_at:
            self._check_eviction()
            self._check_at = self._timer() + _CHECKED_FOR
        if found[0] is None:
            # Later than before, or whoever saw that would take this for an older copy.
            began = max(self._now(), seen.began + 1)
            self._begin(str(began).encode(), "NX")
            return Memory(began, is_strict=False)
        age = _age(found)
        if age < seen:
            # From memory, it may be what was true a moment ago.
            found = self._server.ask("MGET", *self.keys(tag))
            age = _age(found)
        if age < seen:
            warn_of("the Redis token store", seen, age)
            return self._begin_again(tag, seen, age)
        self._lineage.see(age, self._mark(tag))
        return Memory(age.began, bytes(found[0] or b"").startswith(_STRICTLY))

    def advance(self, written: Sequence[Key]) -> None:
        """Advance the mark after keys were written; a failure is ignored."""
        start = len(self._prefix.encode()) + 1
        tag = written[0][start : start + 2].decode()
        mark = self._mark(tag)
        if not self._lineage.is_due(mark):
            return
        self._lineage.advanced(mark)
        try:
            # Not past what was seen before, if it is below: nobody would notice any more.
            self.read(tag, self.seen(tag), self._server.ask("MGET", *self.keys(tag)))
            number = int(self._server.ask("INCR", mark))
        except StoreUnavailableError:
            return  # what was written is written
        self._lineage.see(self._lineage.seen(mark)._replace(mark=number), mark)
        self._server.changed([mark])

    def _mark(self, tag: str) -> Key:
        return Keys(self._prefix, tag if self._is_cluster else TAGS[0]).mark

    def _now(self) -> int:
        """Return the earlier of the caller's clock and the server's.

        By a clock that is ahead nobody could log in until all others had caught up with it.
        """
        return min(int(self._clock()), self._server.time())

    def _begin(self, value: bytes, *condition: str) -> None:
        """Write the beginning of memory into all slots.

        A token that is looked up later must not be taken for one from before.
        """
        self._server.ask_all(("SET", key, value, *condition) for key in self._keys)
        self._server.changed(self._keys)

    def _begin_again(self, tag: str, seen: Age, found: Age) -> Memory:
        # No earlier than before: whoever saw that would take this for an older copy, too.
        began = max(self._now(), seen.began)
        self._begin(_STRICTLY + str(began).encode())
        self._server.ask("INCRBY", self._mark(tag), max(0, seen.mark - found.mark) + 1)
        self._server.changed([self._mark(tag)])
        return Memory(began, is_strict=True)

    def _check_eviction(self) -> None:
        for memory in self._server.memory():
            policy = memory["maxmemory_policy"]
            if memory["maxmemory"] and policy != _KEEPING:
                msg = (
                    f"the Redis token store may evict revocations: its maxmemory-policy is "
                    f"{policy}; set noeviction, or JWT_STORE_LOST to 'accept'"
                )
                raise StoreUnavailableError(msg)


def _age(found: Sequence[bytes | None]) -> Age:
    epoch, mark = found
    try:
        return Age(int((epoch or b"0").removeprefix(_STRICTLY)), int(mark or 0))
    except ValueError as error:
        raise unreadable() from error
