"""What is remembered is forgotten when it changes, when the line breaks, and when it is silent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from jwtpolicy.exceptions import ConfigurationError, StoreUnavailableError
from jwtpolicy.stores import TokenStore
from jwtpolicy.stores.redis import RedisStore
from jwtpolicy.testing.token_store import DAY, NOW, SESSION, ref, standing
from jwtpolicy.tokens.status import TokenStatus
from tests.services.redis import RedisServer, wait_until
from tests.support.stores.network import Proxy
from tests.support.stores.redis import ExpiringContract, MakeStore


class TestStoreWithNearCache(ExpiringContract):
    @pytest.fixture(params=["valkey", "sentinel"])
    def store(
        self, request: pytest.FixtureRequest, url_of: Callable[[str], str], make_store: MakeStore
    ) -> RedisStore:
        return make_store(url_of(request.param), near_cache=5)


A2 = {"token_id": "a2"}


@pytest.fixture
def near(server: RedisServer, make_store: MakeStore) -> RedisStore:
    return make_store(server.url, near_cache=60)


@pytest.fixture
def other(server: RedisServer, make_store: MakeStore) -> RedisStore:
    """Another machine."""
    return make_store(server.url)


def memory_of(near: RedisStore) -> Any:
    """What this process remembers."""
    assert near._near is not None
    return near._near._memory()


@contextmanager
def counted(server: RedisServer) -> Iterator[list[int]]:
    """Count the look-ups that reach the server."""
    calls: list[int] = []
    with server.client() as client:
        client.config_resetstat()
        yield calls
        calls.append(client.info("commandstats").get("cmdstat_mget", {"calls": 0})["calls"])


def test_a_look_up_that_was_asked_before_costs_no_round_trip(
    server: RedisServer, near: RedisStore, other: RedisStore
) -> None:
    with counted(server) as remembered:
        assert [standing(near) for _ in range(10)] == [TokenStatus.GOOD] * 10
    with counted(server) as asked:
        assert [standing(other) for _ in range(10)] == [TokenStatus.GOOD] * 10

    assert remembered == [2]  # "s1" is no id of the store's own, and lies elsewhere
    assert asked == [20]


def own_session(store: RedisStore) -> str:
    session_id = store.new_session_id("", "alice")
    store.open_session(replace(SESSION, session_id=session_id))
    return session_id


ENDINGS: dict[str, Callable[[TokenStore, str], object]] = {
    "token": lambda s, _: s.revoke_token(ref(), expires_at=NOW + DAY, now=NOW),
    "session": lambda s, sid: s.revoke_session("", sid, now=NOW),
    "subject": lambda s, _: s.revoke_subject("", "alice", now=NOW, until=NOW + DAY),
    "use": lambda s, _: s.consume(ref(), expires_at=NOW + DAY, now=NOW),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_what_another_machine_changed_is_seen(
    near: RedisStore, other: RedisStore, ending: Callable[[TokenStore, str], object]
) -> None:
    """REV-1: within milliseconds; measured, it was the very next look-up."""
    session_id = own_session(other)
    assert standing(near, session_id=session_id) is TokenStatus.GOOD
    ending(other, session_id)

    done = time.monotonic()
    wait_until(lambda: standing(near, session_id=session_id) is not TokenStatus.GOOD)
    assert time.monotonic() - done < 5


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_what_this_process_changed_is_seen_at_once(
    near: RedisStore, ending: Callable[[TokenStore, str], object]
) -> None:
    """REV-1."""
    session_id = own_session(near)
    assert standing(near, session_id=session_id) is TokenStatus.GOOD
    ending(near, session_id)

    assert standing(near, session_id=session_id) is not TokenStatus.GOOD


def test_what_a_login_too_many_ended_is_seen_at_once(
    near: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the login itself was not answered, and nobody knows whom it has ended."""
    session_id, answers = own_session(near), [True, False]
    ask = near._server._run

    def run(script: Any, *rest: Any) -> Any:
        found = ask(script, *rest)
        if answers.pop():
            return found
        raise StoreUnavailableError("the answer was lost")

    monkeypatch.setattr(near._server, "_run", run)
    assert standing(near, session_id=session_id) is TokenStatus.GOOD
    memory_of(near)._line.listen = lambda: None  # the news are still on their way
    name = near.new_session_id("", "alice")
    with pytest.raises(StoreUnavailableError):
        near.open_session(replace(SESSION, session_id=name), maximum=1)
    assert standing(near, session_id=session_id) is TokenStatus.REVOKED
    assert standing(near, session_id=name) is TokenStatus.GOOD
    near.open_session(replace(SESSION, session_id=near.new_session_id("", "alice")), maximum=1)

    assert standing(near, session_id=name) is TokenStatus.REVOKED


def test_a_flushed_server_is_noticed(server: RedisServer, near: RedisStore) -> None:
    near.revoke_token(ref(), expires_at=None, now=NOW)
    assert standing(near, session_id=None) is TokenStatus.REVOKED
    with server.client() as client:
        client.flushall()

    wait_until(lambda: standing(near, session_id=None) is TokenStatus.GOOD)


def test_a_line_that_was_cut_takes_everything_with_it(
    server: RedisServer, near: RedisStore, other: RedisStore
) -> None:
    """Nothing that was remembered outlives the line; meanwhile the server is asked."""
    assert standing(near, session_id=None) is TokenStatus.GOOD
    with server.client() as client:
        client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    other.revoke_token(ref(), expires_at=None, now=NOW)

    assert standing(near, session_id=None) is TokenStatus.REVOKED
    with counted(server) as asked:
        standing(near, session_id=None)
    assert asked == [1]


def test_after_a_moment_another_line_is_opened(server: RedisServer, near: RedisStore) -> None:
    standing(near, session_id=None)
    cache = memory_of(near)
    cache._hang_up()
    cache._next_try_at = 0.0
    standing(near, session_id=None)

    with counted(server) as asked:
        standing(near, session_id=None)
    assert asked == [0]


@pytest.fixture
def proxy(server: RedisServer) -> Iterator[Proxy]:
    proxy = Proxy(server.port)
    yield proxy
    proxy.close()


def test_silence_is_trusted_for_as_long_as_was_said(
    proxy: Proxy, other: RedisStore, make_store: MakeStore
) -> None:
    """A network that swallows everything hides a revocation no longer than the setting says."""
    near = make_store(f"redis://127.0.0.1:{proxy.port}", near_cache=2, timeout=1)
    assert standing(near, session_id=None) is TokenStatus.GOOD
    proxy.swallows = True
    other.revoke_token(ref(), expires_at=None, now=NOW)

    assert standing(near, session_id=None) is TokenStatus.GOOD
    time.sleep(2.1)
    started = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        standing(near, session_id=None)
    assert time.monotonic() - started < 2


def test_an_answer_that_was_overtaken_is_not_remembered(
    server: RedisServer, proxy: Proxy, make_store: MakeStore
) -> None:
    """A change that is made while an answer travels leaves no trace of the old answer."""
    near = make_store(f"redis://127.0.0.1:{proxy.port}", near_cache=60)
    standing(near, session_id=None)
    proxy.line = threading.Semaphore(0)
    with counted(server), server.client() as client:
        look = threading.Thread(target=standing, args=[near], kwargs={"session_id": None} | A2)
        look.start()
        wait_until(lambda: "cmdstat_mget" in client.info("commandstats"))
    near.revoke_token(ref("a2"), expires_at=None, now=NOW)
    proxy.line.release()  # the answer, not yet the news
    look.join(60)

    assert [key for key in memory_of(near)._values if key.endswith(b"a2")] == []
    proxy.line.release(9)
    assert standing(near, session_id=None, **A2) is TokenStatus.REVOKED


def test_answers_and_news_may_come_in_pieces(
    proxy: Proxy, other: RedisStore, make_store: MakeStore
) -> None:
    proxy.dribbles = True
    near = make_store(f"redis://127.0.0.1:{proxy.port}", near_cache=60)
    assert standing(near, session_id=None) is TokenStatus.GOOD
    other.revoke_token(ref(), expires_at=None, now=NOW)

    wait_until(lambda: standing(near, session_id=None) is TokenStatus.REVOKED)
    assert memory_of(near)._line is not None


def test_a_busy_line_keeps_nobody_waiting(server: RedisServer, near: RedisStore) -> None:
    standing(near, session_id=None)
    with memory_of(near)._at_line, counted(server) as asked:
        assert standing(near, session_id=None) is TokenStatus.GOOD

    assert asked == [1]


def test_a_full_memory_is_emptied(near: RedisStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jwtpolicy.stores.redis.near_cache._LIMIT", 6)
    for number in range(10):
        standing(near, session_id=None, token_id=f"a{number}")

    assert len(memory_of(near)._values) <= 7


def test_many_threads_see_what_was_revoked(near: RedisStore, other: RedisStore) -> None:
    """REV-1: what was revoked before a look-up began in this process is never good."""
    wrong: list[int] = []

    def look(worker: int) -> None:
        for number in range(50):
            token = {"session_id": None, "token_id": f"{worker}-{number}"}
            standing(near, **token)
            near.revoke_token(ref(f"{worker}-{number}"), expires_at=None, now=NOW)
            if standing(near, **token) is TokenStatus.GOOD:
                wrong.append(number)

    threads = [threading.Thread(target=look, args=[worker]) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_a_line_that_broke_often_is_opened_again(near: RedisStore) -> None:
    """redis-py's pools count the connections that they make, and stop at a hundred."""
    memory = memory_of(near)
    for _ in range(130):
        memory._next_try_at = 0.0
        standing(near, session_id=None)
        assert memory._line is not None
        memory._hang_up()


def test_there_is_none_on_a_cluster() -> None:
    with pytest.raises(ConfigurationError, match="Cluster"):
        RedisStore("redis+cluster://127.0.0.1:1", near_cache=1)


def test_a_server_that_refuses_tracking_is_asked(
    server: RedisServer, make_store: MakeStore
) -> None:
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "plain", "on", ">pw", "~*", "+@all", "-client")
    near = make_store(f"redis://plain:pw@127.0.0.1:{server.port}", near_cache=60)

    assert [standing(near, session_id=None) for _ in range(2)] == [TokenStatus.GOOD] * 2
    assert memory_of(near)._line is None
