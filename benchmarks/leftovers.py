"""Measure what refused requests leave behind for the garbage collector."""

from __future__ import annotations

import gc
import io
import weakref
from dataclasses import dataclass
from typing import Any

from . import credentials
from .credentials import Credential
from .goals import Amount, Goal, LikeBare
from .keys import make_keys
from .measuring import Figures, answer, environ_of
from .systems import Bare, FlaskJWTExtended, Ours, System

#: A megabyte, so that bodies can be counted.
_BODY = bytes(1_000_000)
#: Anonymous requests that each bring one.
_POSTS = 400
#: Refused requests after which garbage is counted.
_REFUSALS = 20
_LIKE_BARE = LikeBare()


class Body(io.BytesIO):
    """The body of a request; weak sets take it."""

    __hash__ = object.__hash__


@dataclass(frozen=True)
class Leftovers:
    """Objects in reference cycles after one refused request.

    Attributes:
        name: What ``--only`` calls it.
        title: What the table calls it.
        sends: What the requests present.
        goal: What the figure has to stay below.
        unit: That of the figures.
    """

    name: str
    title: str
    sends: Credential
    goal: Goal = _LIKE_BARE
    unit: str = "objects"

    def figures(self, _rounds: int) -> Figures:
        """Count for each system; the count is the same every time."""
        keys = make_keys("HS256")
        base, *others = (make(keys) for make in (Bare, FlaskJWTExtended, Ours))
        added = {system.name: self.left(system) for system in others}
        return Figures(self.left(base), added)

    def left(self, system: System) -> float:
        """Return how many objects the collector finds for one request to *system*."""
        environ = self._environ(system)
        answer(system.app.wsgi_app, environ.copy())
        gc.collect()
        gc.disable()
        try:
            for _ in range(_REFUSALS):
                answer(system.app.wsgi_app, environ.copy())
            return gc.collect() / _REFUSALS
        finally:
            gc.enable()

    def _environ(self, system: System) -> dict[str, Any]:
        headers = {} if isinstance(system, Bare) else self.sends(system)
        return environ_of("GET", "/plain", headers)


class HeldBodies(Leftovers):
    """Bodies of refused requests that are in memory at once, although all were answered."""

    def left(self, system: System) -> float:
        """Return the most megabytes that requests to *system* hold, while the collector runs."""
        alive: weakref.WeakSet[Body] = weakref.WeakSet()
        gc.collect()
        return float(max(self._post(system, alive) for _ in range(_POSTS)))

    def _post(self, system: System, alive: weakref.WeakSet[Body]) -> int:
        body = Body(_BODY)
        alive.add(body)
        headers = {"Content-Length": str(len(_BODY))}
        environ = environ_of("POST", "/plain", headers, body)
        del body
        answer(system.app.wsgi_app, environ)
        del environ
        return len(alive)


LEFTOVERS = (
    Leftovers("cycles", "cycles: no token", credentials.nothing),
    Leftovers("cycles-garbage", "cycles: garbage", credentials.garbage),
    Leftovers("cycles-signature", "cycles: bad signature", credentials.bad_signature),
    Leftovers("cycles-expired", "cycles: expired", credentials.expired),
    HeldBodies("bodies", "400 bodies of 1 MB, held", credentials.nothing, Amount(5, "MB"), "MB"),
)
