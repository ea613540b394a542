"""Offer a clock that does not go by itself."""

from __future__ import annotations


class StandingClock:
    """A clock that goes only when it is told to."""

    def __init__(self, now: float = 1_800_000_000) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
