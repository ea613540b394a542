"""Time single look-ups, and refuse to time wrong answers."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from jwtpolicy.stores import TokenRef, TokenStore
from jwtpolicy.tokens.status import TokenStatus

from . import sample


class Question(NamedTuple):
    """What is asked of a store about the token of a number, and what is right."""

    ask: Callable[[TokenStore, int], TokenRef]
    expected: TokenStatus


def _revoked(_store: TokenStore, number: int) -> TokenRef:
    return sample.outside("revoked", number)


def _unknown(_store: TokenStore, number: int) -> TokenRef:
    return sample.outside("unknown", number)


#: An access token of an open session, a revoked token, and one that the store never heard of.
QUESTIONS: Final = {
    "open": Question(sample.access, TokenStatus.GOOD),
    "revoked": Question(_revoked, TokenStatus.REVOKED),
    "unknown": Question(_unknown, TokenStatus.GOOD),
}


def look_ups(store: TokenStore, size: int, count: int) -> dict[str, float]:
    """Return the median and the 99th percentile of *count* look-ups of each kind, in µs."""
    found = {}
    for name, question in QUESTIONS.items():
        numbers = random.choices(range(size), k=count)
        spent = [_timed(store, question.ask(store, n), question.expected) for n in numbers]
        found[f"{name}_p50_us"] = statistics.median(spent)
        found[f"{name}_p99_us"] = statistics.quantiles(spent, n=100)[-1]
    return found


def again(store: TokenStore, size: int, count: int) -> float:
    """Return the median of asking a store that remembers for the same token again, in µs."""
    token = sample.access(store, size // 2)
    _timed(store, token, TokenStatus.GOOD)
    return statistics.median(_timed(store, token, TokenStatus.GOOD) for _ in range(count))


def _timed(store: TokenStore, token: TokenRef, expected: TokenStatus) -> float:
    start = time.perf_counter()
    standing = store.standing(token, now=sample.NOW)
    spent = (time.perf_counter() - start) * 1e6
    if standing is not expected:
        msg = f"{store!r} answered {standing}, and {expected} is right"
        raise AssertionError(msg)
    return spent
