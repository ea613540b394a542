"""Behind Sentinels nobody is let in by a primary that was replaced more than a second ago."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pytest

from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores import RotationState
from jwtpolicy.stores.redis import RedisStore
from jwtpolicy.stores.redis.address import Address
from jwtpolicy.stores.redis.primary import MAX_AGE, Primary
from jwtpolicy.testing.token_store import NOW, SESSION, all_at_once, ref, rotate, standing
from jwtpolicy.tokens.status import TokenStatus
from tests.services.processes import free_port
from tests.services.redis import RedisServer, Watched, running, wait_until
from tests.support.clocks import StandingClock
from tests.support.stores.network import FakeSentinel, Proxy
from tests.support.stores.redis import MakeStore, binary

#: Whom a Sentinel names; None is no answer.
NEW, OLD, HANGS, GONE = "new", "old", "hangs", "gone"

VOTES = {
    "one": ([NEW], NEW),
    "one that hangs": ([HANGS], None),
    "all of three": ([NEW, NEW, NEW], NEW),
    "two of three": ([NEW, OLD, NEW], NEW),
    "two, the third hangs": ([HANGS, NEW, NEW], NEW),
    "two, the third is gone": ([NEW, GONE, NEW], NEW),
    "two that differ": ([NEW, OLD], None),
    "two that differ, the third hangs": ([NEW, OLD, HANGS], None),
    "one of two": ([NEW, GONE], None),
    "one of three": ([GONE, OLD, HANGS], None),
    "half of four": ([OLD, OLD, NEW, NEW], None),
    "three of five": ([OLD, NEW, GONE, NEW, NEW], NEW),
    "none": ([GONE, GONE, GONE], None),
}


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    """The ports of two servers that both say that they are primaries."""
    with running(RedisServer(binary("redis"))) as old, running(RedisServer(binary("redis"))) as new:
        yield {OLD: old.port, NEW: new.port}


@contextmanager
def voting(ports: dict[str, int], *votes: str) -> Iterator[tuple[str, list[FakeSentinel]]]:
    """Start Sentinels that name whom they are told to, and return what opens a store on them."""
    with ExitStack() as stack:
        sentinels = [stack.enter_context(closing(FakeSentinel(ports.get(v)))) for v in votes]
        hosts = [f"127.0.0.1:{sentinel.port}" for sentinel in sentinels]
        for number, vote in enumerate(votes):
            if vote == GONE:
                hosts[number] = f"127.0.0.1:{free_port()}"
        yield f"redis+sentinel://{','.join(hosts)}/m", sentinels


def named(primary: Primary) -> int | None:
    """Return the port of the server that is to be asked now."""
    try:
        pool = primary().pool
    except StoreUnavailableError:
        return None
    assert pool is not None
    port: int = pool.connection_kwargs["port"]
    return port


@pytest.mark.parametrize(("votes", "expected"), VOTES.values(), ids=VOTES)
def test_a_majority_of_those_in_the_url_has_to_agree(
    ports: dict[str, int], votes: list[str], expected: str | None
) -> None:
    """REV-1: of all that are named, and not of those that happen to answer."""
    with voting(ports, *votes) as (url, _), closing(Primary(Address.of(url), 4)) as primary:
        assert named(primary) == (None if expected is None else ports[expected])


def test_an_answer_is_used_for_a_second_and_costs_nothing_meanwhile(ports: dict[str, int]) -> None:
    clock = StandingClock()
    with voting(ports, NEW, NEW, NEW) as (url, sentinels):
        primary = Primary(Address.of(url), 1, clock)
        asked = []
        for seconds in (0, 0, MAX_AGE - 0.01, 0.01, 0, MAX_AGE * 99):
            clock.advance(seconds)
            assert named(primary) == ports[NEW]
            asked.append(sum(sentinel.asked for sentinel in sentinels))
        primary.close()

    assert asked == [2, 2, 2, 4, 4, 6]


def test_another_primary_is_asked_as_soon_as_a_majority_names_it(ports: dict[str, int]) -> None:
    clock = StandingClock()
    with voting(ports, OLD, OLD, OLD) as (url, sentinels):
        primary = Primary(Address.of(url), 1, clock)
        found = [named(primary)]
        for sentinel in sentinels:
            sentinel.names = ports[NEW]
            clock.advance(MAX_AGE)
            found.append(named(primary))
        primary.close()

    assert found == [ports[OLD], ports[OLD], ports[NEW], ports[NEW]]


def test_a_server_that_says_that_it_is_a_replica_is_not_asked(
    server: RedisServer, ports: dict[str, int]
) -> None:
    """Whatever the Sentinels say; and it is asked again when it says that it is none any more."""
    clock = StandingClock()
    with voting({NEW: server.port}, NEW) as (url, _), server.client() as client:
        primary = Primary(Address.of(url), 1, clock)
        found = [named(primary)]
        for words in (("127.0.0.1", ports[NEW]), ("NO", "ONE")):
            client.execute_command("REPLICAOF", *words)
            clock.advance(MAX_AGE)
            found.append(named(primary))
        primary.close()

    assert found == [server.port, None, server.port]


def test_a_server_that_is_gone_is_an_outage_whoever_names_it(ports: dict[str, int]) -> None:
    with voting({NEW: free_port()}, NEW) as (url, [sentinel]):
        primary = Primary(Address.of(url), 1)
        assert named(primary) is None
        sentinel.names = ports[NEW]
        assert named(primary) == ports[NEW]
        primary.close()


def test_a_sentinel_that_does_not_know_the_service_names_nobody(make_store: MakeStore) -> None:
    with running(Watched(binary("redis"))) as watched:
        store = make_store(watched.url.replace(watched.service, "others"))

        with pytest.raises(StoreUnavailableError):
            standing(store)


def test_one_that_hangs_is_waited_for_once(ports: dict[str, int]) -> None:
    with voting(ports, HANGS, NEW, NEW) as (url, sentinels):
        primary = Primary(Address.of(url), 4)
        waits = []
        for _ in range(3):
            started = time.monotonic()
            assert named(primary) == ports[NEW]
            waits.append(time.monotonic() - started)
            primary._confirmed = primary._confirmed._replace(asked_at=0)  # type: ignore[union-attr]
        primary.close()

    assert waits[0] > 0.4
    assert min(waits[1:]) < 0.3  # a busy core may delay one of them
    assert sentinels[0].asked == 1


class SlowTimer(StandingClock):
    """A clock that goes on by itself, whenever somebody looks at it."""

    step = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def test_an_answer_that_has_grown_too_old_while_others_came_is_not_used(
    ports: dict[str, int],
) -> None:
    """REV-1: it is asked for once more, and then given up."""
    timer = SlowTimer()
    timer.step = MAX_AGE
    with voting(ports, NEW) as (url, [sentinel]):
        primary = Primary(Address.of(url), 1, timer)
        assert named(primary) is None
        assert sentinel.asked == 2
        timer.step = 0
        assert named(primary) == ports[NEW]
        primary.close()


def test_of_many_threads_one_asks(ports: dict[str, int]) -> None:
    with voting(ports, NEW) as (url, [sentinel]):
        primary = Primary(Address.of(url), 5)
        found = all_at_once(24, lambda _: named(primary))
        primary.close()

    assert set(found) == {ports[NEW]}
    assert sentinel.asked == 1


def test_those_who_waited_for_a_vain_question_do_not_ask_it_again(ports: dict[str, int]) -> None:
    with voting(ports, HANGS) as (url, [sentinel]):
        primary = Primary(Address.of(url), 1.2)
        started = time.monotonic()
        found = all_at_once(24, lambda _: named(primary))
        took = time.monotonic() - started
        primary.close()

    assert set(found) == {None}
    assert sentinel.asked <= 3
    assert took < 4


def test_nobody_waits_for_ever_for_whoever_asks(ports: dict[str, int]) -> None:
    with voting(ports, NEW) as (url, _):
        primary = Primary(Address.of(url), 0.2)
        with primary._asking:
            assert named(primary) is None
        assert named(primary) == ports[NEW]
        primary.close()


@pytest.fixture(scope="module")
def binaries() -> str:
    return binary("redis")


@pytest.fixture
def watched(binaries: str) -> Iterator[Watched]:
    """A server, its replica and three Sentinels."""
    with running(Watched(binaries, sentinels=3)) as watched:
        yield watched


#: When a look-up began, and what it found.
Seen = tuple[float, TokenStatus | None]


@contextmanager
def looking(store: RedisStore, **token: Any) -> Iterator[list[Seen]]:
    """Look a token up again and again, until the block ends."""
    seen: list[Seen] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            began = time.monotonic()
            seen.append((began, found(store, **token)))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def found(store: RedisStore, **token: Any) -> TokenStatus | None:
    try:
        return standing(store, session_id=None, **token)
    except StoreUnavailableError:
        return None


@pytest.mark.parametrize("near_cache", [pytest.param(0, marks=pytest.mark.full), 60])
def test_a_replaced_primary_that_goes_on_lets_nobody_in_after_a_second(
    watched: Watched, make_store: MakeStore, near_cache: float
) -> None:
    """REV-1, K22: nor from memory. Without the bound it did for as long as the partition lasted."""
    store, other = make_store(watched.url, near_cache=near_cache), make_store(watched.url)
    with looking(store) as seen:
        wait_until(lambda: len(seen) > 9)
        watched.replace_unseen()
        other.revoke_token(ref(), expires_at=None, now=NOW)
        logged_out = time.monotonic()
        wait_until(lambda: seen[-1][0] > logged_out + 1.5)

    after = [(began - logged_out, what) for began, what in seen if began > logged_out]
    assert {what for began, what in after if began > MAX_AGE} == {TokenStatus.REVOKED}
    with watched.primary.client() as client:
        assert client.role()[0] == b"master"  # it has not heard of it


@pytest.mark.parametrize("near_cache", [pytest.param(0, marks=pytest.mark.full), 60])
def test_whoever_sees_no_majority_lets_nobody_in_after_a_second(
    watched: Watched, make_store: MakeStore, near_cache: float
) -> None:
    """REV-1: on the wrong side, with one Sentinel and the old primary; until it is mended."""
    proxies = [Proxy(sentinel.port) for sentinel in watched.sentinels[1:]]
    url = watched.url_by([watched.sentinels[0].port, *(proxy.port for proxy in proxies)])
    store = make_store(url, near_cache=near_cache, timeout=0.4)
    with looking(store) as seen:
        wait_until(lambda: len(seen) > 9)
        for proxy in proxies:
            proxy.swallows = True
        cut = time.monotonic()
        wait_until(lambda: seen[-1][0] > cut + 1.5)
        for proxy in proxies:
            proxy.swallows = False
        wait_until(lambda: seen[-1][1] is TokenStatus.GOOD)
    for proxy in proxies:
        proxy.close()

    mended = max(began for began, what in seen if what is None)
    after = {what for began, what in seen if cut + MAX_AGE < began <= mended}
    assert after == {None}
    assert {what for began, what in seen if began < cut} == {TokenStatus.GOOD}


def test_one_refresh_token_makes_one_successor_on_both_sides(
    watched: Watched, make_store: MakeStore
) -> None:
    """REF-1: a second after the primary was replaced."""
    store, other = make_store(watched.url), make_store(watched.url)
    store.open_session(SESSION)
    with watched.replica.client() as client:
        wait_until(lambda: client.dbsize() > 0)
    watched.replace_unseen()
    assert rotate(other, "r1", "r2").state is RotationState.ROTATED
    time.sleep(MAX_AGE)

    assert rotate(store, "r1", "r3").state is RotationState.REUSED


@pytest.mark.full
def test_a_failover_under_traffic_is_an_outage_and_loses_nobody(
    watched: Watched, make_store: MakeStore
) -> None:
    """REV-1: twelve threads, and the primary is killed."""
    store = make_store(watched.url, timeout=1)
    store.revoke_token(ref(), expires_at=None, now=NOW)
    with watched.replica.client() as client:
        wait_until(lambda: client.dbsize() == 1)
    with ExitStack() as stack:
        seen = [stack.enter_context(looking(store)) for _ in range(12)]
        time.sleep(0.5)
        watched.primary.kill()
        wait_until(lambda: all(watched.named_by(server) for server in watched.sentinels))
        wait_until(lambda: all(one[-1][1] is TokenStatus.REVOKED for one in seen))

    statuses = Counter(what for one in seen for _, what in one)
    assert set(statuses) == {TokenStatus.REVOKED, None}


LONELY = "min-replicas-to-write 0"


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        pytest.param(("CONFIG", "SET", "min-replicas-to-write", "0"), [True], id="none"),
        pytest.param(("CONFIG", "SET", "min-replicas-to-write", "1"), [], id="one"),
        pytest.param(("ACL", "SETUSER", "default", "-config"), [], id="not to be seen"),
    ],
)
def test_the_log_says_that_acknowledged_revocations_can_be_lost(
    binaries: str,
    make_store: MakeStore,
    caplog: pytest.LogCaptureFixture,
    prepare: tuple[str, ...],
    expected: list[bool],
) -> None:
    """Once for each primary, and not where it cannot be known."""
    with running(Watched(binaries)) as watched, watched.primary.client() as client:
        client.execute_command(*prepare)
        store = make_store(watched.url)
        with caplog.at_level(logging.WARNING, "jwtpolicy"):
            for _ in range(3):
                assert found(store) is TokenStatus.GOOD

    assert [LONELY in message for message in caplog.messages] == expected


def test_a_store_that_was_closed_opens_again(
    url_of: Callable[[str], str], make_store: MakeStore
) -> None:
    store = make_store(url_of("sentinel"))
    store.close()
    assert found(store) is TokenStatus.GOOD
    store.close()

    assert found(store) is TokenStatus.GOOD


def test_servers_without_sentinels_are_never_asked_who_they_are(
    server: RedisServer, make_store: MakeStore
) -> None:
    store = make_store(server.url)
    with server.client() as client:
        client.config_resetstat()
        assert {found(store) for _ in range(20)} == {TokenStatus.GOOD}
        asked = client.info("commandstats")

    assert {"cmdstat_hello", "cmdstat_role", "cmdstat_config|get"}.isdisjoint(asked)


def test_a_primary_whose_replicas_are_gone_acknowledges_nothing(
    server: RedisServer, make_store: MakeStore
) -> None:
    """With the setting that the log recommends; look-ups go on."""
    store = make_store(server.url)
    with server.client() as client:
        client.config_set("min-replicas-to-write", 1)

    with pytest.raises(StoreUnavailableError):
        store.revoke_token(ref(), expires_at=None, now=NOW)
    assert found(store) is TokenStatus.GOOD
