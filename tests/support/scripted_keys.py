"""The key set of an issuer that a test changes, and counts the fetches of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from jwtpolicy.keys import KeyRing
from jwtpolicy.keys.fetch_limits import FetchError
from jwtpolicy.keys.remote_set import read_set
from jwtpolicy.keys.remote_source import Download
from tests.support.key_answers import Document, public_jwk

ISSUER: Final = "https://login.example"
PRIVATE: Final = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
#: Three keys, by the names k0, k1 and k2.
JWKS: Final = [public_jwk(key, f"k{number}", "ES256") for number, key in enumerate(PRIVATE)]
#: Seconds for which a set is used, unless a test says another time.
LIFETIME: Final = 600
_LONG: Final = 60


def names(ring: KeyRing) -> set[str | None]:
    """Return the names of the keys of a ring."""
    return {key.key_id for key in ring.named_keys()}


def settle() -> None:
    """Wait until no fetch is under way."""
    for thread in threading.enumerate():
        if thread.name == "jwtpolicy-keys":
            thread.join(_LONG)


class ScriptedKeys:
    """The key set of an issuer.

    Attributes:
        members: The set; None: it cannot be fetched.
        fetched_at: When it was fetched, with success or without.
        lifetime: Seconds for which the set is used.
        gate: Clear, a fetch waits.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.members: Sequence[Document] | None = JWKS[:1]
        self.fetched_at: list[float] = []
        self.lifetime: float = LIFETIME
        self.gate = threading.Event()
        self.gate.set()
        self._began = threading.Condition()
        self._clock = clock

    def __call__(self) -> Download:
        with self._began:
            gate = self.gate
            self.fetched_at.append(self._clock())
            self._began.notify_all()
        assert gate.wait(_LONG)
        if self.members is None:
            msg = "login.example cannot be reached"
            raise FetchError(msg)
        return Download(read_set({"keys": [*self.members]}, ["ES256"]), self.lifetime)

    def wait_for(self, number: int) -> None:
        """Wait until so many fetches have begun."""
        with self._began:
            assert self._began.wait_for(lambda: len(self.fetched_at) >= number, _LONG)

    def open_later(self) -> None:
        """Let fetches wait for a while, in which others may come."""
        self.gate.clear()
        threading.Timer(0.2, self.gate.set).start()
