"""JWT_STORE_TIMEOUT bounds a question: the name, every host, the pool and the answer together."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from inspect import getmembers, isfunction
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores import Step, TokenStore
from jwtpolicy.stores.redis import RedisStore
from jwtpolicy.stores.redis.connections import TimedSocket
from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore
from jwtpolicy.testing.token_store import (
    NOW,
    SESSION,
    adoptable,
    all_at_once,
    ref,
    rotate,
    standing,
)

#: Seconds that a question may take, and that it may take on a core that others keep busy.
TIMEOUT, GENEROUS = 0.5, 3.0

REDIS = {
    "redis": "redis://{0}",
    "sentinel": "redis+sentinel://{0},{1},{2}/m",
    "cluster": "redis+cluster://{0},{1},{2}",
}
SQL = {
    "postgresql": "postgresql://u@/db?host={0}&host={1}&host={2}",
    "mysql": "mysql://u@{0}/db",
}


def opened(url: str) -> TokenStore:
    kind = RedisStore if url.startswith("redis") else SQLAlchemyStore
    return kind(url, timeout=TIMEOUT)


def refuses_in_time(store: TokenStore, ask: Callable[[TokenStore], object] = standing) -> None:
    gives_up_in_time(store, ask)
    store.close()


def gives_up_in_time(store: TokenStore, ask: Callable[[TokenStore], object]) -> None:
    started = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        ask(store)
    assert time.monotonic() - started < GENEROUS


@pytest.fixture
def silent() -> Iterator[list[str]]:
    """The addresses of servers that accept connections and never answer."""
    with ExitStack() as stack:
        made = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
            for _ in range(3)
        ]
        yield [f"127.0.0.1:{listener.getsockname()[1]}" for listener in made]


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("form", [*REDIS.values(), *SQL.values()], ids=[*REDIS, *SQL])
def test_hosts_that_say_nothing_are_waited_for_together(silent: list[str], form: str) -> None:
    """K44, REV-1: two hosts of PostgreSQL took four seconds, whatever the setting was."""
    refuses_in_time(opened(form.format(*silent)))


#: Each method that asks, by its name; the others are told below.
QUESTIONS: dict[str, Callable[[TokenStore], object]] = {
    "standing": standing,
    "open_session": lambda store: store.open_session(SESSION),
    "adopt": lambda store: store.adopt(*adoptable(store), token_expires_at=None),
    "rotate": lambda store: rotate(store, "r1", "r2"),
    "present": lambda store: store.present(ref(kind="refresh"), now=NOW),
    "replace": lambda store: store.replace("", "s1", "r1", Step("r2", None), now=NOW),
    "touch": lambda store: store.touch("", "s1", now=NOW, idle_expires_at=None),
    "revoke_token": lambda store: store.revoke_token(ref(), expires_at=None, now=NOW),
    "revoke_session": lambda store: store.revoke_session("", "s1", now=NOW),
    "revoke_subject": lambda store: store.revoke_subject("", "alice", now=NOW, until=NOW),
    "end_others": lambda store: store.end_others("", "alice", None, now=NOW),
    "consume": lambda store: store.consume(ref(), expires_at=None, now=NOW),
    "sessions": lambda store: store.sessions("", "alice", now=NOW),
    "session": lambda store: store.session("", "s1", now=NOW),
    "prune": lambda store: store.prune(now=NOW),
    "prune_batch": lambda store: store.prune_batch(now=NOW, limit=9),
    "prunable": lambda store: store.prunable(now=NOW),
    "server_time": lambda store: store.server_time(),
    "upgrade": lambda store: store.upgrade(),
}
#: What no server is asked for.
NOTHING_ASKED = {"check", "new_session_id", "adopted_session_id", "close"}


def test_every_method_of_a_store_is_known_here() -> None:
    methods = {name for name, _ in getmembers(TokenStore, isfunction) if name[0] != "_"}

    assert methods == QUESTIONS.keys() | NOTHING_ASKED


@pytest.mark.parametrize(
    ("form", "asks_nothing"),
    [
        pytest.param("redis://{0}", {"prunable"}, id="redis"),
        pytest.param("postgresql://u@{0}/db", set(), id="postgresql"),
        pytest.param("mysql://u@{0}/db", set(), id="mysql"),
    ],
)
def test_every_method_gives_up_in_time_and_calls_it_an_outage(
    silent: list[str], form: str, asks_nothing: set[str]
) -> None:
    """K44, REV-1: there is none that waits without end, or raises what the driver does."""
    store = opened(form.format(*silent))
    asked = sorted(QUESTIONS.keys() - asks_nothing)
    all_at_once(len(asked), lambda n: gives_up_in_time(store, QUESTIONS[asked[n]]))
    store.close()


@pytest.mark.parametrize(
    "form", [*REDIS.values(), SQL["mysql"]], ids=["redis", "sentinel", "cluster", "mysql"]
)
def test_a_resolver_that_is_dead_is_waited_for_once(
    monkeypatch: pytest.MonkeyPatch, hanging: threading.Event, form: str
) -> None:
    """K44: ten seconds, or what resolv.conf says."""

    def resolve(*arguments: Any, **named: Any) -> list[Any]:
        hanging.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    refuses_in_time(opened(form.format("one.test:1", "two.test:2", "three.test:3")))


def test_so_is_one_within_libpq(monkeypatch: pytest.MonkeyPatch, hanging: threading.Event) -> None:
    """PostgreSQL's client resolves in C, where nothing comes back before it is done."""

    def connect(*arguments: Any, **named: Any) -> None:
        hanging.wait(30)
        raise psycopg.OperationalError

    monkeypatch.setattr(psycopg.Connection, "connect", connect)
    refuses_in_time(opened("postgresql://u@one.test/db"))


@pytest.fixture
def dribbling() -> Iterator[str]:
    """The address of a Redis that sends a long answer, a byte now and then."""
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            client.sendall(b"$100000\r\n")
            while not stop.wait(0.05):
                try:
                    client.sendall(b"x")
                except OSError:
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"redis://127.0.0.1:{listener.getsockname()[1]}"
    stop.set()
    listener.close()
    thread.join(10)


def test_an_answer_that_does_not_end_is_given_up(dribbling: str) -> None:
    """K44: each byte began the time anew."""
    refuses_in_time(opened(dribbling), lambda store: store.session("", "s1", now=NOW))


def test_a_socket_reads_into_buffers_too() -> None:
    """As hiredis does; and whoever looks without waiting is left alone."""
    one, other = socket.socketpair()
    with one, other:
        timed, buffer = TimedSocket(one, 5), bytearray(2)
        other.sendall(b"abcd")
        one.settimeout(0)
        assert (timed.recv_into(buffer), bytes(buffer), timed.gettimeout()) == (2, b"ab", 0)
        one.settimeout(9)
        assert (timed.recv(9), timed.gettimeout()) == (b"cd", 5)


def test_what_was_given_up_is_an_error_of_the_driver(hanging: threading.Event) -> None:
    """Whoever uses the engine knows that one."""
    store = opened("mysql://u@127.0.0.1:1/db")
    assert isinstance(store, SQLAlchemyStore)
    with pytest.raises(DBAPIError):
        store._database.engine.connect()
    store.close()
