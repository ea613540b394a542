from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest

from jwtpolicy.stores import MemoryStore, RotationState
from jwtpolicy.stores import memory as memory_module
from jwtpolicy.testing.token_store import (
    DAY,
    LEEWAY,
    NOW,
    SESSION,
    TokenStoreContract,
    ref,
    rotate,
    standing,
)
from jwtpolicy.tokens.status import TokenStatus


class TestMemoryStore(TokenStoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


def test_two_memory_stores_share_nothing() -> None:
    first, second = MemoryStore(), MemoryStore()
    first.revoke_token(ref(), expires_at=None, now=NOW)

    assert standing(first) is TokenStatus.REVOKED
    assert standing(second) is TokenStatus.GOOD
    assert not MemoryStore.is_shared


def test_nothing_is_left_of_what_was_pruned() -> None:
    store = MemoryStore()
    store.open_session(SESSION)
    store.revoke_subject("", "alice", now=NOW, until=NOW + DAY)
    store.prune(now=SESSION.expires_at + LEEWAY)

    assert not (store._records)
    assert not (store._by_subject)
    assert not (store._cut_offs)
    assert not (store._tokens)


@pytest.mark.parametrize("workers", ["2", "16"])
def test_several_workers_are_warned_of(monkeypatch: pytest.MonkeyPatch, workers: str) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", workers)

    with pytest.warns(RuntimeWarning, match="JWT_STORE_URL"):
        MemoryStore()


@pytest.mark.parametrize("workers", ["", "0", "1"])
def test_one_worker_is_not_warned_of(monkeypatch: pytest.MonkeyPatch, workers: str) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", workers)

    assert repr(MemoryStore()) == "MemoryStore()"


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        pytest.param(standing, TokenStatus.REVOKED, id="standing"),
        pytest.param(lambda store: store.session("", "s9", now=NOW), None, id="session"),
        pytest.param(lambda store: store.sessions("", "u9", now=NOW), [], id="sessions"),
        pytest.param(lambda store: store.prune(now=NOW), 0, id="prune"),
        pytest.param(
            lambda store: store.touch("", "s9", now=NOW, idle_expires_at=1), None, id="writing"
        ),
    ],
)
def test_a_forked_store_warns_once_and_does_not_hang(
    monkeypatch: pytest.MonkeyPatch, ask: Callable[[MemoryStore], object], answer: object
) -> None:
    store = MemoryStore()
    store.revoke_token(ref(), expires_at=None, now=NOW)
    store._lock.acquire()  # as a thread that was not forked along would leave it
    monkeypatch.setattr(memory_module.os, "getpid", lambda: -1)

    with pytest.warns(RuntimeWarning, match="not shared"):
        assert ask(store) == answer
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert store.consume(ref("a2"), expires_at=None, now=NOW)


def test_a_rotation_holds_the_lock_from_comparing_to_setting() -> None:
    """REF-1."""
    store, held = MemoryStore(), []

    class Presented(str):
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            held.append(store._lock.locked())
            return str(self) == other

    store.open_session(SESSION)

    assert rotate(store, Presented("r1"), "r2").state is RotationState.ROTATED
    assert held == [True]
