"""Notice that a server has lost its memory, and since when it remembers."""

from __future__ import annotations

from typing import Final

from ...clock import Clock
from ...exceptions import StoreUnavailableError
from .keys import TAGS, Keys
from .server import Server

#: The one policy under which a full server drops nothing.
_KEEPING: Final = "noeviction"


class Epoch:
    """When each slot's memory began.

    Where a slot has forgotten, its epoch is gone too, and begins anew: tokens that were issued
    before, and belong to no session that is known since, are refused. A server's whole memory is
    lost or none of it, as far as the server may not evict: one that may is not asked.

    Args:
        server: Whom to ask.
        prefix: What the names of keys begin with.
        clock: Where the time comes from.
    """

    def __init__(self, server: Server, prefix: str, clock: Clock) -> None:
        self._server = server
        self._clock = clock
        self._keys = [Keys(prefix, tag).epoch for tag in TAGS]
        self._is_checked = False

    def began(self, found: bytes | None) -> int:
        """Return the second in which memory began, *found* being what the slot says.

        Raises:
            StoreUnavailableError: The server cannot be asked, or may evict what it knows.
        """
        if not self._is_checked or found is None:
            self._check_eviction()
            self._is_checked = True
        return self._begin() if found is None else int(found)

    def _begin(self) -> int:
        """Let memory begin now, wherever it has not.

        In all slots: a token that is looked up later must not be taken for one from before.
        """
        now = int(self._clock())
        self._server.ask_all(("SET", key, now, "NX") for key in self._keys)
        return now

    def _check_eviction(self) -> None:
        for memory in self._server.memory():
            policy = memory["maxmemory_policy"]
            if memory["maxmemory"] and policy != _KEEPING:
                msg = (
                    f"the Redis token store may evict revocations: its maxmemory-policy is "
                    f"{policy}; set noeviction, or JWT_STORE_LOST to 'accept'"
                )
                raise StoreUnavailableError(msg)
