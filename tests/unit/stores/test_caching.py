"""A cache before a store keeps the contract, and says for how long another process may not see."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores import CachedStore, MemoryStore, RotationState, SQLiteStore, TokenStore
from jwtpolicy.testing.token_store import NOW, SESSION, TokenStoreContract, ref, rotate, standing
from jwtpolicy.tokens.status import TokenStatus
from tests.support.clocks import StandingClock


class TestCachedStore(TokenStoreContract):
    @pytest.fixture
    def store(self) -> CachedStore:
        return CachedStore(MemoryStore(), 5)


class CountingStore(MemoryStore):
    """A store that counts what it is asked, and may be away."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.is_away = False
        self.breaks_after_changes = False
        self.meanwhile: Any = None

    def standing(self, *args: Any, **kwargs: Any) -> TokenStatus:
        self.asked += 1
        if self.is_away:
            raise StoreUnavailableError
        found = super().standing(*args, **kwargs)
        if self.meanwhile:
            self.meanwhile()
        return found

    def revoke_token(self, *args: Any, **kwargs: Any) -> None:
        super().revoke_token(*args, **kwargs)
        if self.breaks_after_changes:
            raise StoreUnavailableError


@pytest.fixture
def inner() -> CountingStore:
    store = CountingStore()
    store.open_session(SESSION)
    return store


@pytest.fixture
def cached(inner: CountingStore, clock: StandingClock) -> CachedStore:
    return CachedStore(inner, 2, timer=clock)


def revoke(store: TokenStore, token_id: str = "a1") -> None:
    store.revoke_token(ref(token_id), expires_at=None, now=NOW)


def test_a_good_token_is_asked_about_once_in_a_while(
    cached: CachedStore, inner: CountingStore, clock: StandingClock
) -> None:
    found = [standing(cached) for _ in range(5)]
    clock.advance(1.9)
    standing(cached)

    assert set(found) == {TokenStatus.GOOD}
    assert inner.asked == 1
    clock.advance(0.1)
    standing(cached)
    assert inner.asked == 2


def test_what_another_process_revoked_passes_for_that_long(
    cached: CachedStore, inner: CountingStore, clock: StandingClock
) -> None:
    """REV-1, as far as this setting lets it."""
    standing(cached)
    revoke(inner)
    assert standing(cached) is TokenStatus.GOOD
    clock.advance(2)

    assert standing(cached) is TokenStatus.REVOKED


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(revoke, id="token"),
        pytest.param(lambda store: store.revoke_session("", "s1", now=NOW), id="session"),
        pytest.param(lambda store: store.revoke_subject("", "alice", now=NOW, until=NOW), id="all"),
        pytest.param(lambda store: store.consume(ref(), expires_at=None, now=NOW), id="use"),
        pytest.param(lambda store: rotate(store, "r0", "r2"), id="reuse"),
    ],
)
def test_what_this_process_revokes_is_seen_at_once(cached: CachedStore, change: Any) -> None:
    """REV-1."""
    assert standing(cached) is TokenStatus.GOOD
    change(cached)

    assert standing(cached) is not TokenStatus.GOOD


def test_an_answer_from_before_a_revocation_is_not_kept(
    cached: CachedStore, inner: CountingStore
) -> None:
    """It was asked for before, and came after it."""

    def meanwhile() -> None:
        inner.meanwhile = None
        revoke(cached)

    inner.meanwhile = meanwhile

    assert [standing(cached), standing(cached)] == [TokenStatus.GOOD, TokenStatus.REVOKED]


def test_a_change_that_failed_is_taken_for_done(cached: CachedStore, inner: CountingStore) -> None:
    """The connection may have broken after it."""
    standing(cached)
    inner.breaks_after_changes = True
    with pytest.raises(StoreUnavailableError):
        revoke(cached)

    assert standing(cached) is TokenStatus.REVOKED


def test_refusals_and_refresh_tokens_are_asked_about_each_time(
    cached: CachedStore, inner: CountingStore
) -> None:
    revoke(inner)
    for _ in range(3):
        standing(cached)
        standing(cached, token_id="r1", kind="refresh")

    assert inner.asked == 6


def test_an_access_tokens_answer_is_no_refresh_tokens(cached: CachedStore) -> None:
    assert standing(cached, token_id="r0") is TokenStatus.GOOD
    assert standing(cached, token_id="r0", kind="refresh") is TokenStatus.CONSUMED


def test_while_the_store_is_away_only_what_is_remembered_passes(
    cached: CachedStore, inner: CountingStore, clock: StandingClock
) -> None:
    standing(cached)
    inner.is_away = True

    assert standing(cached) is TokenStatus.GOOD
    with pytest.raises(StoreUnavailableError):
        standing(cached, token_id="a2")
    clock.advance(2)
    with pytest.raises(StoreUnavailableError):
        standing(cached)


def test_it_does_not_grow_without_end(cached: CachedStore) -> None:
    for n in range(20_000):
        standing(cached, token_id=f"a{n}")

    assert len(cached._answers) < 17_000


def test_what_it_does_not_know_it_hands_on(cached: CachedStore, inner: CountingStore) -> None:
    assert cached.open_session(replace(SESSION, session_id="s2"))
    assert cached.touch("", "s2", now=NOW, idle_expires_at=None) == inner.session("", "s2", now=NOW)
    assert rotate(cached, "r1", "r2", session_id="s2").state is RotationState.ROTATED
    assert cached.sessions("", "alice", now=NOW) == inner.sessions("", "alice", now=NOW)
    assert cached.prunable(now=NOW) is None
    assert cached.server_time() is None
    assert cached.is_shared is inner.is_shared
    assert repr(cached) == "CachedStore(MemoryStore(), 2)"
    assert CachedStore(SQLiteStore("x"), 1).is_shared


@pytest.mark.parametrize("seconds", [0, -1, 5.1])
def test_it_is_for_a_few_seconds(seconds: float) -> None:
    assert CachedStore(MemoryStore(), 5)
    with pytest.raises(ValueError, match="at most 5"):
        CachedStore(MemoryStore(), seconds)
