"""The keys of another issuer, as a source of rings that may have a newer one."""

from __future__ import annotations

from typing import Protocol

from ..exceptions import InvalidTokenError
from ..keys import KeyRing


class IssuerKeys(Protocol):
    """The keys of an issuer: given once, or fetched again."""

    def current(self) -> KeyRing:
        """Return the ring in use.

        Raises:
            KeysUnavailableError: The keys were never fetched, or too long ago.
        """

    def renewed(self, ring: KeyRing) -> KeyRing:
        """Return a newer ring than *ring*, which does not know a key; or *ring* itself."""

    def warm_up(self) -> None:
        """Get ready in the background, where that takes time."""


class GivenKeys:
    """Keys that were given once and never change."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def current(self) -> KeyRing:
        return self._ring

    def renewed(self, ring: KeyRing) -> KeyRing:
        return ring

    def warm_up(self) -> None:
        pass


class OnlyOpaque:
    """The keys of an issuer whose tokens are all opaque: it signs nothing that is read here."""

    def current(self) -> KeyRing:
        msg = "no JWT of this issuer is accepted: its Issuer has neither keys= nor jwks_uri="
        raise InvalidTokenError(msg)

    def renewed(self, ring: KeyRing) -> KeyRing:
        return ring  # pragma: no cover # there is no ring to begin with

    def warm_up(self) -> None:
        pass
