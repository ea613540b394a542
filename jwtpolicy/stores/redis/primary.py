"""The primary behind Sentinels, used only while a majority of them and it itself confirm it."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

from redis.exceptions import ResponseError

from ...clock import elapsed
from ...connections.deadlines import left
from ...exceptions import StoreUnavailableError
from .address import Address
from .clients import Link, link_to, link_to_sentinel
from .failures import FAILURES, unavailable

#: Seconds for which it is believed who the primary is.
MAX_AGE: Final = 1.0

_Host = tuple[str, int]

_LOG: Final = logging.getLogger("jwtpolicy")


class _Confirmed(NamedTuple):
    """A confirmed primary, with the time at which the first Sentinel was asked."""

    link: Link
    host: _Host
    asked_at: float


class Primary:
    """The link to the primary that a majority of the Sentinels agree on.

    In a partition the old primary goes on answering whoever can still reach it, and knows nothing
    of what was revoked at the new one. So an answer about the primary is used for `MAX_AGE`
    seconds after it was asked for; then the first look-up asks again: Sentinels until a majority
    of those in the URL agree, then the server for its role. The others wait for it. Where no
    majority agrees, or the server is no primary, nobody is let in.

    A second after a majority has named another primary, nobody asks the old one any more: two
    majorities have a Sentinel in common, and none goes back to a primary that was replaced. That
    holds where every machine's URL names all Sentinels.

    Args:
        address: The Sentinels, with credentials and options of TLS for them and their servers.
        timeout: Seconds that asking may take, and a command after it.
        timer: A monotonic clock, in seconds.
    """

    def __init__(
        self, address: Address, timeout: float, timer: Callable[[], float] = elapsed
    ) -> None:
        self._address = address
        self._timeout = timeout
        self._timer = timer
        # A Sentinel that hangs is followed by the next, at last by the server, and by the command.
        step = timeout / 2 / (len(address.hosts) + 1)
        # Those that answered last come first: one that hangs is waited for once.
        self._sentinels = [link_to_sentinel(host, address, step) for host in address.hosts]
        self._asking = threading.Lock()
        self._confirmed: _Confirmed | None = None
        self._failed_at = float("-inf")

    def __call__(self) -> Link:
        """Return the link to the primary, confirming it where the last answer is too old.

        Raises:
            StoreUnavailableError: No majority of the Sentinels agrees, or the server that they
                name is no primary or cannot be asked.
        """
        confirmed = self._confirmed
        if confirmed is not None and self._timer() - confirmed.asked_at < MAX_AGE:
            return confirmed.link
        return self._confirm()

    def close(self) -> None:
        """Close the connections; the next question opens others."""
        with self._asking:
            confirmed, self._confirmed = self._confirmed, None
            for link in self._sentinels:
                link.close()
            if confirmed is not None:
                confirmed.link.close()

    def _confirm(self) -> Link:
        """Ask the Sentinels in one thread; threads that waited meanwhile take its result."""
        arrived = self._timer()
        if not self._asking.acquire(timeout=left(self._timeout)):
            raise _unknown("it took too long to ask the Sentinels")
        try:
            confirmed = self._confirmed
            if confirmed is not None and self._timer() - confirmed.asked_at < MAX_AGE:
                return confirmed.link
            if self._failed_at > arrived:
                raise _unknown("another thread asked the Sentinels and got no answer")
            return self._ask()
        finally:
            self._asking.release()

    def _ask(self) -> Link:
        try:
            # Where one hung, the answers of the others may have grown too old meanwhile; the
            # second time it comes last.
            for _ in range(2):
                self._confirmed = confirmed = self._asked()
                if self._timer() - confirmed.asked_at < MAX_AGE:
                    return confirmed.link
            raise _unknown("the answers came too late")
        except FAILURES as error:
            self._failed_at = self._timer()
            raise unavailable(error) from error
        except StoreUnavailableError:
            self._failed_at = self._timer()
            raise

    def _asked(self) -> _Confirmed:
        host, asked_at = self._agreed()
        before = self._confirmed
        if before is not None and before.host == host:
            _check_role(before.link)
            return before._replace(asked_at=asked_at)
        link = link_to(host, self._address, self._timeout / 2)
        _check_role(link)
        _warn_of_lone_writes(link)
        if before is not None:
            before.link.close()
        return _Confirmed(link, host, asked_at)

    def _agreed(self) -> tuple[_Host, float]:
        """Return the host that a majority names, and the time at which the first one was asked."""
        named: Counter[_Host] = Counter()
        first_asked_at = None
        for sentinel in list(self._sentinels):
            asked_at = self._timer()
            try:
                host = self._named_by(sentinel)
            except FAILURES:
                self._sentinels.remove(sentinel)
                self._sentinels.append(sentinel)
                continue
            first_asked_at = asked_at if first_asked_at is None else first_asked_at
            named[host] += 1
            if 2 * named[host] > len(self._sentinels):
                return host, first_asked_at
        raise _unknown("no majority of the Sentinels agrees on one")

    def _named_by(self, sentinel: Link) -> _Host:
        command = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._address.service)
        found = sentinel.client.execute_command(*command)
        if found is None:
            msg = "the Sentinel does not know the service"
            raise ResponseError(msg)
        host, port = found
        return host.decode(), int(port)


def _check_role(link: Link) -> None:
    """Raise if a server is no primary; by HELLO, which every user may send, unlike ROLE."""
    said = link.client.execute_command("HELLO")
    if dict(zip(said[::2], said[1::2], strict=False)).get(b"role") != b"master":
        raise _unknown("the server that the Sentinels name says that it is a replica")


def _warn_of_lone_writes(link: Link) -> None:
    """Warn of a primary that accepts writes without replicas, which a failover loses."""
    try:
        found = link.client.execute_command("CONFIG", "GET", "min-replicas-to-write")
    except ResponseError:
        return  # Not every user may see it.
    if found[1:] == [b"0"]:
        _LOG.warning(
            "the primary of the Redis token store has min-replicas-to-write 0: it acknowledges "
            "revocations that no replica has, and a failover loses them; set it to 1, and "
            "min-replicas-max-lag to a few seconds"
        )


def _unknown(reason: str) -> StoreUnavailableError:
    return StoreUnavailableError(f"the Redis token store has no primary: {reason}")
