"""A Redis that starts from an older dump is noticed; so is one that may evict by now."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores import Opening
from jwtpolicy.stores.redis import RedisStore
from jwtpolicy.stores.redis.epoch import Memory
from jwtpolicy.stores.redis.keys import home_of, tag_of
from jwtpolicy.testing.token_store import NOW, SESSION, ref, standing
from jwtpolicy.tokens.status import TokenStatus
from tests.services.redis import RedisServer
from tests.support.clocks import StandingClock
from tests.support.stores.going_back import LATER, Copies, GoingBack, forget_to_wait
from tests.support.stores.redis import MakeStore

Make = Callable[[], RedisStore]


class Dumps:
    """The file that a server starts from."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._dump = Path(server.folder) / "dump.rdb"
        self._copy = self._dump.with_name("copy.rdb")

    def save(self) -> None:
        with self._server.client() as client:
            client.save()
        shutil.copy(self._dump, self._copy)

    def restore(self) -> None:
        self._server.kill()
        shutil.copy(self._copy, self._dump)
        self._server.start()


@pytest.fixture
def make(server: RedisServer, make_store: MakeStore, clock: StandingClock) -> Make:
    return lambda: make_store(server.url, lost="deny", clock=clock)


class TestRedis(GoingBack):
    @pytest.fixture
    def copies(self, server: RedisServer) -> Copies:
        return Dumps(server)


class TestNearCache(GoingBack):
    """What it remembers is gone with the connection."""

    @pytest.fixture
    def copies(self, server: RedisServer) -> Copies:
        return Dumps(server)

    @pytest.fixture
    def make(self, server: RedisServer, make_store: MakeStore, clock: StandingClock) -> Make:
        return lambda: make_store(server.url, lost="deny", clock=clock, near_cache=5)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(NOW - 10)


def test_what_was_true_a_moment_ago_is_asked_again(make: Make) -> None:
    """A near cache may not have heard yet of a mark that grew: nothing went back."""
    store = make()
    standing(store)
    store.open_session(SESSION)
    epoch, tag = store._epoch, tag_of("", "alice")
    assert epoch is not None
    seen = epoch.seen(tag)

    assert seen.mark == 1
    stale = [str(seen.began).encode(), None]
    assert epoch.read(tag, seen, stale) == Memory(seen.began, is_strict=False)


def test_a_mark_that_cannot_grow_undoes_nothing(server: RedisServer, make: Make) -> None:
    store = make()
    standing(store)
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "default", "-incr")
    store.revoke_token(ref("a9"), expires_at=None, now=NOW)

    assert standing(store, "a9") is TokenStatus.REVOKED


@pytest.mark.parametrize("name", ["e", "m"])
def test_an_epoch_that_is_none_is_an_outage(server: RedisServer, make: Make, name: str) -> None:
    """Somebody else wrote there; a change is made nevertheless, and says no more of it."""
    store = make()
    standing(store)
    store.revoke_token(ref("a8"), expires_at=None, now=NOW)
    with server.client() as client:
        for key in client.scan_iter(f"*}}{name}"):
            client.set(key, b"yesterday")

    with pytest.raises(StoreUnavailableError, match="cannot be read"):
        standing(store)
    forget_to_wait(store)
    assert store.open_session(SESSION) is Opening.OPENED


def test_each_slot_of_a_cluster_has_a_mark_of_its_own(
    url_of: Callable[[str], str], make_store: MakeStore, clock: StandingClock
) -> None:
    """A node goes back by itself."""
    store = make_store(url_of("cluster"), lost="deny", clock=clock)
    standing(store)
    for name in ("alice", "bob"):
        store.revoke_subject("", name, now=NOW, until=NOW)
    marks = [key for key in store._server.scan(b"*}m") if store._prefix.encode() in key]

    assert len(marks) == 2
    assert {store._server.ask("GET", key) for key in marks} == {b"1"}
    forget_to_wait(store)
    store._server.ask("SET", marks[0], b"0")
    found = {standing(store, subject=name, session_id=None) for name in ("alice", "bob")}
    assert TokenStatus.REVOKED in found


def test_the_slot_of_a_session_that_lies_elsewhere_is_asked_too(
    url_of: Callable[[str], str], make_store: MakeStore, clock: StandingClock
) -> None:
    """K45: another issuer's ``sid`` lies in no slot of its subject's, and was believed."""
    store: Any = make_store(url_of("cluster"), lost="deny", clock=clock)
    standing(store)
    store.open_session(SESSION)
    keys = [*store._session_keys("", "s1")[:1], *store._epoch.keys(home_of("", "s1"))[1:]]
    older = [store._server.ask("GET", key) for key in keys]
    forget_to_wait(store)
    store.revoke_session("", "s1", now=NOW)
    for key, value in zip(keys, older, strict=True):
        store._server.ask("SET", key, value)
    clock.now = LATER

    assert standing(store) is TokenStatus.REVOKED
    assert standing(store, issued_at=LATER + 1) is TokenStatus.GOOD


def test_a_server_that_may_evict_by_now_is_not_asked_any_more(
    server: RedisServer, make: Make, clock: StandingClock
) -> None:
    """K45: it was looked at once, and somebody changed it afterwards; within a minute."""
    store: Any = make()
    store._epoch._timer = clock
    assert standing(store) is TokenStatus.GOOD
    with server.client() as client:
        client.config_set("maxmemory", "30mb")
        client.config_set("maxmemory-policy", "allkeys-lru")
        clock.advance(59)
        assert standing(store) is TokenStatus.GOOD
        clock.advance(61)
        with pytest.raises(StoreUnavailableError, match="allkeys-lru"):
            standing(store)
        client.config_set("maxmemory-policy", "noeviction")

    assert standing(store) is TokenStatus.GOOD
