"""Fork as Python does, and as servers do that are written in C, and use a store on both sides."""

from __future__ import annotations

import ctypes
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

import pytest

from jwtpolicy.stores import TokenStore
from jwtpolicy.testing.token_store import NOW, ref, standing
from jwtpolicy.tokens.status import TokenStatus

_ROUNDS = 60


class Lock(Protocol):
    """What can be held."""

    def acquire(self) -> object: ...
    def release(self) -> object: ...


def fork_in_c() -> int:
    """Fork without Python's knowledge: no hook of `os.register_at_fork` is called."""
    pid: int = ctypes.PyDLL(None).fork()
    return pid


#: What marks a test that forks; Python 3.12 and later warn of forks under threads.
forks = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
]

either = pytest.mark.parametrize("fork", [os.fork, fork_in_c], ids=["Python", "C"])


def wrongs_on_both_sides(store: TokenStore, fork: Callable[[], int]) -> list[int]:
    """Return how many answers were wrong in the child and in the parent, which use it at once."""
    pid = fork()
    if pid == 0:
        leave_with(lambda: _wrongs(store, "child"))
    mine = _wrongs(store, "parent")
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), mine]


def answers_in_child(store: TokenStore, fork: Callable[[], int]) -> bool:
    """Whether a child can use a store that its parent has used."""
    pid = fork()
    if pid == 0:
        leave_with(lambda: int(standing(store, session_id=None) is not TokenStatus.GOOD))
    return os.waitpid(pid, 0)[1] == 0


def leave_with(job: Callable[[], int]) -> None:
    """End this process with what *job* returns."""
    code = 99
    try:
        code = job()
    finally:
        os._exit(code)


def _wrongs(store: TokenStore, side: str) -> int:
    wrong, name = 0, secrets.token_hex(4)
    for number in range(_ROUNDS):
        token_id = f"{side}-{name}-{number}"
        try:
            before = standing(store, token_id, session_id=None)
            store.revoke_token(ref(token_id), expires_at=NOW + 99, now=NOW)
            answers = before, standing(store, token_id, session_id=None)
        except Exception:  # noqa: BLE001 # whatever comes of an answer that was the other side's
            wrong += 1
        else:
            wrong += answers != (TokenStatus.GOOD, TokenStatus.REVOKED)
    return wrong


@contextmanager
def held(locks: Iterable[Lock]) -> Iterator[None]:
    """Let another thread hold locks, which is not there in a child."""
    has, may = threading.Event(), threading.Event()

    def hold() -> None:
        for lock in locks:
            lock.acquire()
        has.set()
        may.wait()
        for lock in locks:
            lock.release()

    thread = threading.Thread(target=hold)
    thread.start()
    has.wait()
    try:
        yield
    finally:
        may.set()
        thread.join()
