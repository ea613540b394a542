"""Keep the cookies of a client for as long as the application's clock says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from werkzeug.test import Cookie

from ..clock import Clock

#: The domain, the path and the name of a cookie, as werkzeug's client keeps them.
_Key = tuple[str, str, str]

_NEVER: Final = float("inf")


class CookieJar(dict[_Key, Cookie]):
    """The cookies of a test client, which werkzeug would keep for ever.

    Args:
        clock: The clock by which ``Max-Age`` and ``Expires`` pass: the application's.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._ends: dict[_Key, float] = {}

    def __setitem__(self, key: _Key, cookie: Cookie) -> None:
        # RFC 6265 section 5.2.3: a dot before the domain means nothing.
        super().__setitem__(key, replace(cookie, domain=cookie.domain.removeprefix(".")))
        self._ends[key] = self._end_of(cookie)

    def _end_of(self, cookie: Cookie) -> float:
        # RFC 6265 section 5.3, step 3: Max-Age wins over Expires.
        if cookie.max_age is not None:
            # In whole seconds, as the times in tokens: a clock that is stopped later stands at one.
            return int(self._clock()) + cookie.max_age
        return _NEVER if cookie.expires is None else cookie.expires.timestamp()

    def move(self, names: Collection[str], host: str) -> None:
        """Let cookies be of another host, for as long as they were to last before.

        Args:
            names: Their names. Those with a domain stay, because it says where they go.
            host: The host.
        """
        moving = [key for key, one in self.items() if one.origin_only and key[2] in names]
        for key in moving:
            cookie, ends = self.pop(key), self._ends.pop(key)
            moved = (host, *key[1:])
            self[moved] = replace(cookie, domain=host)
            self._ends[moved] = ends

    def is_sent(self, name: str, host: str) -> bool:
        """Whether a cookie called *name* goes to *host*, to whatever path; True without any."""
        found = [cookie for cookie in self.values() if cookie.decoded_key == name]
        return not found or any(one._matches_request(host, one.path) for one in found)

    def drop_expired(self) -> None:
        """Drop the cookies whose time has passed, as a browser does before it sends them."""
        now = self._clock()
        for key in [key for key in self if self._ends[key] <= now]:
            del self[key]
