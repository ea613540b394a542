"""The ring of a source that is asked again while the process runs, such as a folder of keys."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from ..clock import Clock
from ..exceptions import ConfigurationError, expect
from .ring import KeyRing

logger = logging.getLogger("jwtpolicy")


class ReloadingKeys:
    """The ring in use, and the function that returns the next one.

    What the function raises is logged, and the ring stays as it was: a mistake in a file must not
    log everybody out. The request that finds that it is time asks, and the others use the ring as
    it is: no request waits for another one, and no lock can be held while a process forks.

    Args:
        read: Returns the ring; the same object if nothing has changed. Two threads may call it at
            the same time, though seldom.
        every: Seconds after which it is asked again.
        clock: Returns seconds since the epoch.

    Raises:
        ConfigurationError: The first call raises it, or returns what is no ring.
    """

    def __init__(self, read: Callable[[], KeyRing], every: float, clock: Clock) -> None:
        self._read = read
        self._every = every
        self._clock = clock
        self._looked_at = clock()
        self._ring = _checked(read())

    def current(self) -> KeyRing:
        """Return the ring in use, after another look if it is time for one."""
        now = self._clock()
        # Either way: a clock that was set back must not end the looking.
        if abs(now - self._looked_at) >= self._every:
            self._look(now)
        return self._ring

    def _look(self, now: float) -> None:
        self._looked_at = now
        try:
            ring = _checked(self._read())
        except Exception as error:  # noqa: BLE001 # whatever it is, the keys that are there stay
            logger.error("the keys could not be read again, and stay as they are: %s", _told(error))
            return
        if ring is not self._ring:
            logger.info("the keys have changed: %r", ring)
            self._ring = ring


def _checked(ring: KeyRing) -> KeyRing:
    expect(ring, KeyRing, _RING, ConfigurationError, is_secret=True)
    return ring


_RING: Final = (
    "JWTManager(keys=…) takes a KeyRing, such as KeyRing(Key(…, algorithm)), or a function that "
    "returns one"
)


def _told(error: Exception) -> str:
    """Return what may stand in a log: the text of others' errors may show a key."""
    return str(error) if isinstance(error, ConfigurationError) else type(error).__name__
