"""What a resolver has found is kept for a while, and within bounds, whoever sends tokens."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtpolicy import Issuer
from jwtpolicy.exceptions import KeysUnavailableError
from jwtpolicy.issuers.found_issuers import MAX_UNKNOWN, FoundIssuers
from jwtpolicy.issuers.issuer_keys import GivenKeys, IssuerKeys
from jwtpolicy.issuers.issuer_verifier import ForeignRules, IssuerVerifier
from jwtpolicy.issuers.look_up_budget import BURST, PER_SECOND, LookUpBudget
from jwtpolicy.keys.static_set import static_ring
from tests.support.clocks import StandingClock
from tests.support.issuers import AUDIENCE, public
from tests.support.tenants import BLUE, RED, Table

RULES = ForeignRules()


class Tenants:
    """The issuers of a table, at a time that stands still, and how often their keys were made."""

    def __init__(self, *urls: str, **arguments: Any) -> None:
        self.table = Table(*urls)
        self.clock = StandingClock(1_000)
        self.keys_of: list[str] = []
        resolver = self.table.resolver(**arguments)
        self.found = FoundIssuers(resolver, self._keys, self.clock)

    def _keys(self, issuer: Issuer) -> IssuerKeys:
        self.keys_of.append(issuer.url)
        return GivenKeys(static_ring([public()], ("RS256",)))

    def find(self, url: str, rules: ForeignRules = RULES) -> IssuerVerifier | None:
        return self.found.find(url, rules)

    def has(self, url: str) -> bool:
        return self.find(url) is not None


def stranger(number: int) -> str:
    return f"https://{number}.example"


def test_an_answer_is_kept_for_as_long_as_said() -> None:
    tenants = Tenants(RED, recheck=60)

    assert [tenants.has(RED) for _ in range(3)] == [True] * 3
    tenants.clock.advance(59)
    assert tenants.has(RED)
    assert tenants.table.asked == [RED]
    tenants.clock.advance(1)
    assert tenants.has(RED)
    assert tenants.table.asked == [RED, RED]


def test_a_tenant_that_was_removed_stops_within_that_time() -> None:
    tenants = Tenants(RED)
    assert tenants.has(RED)
    del tenants.table.rows[RED]

    tenants.clock.advance(59.9)
    assert tenants.has(RED)
    tenants.clock.advance(0.1)
    assert not tenants.has(RED)


def test_a_tenant_that_is_new_is_there_within_that_time() -> None:
    tenants = Tenants()
    assert not tenants.has(RED)
    tenants.table.rows[RED] = {}

    assert not tenants.has(RED)
    tenants.clock.advance(60)
    assert tenants.has(RED)


def test_without_a_time_each_token_asks() -> None:
    tenants = Tenants(RED, recheck=0)
    assert tenants.has(RED)
    del tenants.table.rows[RED]

    assert not tenants.has(RED)


def fetched(tenants: Tenants, **row: Any) -> None:
    """Let the row of the red tenant say this, and look it up after a minute."""
    tenants.table.rows[RED] = {"keys": None, **row}
    tenants.clock.advance(60)
    assert tenants.has(RED)


def test_keys_stay_when_the_application_makes_the_same_issuer_again() -> None:
    tenants = Tenants(RED)

    fetched(tenants)
    fetched(tenants)
    fetched(tenants, leeway=10, roles="groups")
    assert tenants.keys_of == [RED]


@pytest.mark.parametrize(
    "row",
    [{"jwks_uri": f"{RED}/jwks"}, {"algorithms": "ES256"}, {"keys": [public()]}],
    ids=["address", "algorithms", "given"],
)
def test_keys_are_made_anew_when_what_is_said_of_them_changes(row: dict[str, Any]) -> None:
    tenants = Tenants(RED)

    fetched(tenants)
    fetched(tenants, **row)
    assert tenants.keys_of == [RED, RED]


def test_other_arguments_have_an_effect_with_the_next_look_up() -> None:
    tenants = Tenants(RED)
    fetched(tenants, leeway=10)

    fetched(tenants, leeway=20)
    found = tenants.find(RED)
    assert found is not None
    assert found.issuer.leeway == 20


def test_other_rules_of_the_application_have_an_effect_at_once() -> None:
    tenants = Tenants(RED)
    rules = RULES._replace(others_prefixes=("login:",))

    first, other = tenants.find(RED), tenants.find(RED, rules)
    assert first is not other
    assert first is tenants.find(RED)
    assert tenants.keys_of == [RED]


def test_strangers_are_remembered_and_push_out_nobody() -> None:
    tenants = Tenants(RED, recheck=3_600)
    assert tenants.has(RED)
    for number in range(3 * MAX_UNKNOWN):
        tenants.clock.advance(0.1)
        assert not tenants.has(stranger(number))

    before = len(tenants.table.asked)
    assert tenants.has(RED)
    assert not tenants.has(stranger(3 * MAX_UNKNOWN - 1))
    assert not tenants.has(stranger(2 * MAX_UNKNOWN))
    assert len(tenants.table.asked) == before
    tenants.clock.advance(1)
    assert not tenants.has(stranger(2 * MAX_UNKNOWN - 1))
    assert len(tenants.table.asked) == before + 1


def test_ten_thousand_strangers_ask_a_bounded_number_of_times(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tenants = Tenants(RED)
    assert tenants.has(RED)
    for number in range(10_000):
        assert not tenants.has(stranger(number))
    tenants.clock.advance(0.95)
    for number in range(10_000):
        assert not tenants.has(stranger(10_000 + number))

    assert len(tenants.table.asked) == 1 + BURST + PER_SECOND - 1
    assert tenants.has(RED)
    [line] = caplog.records
    assert (line.levelno, line.args) == (logging.WARNING, (tenants.found._resolver, PER_SECOND))


def test_the_limit_is_told_again_after_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    tenants = Tenants()
    for _ in range(2):
        for number in range(2 * BURST):
            tenants.has(stranger(number))
        tenants.clock.advance(60)

    assert len(caplog.records) == 2


def test_an_application_that_starts_finds_all_of_its_tenants_at_once() -> None:
    urls = [stranger(number) for number in range(3 * BURST)]
    tenants = Tenants(*urls)

    assert all(map(tenants.has, urls))


def test_known_tenants_are_looked_up_again_however_many_strangers_there_are() -> None:
    tenants = Tenants(RED)
    assert tenants.has(RED)
    tenants.clock.advance(60)
    for number in range(2 * BURST):
        tenants.has(stranger(number))

    assert tenants.has(RED)
    assert tenants.table.asked[-1] == RED


def test_the_one_that_was_not_used_for_longest_is_forgotten(
    caplog: pytest.LogCaptureFixture,
) -> None:
    green = "https://login.green.example"
    tenants = Tenants(RED, BLUE, green, max_issuers=2)

    assert [tenants.has(url) for url in (RED, BLUE, RED, green)] == [True] * 4
    assert tenants.has(RED)
    assert tenants.table.asked == [RED, BLUE, green]
    assert tenants.has(BLUE)
    assert tenants.table.asked == [RED, BLUE, green, BLUE]
    assert tenants.keys_of == tenants.table.asked
    [line] = caplog.records
    assert "make max_issuers= larger" in line.getMessage()


def test_forgetting_is_bounded_as_looking_up_is() -> None:
    """Who knows the names of more tenants than are kept cannot make us fetch for each token."""
    tenants = Tenants(RED, BLUE, max_issuers=1)

    for _ in range(BURST):
        tenants.has(RED)
        tenants.has(BLUE)
    assert len(tenants.table.asked) == BURST + 1


def test_a_database_that_fails_leaves_no_answer() -> None:
    tenants = Tenants(RED)
    tenants.table.failure = OSError()
    with pytest.raises(KeysUnavailableError):
        tenants.has(RED)

    tenants.table.failure = None
    assert tenants.has(RED)
    tenants.clock.advance(60)
    tenants.table.failure = OSError()
    with pytest.raises(KeysUnavailableError):
        tenants.has(RED)


def test_a_late_answer_counts_from_when_it_was_asked_for() -> None:
    tenants = Tenants(RED)
    answer, asked = Event(), Event()
    find = tenants.table.find

    def slow(url: str) -> Issuer | None:
        found = find(url)
        asked.set()
        assert answer.wait(60)
        return found

    tenants.found = FoundIssuers(
        type(tenants.found._resolver)(slow, audience=AUDIENCE), tenants._keys, tenants.clock
    )
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(tenants.has, RED)
        assert asked.wait(60)
        del tenants.table.rows[RED]
        tenants.clock.advance(60)
        answer.set()
        assert waits.result()
    assert not tenants.has(RED)


def test_no_look_up_waits_for_another_one() -> None:
    together = Barrier(4, timeout=60)
    tenants = Tenants()

    def find(url: str) -> Issuer | None:
        together.wait()
        return tenants.table.find(url)

    resolver = type(tenants.found._resolver)(find, audience=AUDIENCE)
    found = FoundIssuers(resolver, tenants._keys, tenants.clock)
    tenants.table.rows[RED] = {}
    urls = [RED, RED, BLUE, stranger(1)]
    with ThreadPoolExecutor(4) as pool:
        verifiers = list(pool.map(lambda url: found.find(url, RULES), urls))

    assert [one is not None for one in verifiers] == [True, True, False, False]


def test_threads_keep_within_the_bounds() -> None:
    urls = [stranger(number) for number in range(40)]
    tenants = Tenants(*urls[:20], max_issuers=10, recheck=0)

    def send(start: int) -> set[str]:
        return {urls[(start + step) % 40] for step in range(200) if tenants.has(urls[step % 40])}

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(8)))
    assert len(tenants.found._known) == 10
    assert len(tenants.found._unknown) <= 20
    assert set(tenants.found._known) <= set(urls[:20])


steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(0, 11)),
        st.tuples(st.just("wait"), st.sampled_from([0.05, 1, 30, 61])),
        st.tuples(st.just("add"), st.integers(0, 11)),
        st.tuples(st.just("remove"), st.integers(0, 11)),
    ),
    max_size=60,
)


@given(steps)
def test_who_is_let_in_was_in_the_table_within_the_last_minute(taken: list[Any]) -> None:
    tenants = Tenants(max_issuers=4)
    removed: dict[str, float] = {}
    for step, number in taken:
        url = stranger(number)
        if step == "wait":
            tenants.clock.advance(number)
        elif step == "add":
            tenants.table.rows[url] = {}
        elif step == "remove":
            if tenants.table.rows.pop(url, None) is not None:
                removed[url] = tenants.clock()
        elif tenants.has(url):
            since = tenants.clock() - removed.get(url, -1_000)
            assert url in tenants.table.rows or since < 60
        assert len(tenants.found._known) <= 4
        assert not tenants.found._known.keys() & tenants.found._unknown.keys()


@given(st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=400))
def test_the_budget_is_never_exceeded(taken: list[tuple[float, bool]]) -> None:
    budget, now, spent = LookUpBudget(), 0.0, 0
    for wait, is_found in taken:
        now += wait / 10
        if budget.take(now):
            if is_found:
                budget.give_back()
            else:
                spent += 1
        assert spent <= BURST + now * PER_SECOND
