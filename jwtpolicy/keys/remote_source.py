"""Fetch the key set of an issuer from where it is: an address, or what its metadata say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, NamedTuple

from ..clock import Clock, elapsed
from .discovery import checked_issuer, locate_keys
from .fetch_limits import FetchError
from .fetching import Fetched, FetchRules, fetch_json
from .lifetimes import lifetime
from .remote_set import RemoteSet, checked_algorithms, read_set
from .urls import checked_url

#: Seconds after which the metadata are asked again where the key set is.
_LOCATED_FOR: Final = 3600.0


class Download(NamedTuple):
    """A key set that was fetched, and the seconds after which it should be fetched again."""

    found: RemoteSet
    lifetime: float


class RemoteSource:
    """The key set of an issuer; call it to fetch it.

    The metadata are fetched at first, then after an hour, and after each failure: a set that has
    moved is found again.

    Args:
        issuer: The identifier of the issuer, which is ``iss`` of its tokens.
        algorithms: The algorithms of its tokens.
        jwks_uri: The address of the key set; None: the metadata of the issuer say it.
        rules: What may be fetched, and how long all of it together may take.
        clock: Returns seconds that pass evenly.

    Raises:
        ConfigurationError: An address or an algorithm is none; or the issuer is no address, and
            there is no *jwks_uri*.
    """

    def __init__(
        self,
        issuer: str,
        algorithms: Iterable[str],
        jwks_uri: str | None = None,
        rules: FetchRules | None = None,
        clock: Clock = elapsed,
    ) -> None:
        self._rules = rules = rules or FetchRules()
        self._algorithms = checked_algorithms(algorithms)
        self._issuer = None if jwks_uri else checked_issuer(issuer, allow_http=rules.allow_http)
        self._location = jwks_uri
        self._clock = clock
        self._located_at = clock()
        if jwks_uri is not None:
            checked_url(jwks_uri, allow_http=rules.allow_http)

    def __call__(self) -> Download:
        """Fetch the key set.

        Raises:
            FetchError: It cannot be fetched or used.
        """
        fetch = partial(self._fetch, elapsed() + self._rules.timeout)
        try:
            content, headers = fetch(self._locate(fetch))
            return Download(read_set(content, self._algorithms), lifetime(headers))
        except FetchError:
            if self._issuer is not None:
                self._location = None
            raise

    def _fetch(self, end: float, url: str) -> Fetched:
        return fetch_json(url, self._rules.until(end))

    def _locate(self, fetch: Callable[[str], Fetched]) -> str:
        now = self._clock()
        if self._issuer is None:
            return str(self._location)
        if self._location is None or now - self._located_at >= _LOCATED_FOR:
            self._location = locate_keys(self._issuer, fetch, allow_http=self._rules.allow_http)
            self._located_at = now
        return self._location
