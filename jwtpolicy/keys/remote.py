"""The keys of an issuer, fetched again while the process runs (KEY-6)."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from ..clock import Clock, elapsed
from ..connections.forks import PerProcess
from ..exceptions import KeysUnavailableError
from .fetch_budget import COOL_DOWN, FetchBudget
from .fetch_limits import FetchError
from .fetching import MAX_TIMEOUT
from .remote_members import LeftOut, Matter
from .remote_set import RemoteRing
from .remote_source import Download
from .ring import KeyRing

logger = logging.getLogger("jwtpolicy")

#: Seconds after the last success for which keys are used that cannot be fetched again: a day.
#: Somebody who can cut the line keeps a withdrawn key in use for as long.
STALE_FOR: Final = 86_400.0
#: Seconds after its lifetime for which a set is used while it is fetched; later, requests wait for
#: the fetch, unless the last one has just failed. A server that gets requests all the time never
#: waits, and one that had none for hours does not use keys that were withdrawn meanwhile.
_OVERTIME: Final = 60.0
#: Seconds after which a fetch has been lost: its thread never ran.
_LOST_AFTER: Final = 6 * MAX_TIMEOUT


class _Known(NamedTuple):
    """The ring of the last fetch that succeeded.

    Attributes:
        ring: The keys.
        left_out: The members of the set that were left out, which the log has.
        refresh_at: When it is fetched again.
        wait_at: From when on requests wait for that.
        ends_at: When it is used no longer.
    """

    ring: RemoteRing
    left_out: frozenset[LeftOut]
    refresh_at: float
    wait_at: float
    ends_at: float


class _Fetch(NamedTuple):
    """A fetch under way; `done` is set at its end."""

    done: threading.Event
    lost_at: float


class _Fetches:
    """The fetches of one process: at most one at a time, within the budget."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.budget = FetchBudget()
        self.under_way: _Fetch | None = None


class RemoteKeys:
    """The keys of one issuer, which is a `KeySource`.

    A set is fetched at first use, or by `warm_up`, and again when its lifetime is over: by a thread
    in the background, while requests use the keys that are known. Only a process that had no
    request for a minute at that time waits for the fetch: keys may have been withdrawn in hours
    without one. If the set cannot be fetched, the known keys are used for up to 24 hours after the
    last success. A token that names an unknown key leads to a fetch too, by `renewed`.

    All of that together makes at most three fetches in a row, and then one for each cool-down of 30
    seconds and process, also if they fail. Each 30 seconds that pass give one back, up to three.
    Requests that need the same fetch share it, and no lock is held during it. After a fork, the
    child uses the keys that its parent knew, and fetches by itself.

    Args:
        issuer: The identifier of the issuer, for the log.
        download: Fetches the set; it raises `FetchError`.
        clock: Returns seconds that pass evenly.
    """

    def __init__(
        self, issuer: str, download: Callable[[], Download], clock: Clock = elapsed
    ) -> None:
        self._issuer = issuer
        self._download = download
        self._clock = clock
        self._known: _Known | None = None
        self._is_failing = False
        self._logged_at = -math.inf
        self._fetches = PerProcess(_Fetches)

    def __repr__(self) -> str:
        return f"<RemoteKeys of {self._issuer}>"

    def current(self) -> KeyRing:
        """Return the ring in use; it is the same one as long as the keys are the same.

        Raises:
            KeysUnavailableError: The keys were never fetched, or not within 24 hours.
        """
        known, now = self._known, self._clock()
        if known is not None and now < known.refresh_at:
            return known.ring
        fetch = self._start(known, now)
        if known is None or now >= known.wait_at:
            self._wait(fetch)
            known, now = self._known, self._clock()
        if known is None or now >= known.ends_at:
            wait = self._fetches().budget.wait(now)
            reason = f"the keys of {self._issuer} cannot be fetched"
            raise KeysUnavailableError(reason, retry_after=max(1, math.ceil(wait)))
        return known.ring

    def renewed(self, ring: KeyRing) -> KeyRing:
        """Return a newer ring than *ring*, if there is one or one can be fetched now; else *ring*.

        Call it once for a token whose key *ring* does not have. It fetches within the budget, and
        costs next to nothing beyond it. If the last fetch has failed, only the request that starts
        the next one waits for it.
        """
        known = self._known
        if known is not None and known.ring is not ring:
            return known.ring
        self._wait(self._start(known, self._clock()))
        known = self._known
        return ring if known is None else known.ring

    def warm_up(self) -> None:
        """Fetch the set in the background, so that the first request need not; never raises."""
        if self._known is None:
            self._start(None, self._clock())

    def _start(self, known: _Known | None, now: float) -> tuple[_Fetch | None, bool]:
        """Return the fetch that is under way, and whether it was started here; None: there is none.

        The lock is held for no longer than this takes.

        Args:
            known: The keys because of which a fetch is wanted. If there are others by now, another
                request's fetch has just ended, and none is needed.
            now: The time.
        """
        fetches = self._fetches()
        with fetches.lock:
            under_way = fetches.under_way
            if under_way is not None and now < under_way.lost_at:
                return under_way, False
            if self._known is not known or not fetches.budget.take(now):
                return None, False
            fetch = fetches.under_way = _Fetch(threading.Event(), now + _LOST_AFTER)
        work = partial(self._run, fetches, fetch)
        try:
            threading.Thread(target=work, name="jwtpolicy-keys", daemon=True).start()
        except RuntimeError:  # there are too many threads, or the process ends
            work()
        return fetch, True

    def _wait(self, started: tuple[_Fetch | None, bool]) -> None:
        """Wait for a fetch; but for another request's only if the last one has succeeded."""
        fetch, is_own = started
        if fetch is not None and (is_own or not self._is_failing):
            # A little longer than the fetch itself may take: whoever gave up before its end would
            # leave the next request with a fetch that has failed already.
            fetch.done.wait(MAX_TIMEOUT + 1)

    def _run(self, fetches: _Fetches, fetch: _Fetch) -> None:
        try:
            self._learn(self._download())
        except Exception as error:  # noqa: BLE001 # whatever it is, the keys that are known stay
            self._fail(error)
        finally:
            with fetches.lock:
                if fetches.under_way is fetch:
                    fetches.under_way = None
            fetch.done.set()

    def _learn(self, download: Download) -> None:
        """Use the keys that were fetched."""
        (ring, left_out), lifetime = download
        known, now = self._known, self._clock()
        if known is not None and known.ring.identity == ring.identity:
            ring = known.ring  # whatever is remembered of it stays good
        elif known is not None:
            logger.info("the keys of %s have changed: %r", self._issuer, ring)
        refresh_at, ends_at = now + lifetime, now + STALE_FOR
        wait_at = min(refresh_at + _OVERTIME, ends_at)
        news = frozenset(left_out) - (known.left_out if known else frozenset())
        self._known = _Known(ring, frozenset(left_out), refresh_at, wait_at, ends_at)
        if self._is_failing:
            self._is_failing = False
            logger.info("the keys of %s can be fetched again", self._issuer)
        for member in sorted(news, key=repr):
            self._log_left_out(member)

    def _fail(self, error: Exception) -> None:
        """Go on with the keys that are known."""
        known, now = self._known, self._clock()
        if known is not None:
            wait_at = min(max(known.wait_at, now + _OVERTIME), known.ends_at)
            self._known = known._replace(wait_at=wait_at)
        self._is_failing = True
        if now - self._logged_at >= COOL_DOWN:
            self._logged_at = now
            logger.error("the keys of %s cannot be fetched: %s", self._issuer, _told(error))

    def _log_left_out(self, member: LeftOut) -> None:
        key_id, reason, matter = member
        if matter is Matter.LEAK:
            logger.error(
                "the key set of %s shows a secret, and the key is not used: kid=%r: %s",
                self._issuer,
                key_id,
                reason,
            )
        elif matter is Matter.FAULT:
            logger.warning("a key of %s is not used: kid=%r: %s", self._issuer, key_id, reason)
        else:
            logger.info(
                "a key of %s is for something else: kid=%r: %s", self._issuer, key_id, reason
            )


def _told(error: Exception) -> str:
    """Return what may be logged: the text of others' errors may show a key."""
    return str(error) if isinstance(error, FetchError) else type(error).__name__
