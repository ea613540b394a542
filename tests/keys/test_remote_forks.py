"""The keys of an issuer after a fork, of Python's or in C."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from jwtpolicy.keys.fetch_budget import BURST
from jwtpolicy.keys.remote import RemoteKeys
from tests.support.scripted_keys import JWKS, ScriptedKeys, names
from tests.support.stores.forking import either, forks, leave_with

pytestmark = forks


def exhausted(keys: RemoteKeys) -> None:
    """Use up the fetches in a row."""
    for _ in range(BURST):
        keys.renewed(keys.current())


@either
def test_a_child_uses_what_its_parent_knew_and_fetches_by_itself(
    keys: RemoteKeys, script: ScriptedKeys, fork: Callable[[], int]
) -> None:
    """KEY-6: also if a fetch was under way, whose thread is not forked along."""
    ring = keys.current()
    exhausted(keys)
    script.members = JWKS[:2]

    def in_child() -> int:
        return int(keys.current() is not ring or names(keys.renewed(ring)) != {"k0", "k1"})

    pid = fork()
    if pid == 0:
        leave_with(in_child)
    assert os.waitpid(pid, 0)[1] == 0


@either
def test_a_child_of_a_parent_that_is_fetching_fetches_too(
    keys: RemoteKeys, script: ScriptedKeys, fork: Callable[[], int]
) -> None:
    """KEY-6: a lock that the parent holds, and a thread that was not forked along."""
    script.gate.clear()
    keys.warm_up()
    with keys._fetches().lock:
        pid = fork()
        if pid == 0:
            script.gate = threading.Event()
            script.gate.set()
            leave_with(lambda: int(names(keys.current()) != {"k0"}))
    assert os.waitpid(pid, 0)[1] == 0
