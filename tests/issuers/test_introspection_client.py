"""How often the server of opaque tokens is asked, and what is remembered of its answers."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import pytest

from jwtpolicy.exceptions import KeysUnavailableError
from jwtpolicy.issuers.introspection_client import IntrospectionClient, _Question
from jwtpolicy.issuers.opaque_tokens import Introspection
from jwtpolicy.issuers.remembered_answers import MAX_ANSWERS, Remembered, RememberedAnswers
from jwtpolicy.keys.fetching import FetchRules
from tests.services.redis import wait_until
from tests.support import key_answers as answers
from tests.support.faulty_key_server import FaultyKeyServer, faulty_key_server
from tests.support.key_answers import Exchange
from tests.support.opaque import CLIENT, CLIENT_SECRET, INACTIVE, PATH, TOKEN, active, introspection
from tests.support.stores.forking import either, forks, leave_with

pytestmark = forks


class Time:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def server() -> Iterator[FaultyKeyServer]:
    """Return a server that knows every token as active."""
    with faulty_key_server() as running:
        running.script(PATH, active())
        yield running


@pytest.fixture
def make(server: FaultyKeyServer, clock: Time) -> Callable[..., IntrospectionClient]:
    """Return what makes a client of the server."""

    def client(timeout: float = 5, **arguments: Any) -> IntrospectionClient:
        asked = introspection(server.url, **arguments)
        rules = FetchRules(timeout=timeout, allow_http=True)
        return IntrospectionClient(server.url, asked, rules, clock)

    return client


Make = Callable[..., IntrospectionClient]


def fails(client: IntrospectionClient, token: str = TOKEN) -> int | None:
    """Ask in vain, and return the seconds after which to try again."""
    with pytest.raises(KeysUnavailableError) as caught:
        client.claims_of(token)
    return caught.value.retry_after


# What is remembered


def test_an_answer_is_used_again_for_its_time(
    server: FaultyKeyServer, clock: Time, make: Make
) -> None:
    client = make(cache_seconds=30)
    first = client.claims_of(TOKEN)

    clock.now += 29.9
    assert client.claims_of(TOKEN) == first
    assert server.count(PATH) == 1

    clock.now += 0.1
    assert client.claims_of(TOKEN) == first
    assert server.count(PATH) == 2


def test_a_token_that_was_revoked_is_known_after_that_time(
    server: FaultyKeyServer, clock: Time, make: Make
) -> None:
    server.script(PATH, active(), INACTIVE)
    client = make(cache_seconds=30)
    assert client.claims_of(TOKEN) is not None

    clock.now += 30
    assert client.claims_of(TOKEN) is None
    assert client.claims_of(TOKEN) is None
    assert server.count(PATH) == 2


def test_that_a_token_is_not_active_is_remembered_for_less_long(
    server: FaultyKeyServer, clock: Time, make: Make
) -> None:
    server.script(PATH, INACTIVE, active())
    client = make(cache_seconds=30)
    assert client.claims_of(TOKEN) is None

    clock.now += 9.9
    assert client.claims_of(TOKEN) is None
    clock.now += 0.1
    assert client.claims_of(TOKEN) is not None


@pytest.mark.parametrize("answer", [active(), INACTIVE], ids=["active", "inactive"])
def test_nothing_is_remembered_for_no_time(
    server: FaultyKeyServer, make: Make, answer: answers.Answer
) -> None:
    server.script(PATH, answer)
    client = make(cache_seconds=0)

    assert client.claims_of(TOKEN) == client.claims_of(TOKEN)
    assert server.count(PATH) == 2


def test_a_long_answer_is_not_remembered(server: FaultyKeyServer, make: Make) -> None:
    """So that many of them do not fill the memory."""
    server.script(PATH, active(note="x" * 10_000))
    client = make()

    assert client.claims_of(TOKEN) == client.claims_of(TOKEN)
    assert server.count(PATH) == 2


def test_each_caller_gets_claims_of_his_own(make: Make) -> None:
    client = make()
    first = client.claims_of(TOKEN)
    assert first is not None
    first["sub"] = "mallory"

    second = client.claims_of(TOKEN)
    assert second is not None
    assert second["sub"] == "ada"


def test_tokens_are_told_apart_and_not_kept(make: Make) -> None:
    client = make()
    client.claims_of(TOKEN)

    found = client._state().answers
    assert [len(digest) for digest in found._active] == [32]
    assert TOKEN not in repr(vars(found))


def test_answers_are_bounded_and_the_one_used_last_stays() -> None:
    found, yes = RememberedAnswers(30), Remembered(b"{}")
    for number in range(MAX_ANSWERS):
        found.keep(b"%d" % number, yes, 0)
    assert found.find(b"0", 1) == yes

    found.keep(b"more", yes, 1)

    assert len(found._active) == MAX_ANSWERS
    assert [found.find(one, 2) for one in (b"0", b"1", b"2")] == [yes, None, yes]


def test_ten_thousand_texts_that_are_no_tokens_push_no_good_one_out() -> None:
    found, yes, no = RememberedAnswers(30), Remembered(b"{}"), Remembered(None)
    found.keep(b"good", yes, 0)

    for number in range(MAX_ANSWERS + 10):
        found.keep(b"%d" % number, no, 0)

    assert found.find(b"good", 1) == yes
    assert len(found._inactive) == MAX_ANSWERS


# How much is asked at once


def test_requests_that_ask_the_same_share_one_question(server: FaultyKeyServer, make: Make) -> None:
    server.script(PATH, answers.held(active()))
    client = make(cache_seconds=0)

    with ThreadPoolExecutor(6) as pool:
        asking = [pool.submit(client.claims_of, TOKEN) for _ in range(6)]
        server.wait_for(PATH)
        # Only one of them can ask: the others wait for it, or have not begun.
        wait_until(lambda: sum(one.running() for one in asking) == 6)
        question = next(iter(client._state().questions.values()))
        wait_until(lambda: _waiting(question) >= 5)
        server.gate.set()
        found = [one.result() for one in asking]

    assert [claims["sub"] for claims in found if claims] == ["ada"] * 6
    assert server.count(PATH) == 1


def _waiting(question: Future[Remembered]) -> int:
    """Return how many threads wait for *question*."""
    condition: Any = question._condition
    return len(condition._waiters)


class Counting:
    """An answer that counts how many of it are under way at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = self.most = 0

    def __call__(self, exchange: Exchange) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        exchange.gate.wait(0.05)
        with self.lock:
            self.now -= 1
        active()(exchange)


def test_no_more_questions_than_allowed_are_under_way(server: FaultyKeyServer, make: Make) -> None:
    counting = Counting()
    server.script(PATH, counting)
    client = make(concurrency=2)

    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(client.claims_of, [f"{TOKEN}{number}" for number in range(8)])]

    assert None not in found
    assert server.count(PATH) == 8
    assert counting.most <= 2


def test_who_gets_no_turn_in_time_is_told_to_come_again(
    server: FaultyKeyServer, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    client = make(timeout=0.02, concurrency=1)
    turns = client._state().turns
    assert turns.acquire(blocking=False)

    with caplog.at_level(logging.ERROR, "jwtpolicy"):
        assert fails(client) == 1
    turns.release()

    assert "1 questions are under way, none of which gets through" in caplog.text
    assert server.count(PATH) == 0
    assert client._state().failures == 0


def test_who_waits_for_his_turn_while_the_server_fails_does_not_ask_it(
    server: FaultyKeyServer, make: Make
) -> None:
    server.script(PATH, answers.held(answers.failure(503)))
    client = make(concurrency=1)

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(client.claims_of, token) for token in ("one", "other")]
        wait_until(lambda: len(client._state().questions) == 2)
        server.wait_for(PATH)
        server.gate.set()
        errors = [one.exception() for one in asking]

    assert [type(error) for error in errors] == [KeysUnavailableError] * 2
    assert server.count(PATH) == 1


def test_who_waits_for_a_question_that_is_never_answered_is_let_go(
    server: FaultyKeyServer, make: Make
) -> None:
    client = make(timeout=0.01)
    client._state().questions[sha256(TOKEN.encode()).digest()] = _Question(was_well=True)

    assert fails(client) == 1
    assert server.count(PATH) == 0


# Failures


def test_a_server_that_failed_is_left_alone_for_a_while(
    server: FaultyKeyServer, clock: Time, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    server.script(PATH, answers.failure(503))
    client = make()

    assert [fails(client, token) for token in ("one", "other")] == [1, 1]
    assert server.count(PATH) == 1
    clock.now += 1
    assert [fails(client, token) for token in ("one", "other")] == [5, 5]
    assert server.count(PATH) == 2
    clock.now += 5
    assert fails(client) == 5
    assert len(caplog.records) == 1


def test_known_tokens_are_let_in_while_the_server_is_down(
    server: FaultyKeyServer, make: Make
) -> None:
    server.script(PATH, active(), answers.failure(503))
    client = make()
    known = client.claims_of(TOKEN)

    fails(client, "other")

    assert client.claims_of(TOKEN) == known


def test_a_server_that_is_back_is_asked_at_once_by_everybody(
    server: FaultyKeyServer, clock: Time, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    server.script(PATH, answers.failure(503), active())
    client = make()
    fails(client)
    clock.now += 1

    with caplog.at_level(logging.INFO, "jwtpolicy"):
        assert client.claims_of("one")
        assert client.claims_of("other")

    assert f"the server of {server.url} can be asked about tokens again" in caplog.text


def test_after_a_failure_one_request_at_a_time_tries_again(
    server: FaultyKeyServer, clock: Time, make: Make
) -> None:
    server.script(PATH, answers.failure(503), answers.held(active()))
    client = make()
    fails(client)
    clock.now += 1

    with ThreadPoolExecutor(1) as pool:
        trying = pool.submit(client.claims_of, "one")
        server.wait_for(PATH, 2)
        assert fails(client, "other") == 5
        server.gate.set()
        assert trying.result()

    assert server.count(PATH) == 2


def test_a_fault_about_one_token_keeps_no_other_from_being_asked_about(
    server: FaultyKeyServer, make: Make
) -> None:
    server.script(PATH, answers.failure(500), active())
    client = make()

    assert fails(client, "strange") == 1
    assert client.claims_of(TOKEN)


def test_ten_thousand_requests_with_new_garbage_ask_a_dead_server_once(
    server: FaultyKeyServer, make: Make
) -> None:
    server.script(PATH, answers.closed)
    client = make()

    assert {fails(client, f"garbage{number}") for number in range(10_000)} == {1}

    assert server.count(PATH) == 1


class Ending(Introspection):
    """What fails within: by an error of ours, or because the worker ends."""

    error: BaseException = ValueError("of ours")

    @property
    def authorization(self) -> str:
        raise self.error


class Exiting(Ending):
    error = SystemExit()


@pytest.mark.parametrize(
    ("made", "raised"), [(Ending, KeysUnavailableError), (Exiting, SystemExit)]
)
def test_no_error_leaves_a_question_behind(
    made: type[Ending],
    raised: type[BaseException],
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = made("https://one.example", client_id=CLIENT, client_secret=CLIENT_SECRET)
    client = IntrospectionClient("https://one.example", asked, FetchRules())

    with pytest.raises(raised):
        client.claims_of(TOKEN)

    assert not client._state().questions
    assert client._state().turns._value == asked.concurrency
    assert "about tokens: ValueError" in caplog.text or raised is SystemExit


@either
def test_a_child_of_a_fork_asks_by_itself(
    server: FaultyKeyServer, make: Make, fork: Callable[[], int]
) -> None:
    """A lock that the parent holds, a question whose thread was not forked along, and a failure."""
    client = make(concurrency=1)
    assert client.claims_of(TOKEN)
    state = client._state()
    state.failures, state.closed_until = 1, 1e9

    with state.lock, state.turns:
        pid = fork()
        if pid == 0:
            leave_with(lambda: int(client.claims_of(TOKEN) is None))

    assert os.waitpid(pid, 0)[1] == 0
    assert server.count(PATH) == 2


def test_it_prints_its_issuer(server: FaultyKeyServer, make: Make) -> None:
    assert repr(make()) == f"<IntrospectionClient of {server.url}>"
