"""A server that cannot be asked is an outage, for as long as it lasts and no longer."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from jwtpolicy.connections.deadlines import within
from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores import Opening, RotationState, TokenStore
from jwtpolicy.stores.redis import RedisStore
from jwtpolicy.stores.redis.clients import FixedLink, Link
from jwtpolicy.testing.token_store import (
    DAY,
    NOW,
    SESSION,
    adoptable,
    all_at_once,
    present,
    ref,
    refresh_standing,
    replace_by,
    rotate,
    standing,
)
from jwtpolicy.tokens.status import TokenStatus
from tests.services.processes import end, free_port
from tests.services.redis import Cluster, RedisServer, Watched, running, wait_until
from tests.support.stores.redis import MakeStore, binary

QUESTIONS: dict[str, Callable[[TokenStore], object]] = {
    "standing": standing,
    "open_session": lambda store: store.open_session(SESSION),
    "rotate": lambda store: rotate(store, "r1", "r2"),
    "adopt": lambda s: s.adopt(*adoptable(s), token_expires_at=None),
    "present": lambda store: present(store, "r1"),
    "replace": lambda store: replace_by(store, "r1", "r2"),
    "end_others": lambda store: store.end_others("", "alice", None, now=NOW),
    "upgrade": lambda store: store.upgrade(),
    "touch": lambda store: store.touch("", "s1", now=NOW, idle_expires_at=None),
    "revoke_token": lambda s: s.revoke_token(ref(), expires_at=None, now=NOW),
    "revoke_session": lambda store: store.revoke_session("", "s1", now=NOW),
    "revoke_subject": lambda s: s.revoke_subject("", "alice", now=NOW, until=NOW + DAY),
    "consume": lambda s: s.consume(ref(), expires_at=None, now=NOW),
    "sessions": lambda store: store.sessions("", "alice", now=NOW),
    "session": lambda store: store.session("", "s1", now=NOW),
    "prune": lambda store: store.prune(now=NOW),
}


@pytest.fixture
def hung() -> Iterator[str]:
    """The address of something that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("lost", ["accept", "deny"])
def test_nobody_there_is_an_outage(question: Callable[[TokenStore], object], lost: str) -> None:
    """REV-1: fail closed."""
    store = RedisStore(f"redis://127.0.0.1:{free_port()}", lost=lost)

    with pytest.raises(StoreUnavailableError) as caught:
        question(store)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("form", ["redis://{}", "redis+sentinel://{}/m", "redis+cluster://{}"])
@pytest.mark.parametrize("near_cache", [0, 1])
def test_a_server_that_hangs_is_waited_for_as_long_as_was_said(
    hung: str, form: str, near_cache: float
) -> None:
    near_cache = 0 if "cluster" in form else near_cache
    store = RedisStore(form.format(hung), timeout=1, near_cache=near_cache)
    started = time.monotonic()

    with pytest.raises(StoreUnavailableError):
        standing(store)
    assert time.monotonic() - started < 2


def test_a_server_that_hangs_later_is_an_outage_until_it_goes_on(
    server: RedisServer, make_store: MakeStore
) -> None:
    store = make_store(server.url, timeout=1)
    store.revoke_token(ref(), expires_at=None, now=NOW)
    server.pause()
    started = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        standing(store, session_id=None)
    assert time.monotonic() - started < 2
    server.resume()

    assert standing(store, session_id=None) is TokenStatus.REVOKED


def test_a_server_that_was_restarted_is_asked_at_once(
    server: RedisServer, make_store: MakeStore
) -> None:
    store = make_store(server.url)
    assert standing(store) is TokenStatus.GOOD
    server.kill()
    with pytest.raises(StoreUnavailableError):
        standing(store)
    server.start()

    assert standing(store) is TokenStatus.GOOD
    assert store.open_session(SESSION)


def test_nobody_waits_for_ever_for_a_connection(server: RedisServer, make_store: MakeStore) -> None:
    store = make_store(f"{server.url}?max_connections=2", timeout=1)
    assert all_at_once(6, lambda _: standing(store)) == [TokenStatus.GOOD] * 6
    server.pause()
    started = time.monotonic()
    failures = all_at_once(6, lambda _: _failure(store))
    assert time.monotonic() - started < 4
    server.resume()

    assert failures.count(None) == 0
    assert "all connections are in use" in " ".join(map(str, failures))
    assert standing(store) is TokenStatus.GOOD


def _failure(store: RedisStore) -> str | None:
    try:
        standing(store)
    except StoreUnavailableError as error:
        return str(error)
    return None


def test_scripts_that_the_server_forgot_are_told_again(
    server: RedisServer, make_store: MakeStore
) -> None:
    store = make_store(server.url)
    store.open_session(SESSION)
    assert rotate(store, "r1", "r2").state is RotationState.ROTATED
    with server.client() as client:
        client.script_flush()

    assert rotate(store, "r2", "r3").state is RotationState.ROTATED
    assert rotate(store, "r3", "r4").state is RotationState.ROTATED


def test_a_replica_takes_no_changes(server: RedisServer, make_store: MakeStore) -> None:
    with running(RedisServer(server.binary, replicaof=f"127.0.0.1 {server.port}")) as replica:
        store = make_store(replica.url)

        with pytest.raises(StoreUnavailableError):
            store.revoke_session("", "s1", now=NOW)
    assert make_store(server.url).open_session(SESSION)


def test_nobody_waits_for_ever_for_whoever_connects() -> None:
    """One thread learns who the nodes of a Cluster are, and it may take its time."""
    links = FixedLink(lambda: Link(None, None))  # type: ignore[arg-type]
    with links._making, within(0.01), pytest.raises(StoreUnavailableError, match="too long"):
        links()

    assert links() is links()


def test_a_replica_that_is_lost_takes_nothing_with_it(
    server: RedisServer, make_store: MakeStore
) -> None:
    """Nobody asks replicas."""
    store = make_store(server.url)
    with running(RedisServer(server.binary, replicaof=f"127.0.0.1 {server.port}")):
        store.revoke_token(ref(), expires_at=None, now=NOW)

    assert standing(store, session_id=None) is TokenStatus.REVOKED
    assert store.open_session(SESSION) is Opening.OPENED


def test_what_is_no_record_is_an_outage(server: RedisServer, make_store: MakeStore) -> None:
    """Somebody else wrote there."""
    store = make_store(server.url)
    key = store._session_keys("", "s1")[0]
    for value in (b"", b"\0", b"\0" * 41, b"\0" * 43):
        store._server.ask("SET", key, value)

        with pytest.raises(StoreUnavailableError):
            store.session("", "s1", now=NOW)
        with pytest.raises(StoreUnavailableError):
            refresh_standing(store, "r1")
        with pytest.raises(StoreUnavailableError):
            rotate(store, "r1", "r2")


def test_a_wrong_password_is_an_outage_that_does_not_show_it(server: RedisServer) -> None:
    """KEY-8."""
    store = RedisStore(f"redis://:hunter2@127.0.0.1:{server.port}")

    with pytest.raises(StoreUnavailableError) as caught:
        standing(store)
    assert "hunter2" not in f"{caught.value} {caught.value.__cause__}"


RACER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from jwtpolicy.stores import Step, TokenRef
from jwtpolicy.stores.redis import RedisStore
url, prefix, name, now = sys.argv[1:]
store = RedisStore(url, prefix=prefix, timeout=30)
store.session("", "s", now=0)
print("ready", flush=True)
def use(session_id, n):
    made = f"{name}-{n}"
    ref = TokenRef("", "alice", "r1", session_id, int(now), "refresh")
    found = store.rotate(ref, Step(made, None), now=int(now), grace=10, kept=made.encode())
    return f"{found.state.value}:{(found.kept or made.encode()).decode()}"
with ThreadPoolExecutor(16) as pool:
    for line in sys.stdin:
        print(*pool.map(use, [line.strip()] * 16, range(16)), flush=True)
"""


@contextmanager
def racers(url: str, prefix: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Start four processes that are about to use one token, 16 times each."""
    argv = [sys.executable, "-c", RACER, url, prefix]
    started = [
        subprocess.Popen(
            [*argv, f"p{n}", str(NOW)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for n in range(4)
    ]
    try:
        for racer in started:
            assert heard(racer) == ["ready"]
        yield started
    finally:
        for racer in started:
            end(racer)


def heard(racer: subprocess.Popen[str]) -> list[str]:
    assert racer.stdout is not None
    return racer.stdout.readline().split()


def let_go(started: list[subprocess.Popen[str]], session_id: str) -> list[str]:
    """Let all of them use the token of a session, and return what they were told."""
    for racer in started:
        assert racer.stdin is not None
        racer.stdin.write(f"{session_id}\n")
        racer.stdin.flush()
    return [answer for racer in started for answer in heard(racer)]


@pytest.mark.parametrize(
    "kind", ["redis", "cluster", pytest.param("valkey", marks=pytest.mark.full)]
)
def test_of_many_processes_one_rotates(
    kind: str, url_of: Callable[[str], str], make_store: MakeStore, request: Any
) -> None:
    """REF-1, REF-4: 64 uses of one token from 4 processes get one successor, in every round."""
    store = make_store(url_of(kind))
    with racers(url_of(kind), store._prefix) as started:
        for _ in range(50 if request.config.getoption("--full") else 5):
            session_id = store.new_session_id("", "alice")
            store.open_session(replace(SESSION, session_id=session_id))
            answers = let_go(started, session_id)
            states, pairs = zip(*[answer.split(":") for answer in answers], strict=True)

            assert Counter(states) == {"rotated": 1, "repeated": 63}
            assert len(set(pairs)) == 1


@pytest.mark.full
def test_a_sentinel_names_who_took_over(make_store: MakeStore) -> None:
    with running(Watched(binary("redis"))) as watched:
        store = make_store(watched.url, timeout=2)
        store.revoke_token(ref(), expires_at=None, now=NOW)
        with watched.replica.client() as client:
            wait_until(lambda: client.dbsize() == 1)
        watched.primary.kill()
        assert _failure(store) is not None
        wait_until(lambda: _failure(store) is None)

        assert standing(store, session_id=None) is TokenStatus.REVOKED
        assert store.open_session(SESSION)


@pytest.mark.full
def test_a_cluster_without_a_node_answers_for_the_others() -> None:
    """And for all again, once the node is back."""
    with running(Cluster(binary("redis"))) as cluster:
        store = RedisStore(cluster.url, timeout=2)
        subjects = [f"user-{n}" for n in range(60)]
        assert {standing(store, subject=s, session_id=None) for s in subjects} == {TokenStatus.GOOD}
        cluster.nodes[1].kill()
        started = time.monotonic()
        assert any(_outage(store, subject) for subject in subjects)
        cluster.nodes[1].start()
        wait_until(lambda: not any(_outage(store, subject) for subject in subjects))
        store.close()

    assert time.monotonic() - started < 60


def _outage(store: RedisStore, subject: str) -> bool:
    try:
        standing(store, subject=subject, session_id=None)
    except StoreUnavailableError:
        return True
    return False


@pytest.mark.full
@pytest.mark.parametrize(("covers", "expected"), [("yes", {True}), ("no", {True, False})])
def test_a_cluster_that_lost_a_node_without_replica(covers: str, expected: set[bool]) -> None:
    """It answers nobody, after its own timeout; or for the other slots, where that was said."""
    with running(Cluster(binary("redis"))) as cluster:
        store = RedisStore(cluster.url, timeout=2)
        subjects = [f"user-{n}" for n in range(60)]
        assert {_outage(store, subject) for subject in subjects} == {False}
        for node in cluster.nodes:
            with node.client() as client:
                client.config_set("cluster-require-full-coverage", covers)
        cluster.nodes[1].kill()
        with cluster.nodes[0].client() as client:
            wait_until(lambda: _knows_of_a_failed_node(client))
        found = {_outage(store, subject) for subject in subjects}
        store.close()

    assert found == expected


def _knows_of_a_failed_node(client: Any) -> bool:
    nodes = client.execute_command("CLUSTER NODES").values()
    return any("fail" in node["flags"].split(",") for node in nodes)


@pytest.mark.full
@pytest.mark.parametrize("near_cache", [0, 5])
def test_a_server_that_dies_in_the_middle_of_traffic_admits_nobody(
    server: RedisServer, make_store: MakeStore, near_cache: float
) -> None:
    """REV-1: while it is down nothing is good; afterwards the younger tokens are."""
    began = int(time.time())
    store = make_store(server.url, timeout=0.5, near_cache=near_cache, lost="deny")
    standing(store, session_id=None)
    store.revoke_token(ref("revoked"), expires_at=None, now=began)
    seen: list[TokenStatus | None] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            try:
                token = {"session_id": None, "token_id": "revoked", "issued_at": began}
                seen.append(standing(store, **token))
            except StoreUnavailableError:
                seen.append(None)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(0.4)
        server.kill()
        time.sleep(0.4)
        server.start()
    stop.set()
    for thread in threads:
        thread.join()

    assert set(seen) == {TokenStatus.REVOKED, None}
    wait_until(lambda: _failure(store) is None)
    assert standing(store, session_id=None, issued_at=time.time() + 5) is TokenStatus.GOOD
