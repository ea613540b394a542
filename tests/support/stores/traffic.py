"""Prune a store while threads log in, rotate, revoke and look up."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

from jwtpolicy.stores import Opening, RotationState
from jwtpolicy.stores.base import MAX_LEEWAY, TokenStore
from jwtpolicy.testing.token_store import NOW, SESSION, ref, rotate, standing
from jwtpolicy.tokens.status import TokenStatus

LIFETIME = 20  # seconds of the tests' own time
TRAFFIC = 4  # threads
ENOUGH = 100  # rows
# Seconds of the tests' own time from one batch to the next: a row goes after sixteen batches. On a
# busy machine with a slow disk each of them waits long for four writers.
PASSING = 20


def use_and_check(store: TokenStore, clock: list[int], name: str, is_enough: Event) -> int:
    """Log in, rotate, revoke and look up; return how often that was checked in time."""
    n = checked = 0
    is_last = False
    while not is_last:
        is_last = is_enough.is_set()  # one more, while time stands still
        n += 1
        sid, jti, now = f"{name}s{n}", f"{name}a{n}", clock[0]
        end = now + LIFETIME
        session = replace(SESSION, session_id=sid, created_at=now, last_used_at=now, expires_at=end)
        is_new = store.open_session(session)
        rotated = rotate(store, "r1", "r2", session_id=sid, now=now)
        store.revoke_token(ref(jti), expires_at=end, now=now)
        store.revoke_session("", f"{sid}e", now=now, until=end)
        found = (
            is_new is Opening.OPENED and rotated.state is RotationState.ROTATED,
            standing(store, session_id=sid, token_id=f"{jti}x"),
            standing(store, session_id=None, token_id=jti),
            standing(store, session_id=f"{sid}e", token_id=f"{jti}x"),
        )
        if clock[0] < end + MAX_LEEWAY:  # else the machine was slow, and they may be gone
            checked += 1
            assert found == (True, TokenStatus.GOOD, TokenStatus.REVOKED, TokenStatus.REVOKED)
    return checked


def prune_meanwhile(store: TokenStore, clock: list[int], is_enough: Event) -> int:
    """Let the tests' time pass with each batch until rows went, and return how many."""
    removed, deadline = 0, time.monotonic() + 300
    while removed < ENOUGH and time.monotonic() < deadline:
        clock[0] += PASSING
        removed += store.prune_batch(now=clock[0], limit=50)
        time.sleep(0.001)
    is_enough.set()
    return removed


def prune_beside_traffic(store: TokenStore) -> tuple[int, int]:
    """Return how often live rows were checked, and how many rows were removed meanwhile."""
    clock, is_enough = [NOW], Event()
    with ThreadPoolExecutor(TRAFFIC + 1) as pool:
        traffic = [
            pool.submit(use_and_check, store, clock, f"t{n}", is_enough) for n in range(TRAFFIC)
        ]
        removed = pool.submit(prune_meanwhile, store, clock, is_enough).result()
        checked = sum(lot.result() for lot in traffic)
    store.prune(now=clock[0] + LIFETIME + MAX_LEEWAY)
    return checked, removed
