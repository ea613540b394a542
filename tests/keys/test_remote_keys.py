"""The keys of an issuer while the process runs: when they are fetched, and what happens if not."""

from __future__ import annotations

import logging
import threading

import pytest

from jwtpolicy.exceptions import KeysUnavailableError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.keys.fetch_budget import BURST, COOL_DOWN
from jwtpolicy.keys.remote import STALE_FOR, RemoteKeys
from jwtpolicy.keys.remote_source import Download
from jwtpolicy.testing.token_store import all_at_once
from tests.support.clocks import StandingClock
from tests.support.key_answers import private_jwk
from tests.support.keys import EC_KEY
from tests.support.scripted_keys import (
    ISSUER,
    JWKS,
    LIFETIME,
    PRIVATE,
    ScriptedKeys,
    names,
    settle,
)

#: Seconds after its lifetime for which a set is used while it is fetched.
OVERTIME = 60


def test_the_set_is_fetched_once_and_used(keys: RemoteKeys, script: ScriptedKeys) -> None:
    """KEY-6."""
    rings = {id(keys.current()) for _ in range(100)}

    assert names(keys.current()) == {"k0"}
    assert (len(rings), len(script.fetched_at)) == (1, 1)


def test_a_source_of_keys_shows_whose_they_are(keys: RemoteKeys) -> None:
    assert repr(keys) == "<RemoteKeys of https://login.example>"


def test_many_threads_share_the_first_fetch(keys: RemoteKeys, script: ScriptedKeys) -> None:
    """KEY-6."""
    script.open_later()
    found = all_at_once(20, lambda _: names(keys.current()))

    assert found == [{"k0"}] * 20
    assert len(script.fetched_at) == 1


def test_many_unknown_keys_share_a_fetch(keys: RemoteKeys, script: ScriptedKeys) -> None:
    """KEY-6."""
    ring = keys.current()
    script.members = JWKS[:2]
    script.open_later()
    found = all_at_once(20, lambda _: names(keys.renewed(ring)))

    assert found == [{"k0", "k1"}] * 20
    assert len(script.fetched_at) == 2


def test_after_its_lifetime_the_set_is_fetched_while_requests_use_it(
    keys: RemoteKeys, script: ScriptedKeys, clock: StandingClock
) -> None:
    """KEY-6: nobody waits for a slow provider whose keys are known."""
    old = keys.current()
    script.members = JWKS[:2]
    script.gate.clear()
    clock.advance(LIFETIME)

    assert keys.current() is keys.current() is old
    script.gate.set()
    settle()
    assert names(keys.current()) == {"k0", "k1"}
    assert script.fetched_at == [1000, 1000 + LIFETIME]


def test_before_its_lifetime_is_over_the_set_is_not_fetched(
    keys: RemoteKeys, script: ScriptedKeys, clock: StandingClock
) -> None:
    keys.current()
    clock.advance(LIFETIME - 1)
    keys.current()
    settle()

    assert len(script.fetched_at) == 1


def test_after_hours_without_a_request_the_first_one_waits(
    keys: RemoteKeys, script: ScriptedKeys, clock: StandingClock
) -> None:
    """A key that was withdrawn meanwhile is not used."""
    keys.current()
    script.members = JWKS[1:]
    clock.advance(LIFETIME + OVERTIME)

    assert names(keys.current()) == {"k1", "k2"}


def test_the_ring_stays_the_same_while_its_keys_do(
    keys: RemoteKeys, script: ScriptedKeys, clock: StandingClock
) -> None:
    old = keys.current()
    script.members = [{"kty": "other"}, *JWKS[:1]]
    clock.advance(LIFETIME + OVERTIME)

    assert keys.current() is old
    assert len(script.fetched_at) == 2


def test_keys_that_cannot_be_fetched_again_are_used_for_a_day(
    keys: RemoteKeys, script: ScriptedKeys, clock: StandingClock
) -> None:
    """KEY-6: stale if error."""
    old = keys.current()
    script.members = None
    clock.advance(STALE_FOR - 1)
    assert keys.current() is old
    clock.advance(1)
    with pytest.raises(KeysUnavailableError):
        keys.current()

    script.members = JWKS[1:]
    clock.advance(COOL_DOWN)
    assert names(keys.current()) == {"k1", "k2"}


def test_a_set_of_a_day_is_fetched_again_before_it_is_used_for_longer(
    keys: RemoteKeys, script: ScriptedKeys, clock: StandingClock
) -> None:
    script.lifetime = STALE_FOR
    keys.current()
    script.members = JWKS[1:]
    clock.advance(STALE_FOR)

    assert names(keys.current()) == {"k1", "k2"}


def test_a_set_that_was_never_fetched_is_unavailable_until_it_is(
    keys: RemoteKeys, script: ScriptedKeys, clock: StandingClock
) -> None:
    """KEY-6: three fetches in a row, and then one for each cool-down."""
    script.members = None
    for _ in range(50):
        with pytest.raises(KeysUnavailableError) as caught:
            keys.current()
    assert len(script.fetched_at) == BURST
    assert ("Retry-After", "30") in caught.value.get_headers()

    script.members = JWKS
    clock.advance(COOL_DOWN)
    assert names(keys.current()) == {"k0", "k1", "k2"}


def test_nobody_but_its_starter_waits_for_a_fetch_after_a_failure(
    keys: RemoteKeys, script: ScriptedKeys
) -> None:
    script.members = None
    with pytest.raises(KeysUnavailableError):
        keys.current()
    script.gate.clear()
    starter = threading.Thread(target=keys.renewed, args=[KeyRing(Key(EC_KEY, "ES256"))])
    starter.start()
    script.wait_for(2)
    with pytest.raises(KeysUnavailableError):
        keys.current()

    assert starter.is_alive()
    script.gate.set()
    starter.join()


def test_while_fetching_fails_known_keys_are_used_at_once(
    keys: RemoteKeys, script: ScriptedKeys, clock: StandingClock
) -> None:
    """KEY-6: one request waits, and the others until the next minute do not."""
    old = keys.current()
    script.members = None
    clock.advance(LIFETIME + OVERTIME)
    assert keys.current() is old
    script.gate.clear()
    clock.advance(COOL_DOWN)

    assert keys.current() is keys.current() is old


def test_an_unknown_key_leads_to_a_fetch(keys: RemoteKeys, script: ScriptedKeys) -> None:
    """KEY-6: a provider may sign with a new key at once."""
    old = keys.current()
    script.members = JWKS[:2]
    new = keys.renewed(old)

    assert names(new) == {"k0", "k1"}
    assert keys.current() is new


def test_a_ring_that_is_not_the_newest_is_renewed_without_a_fetch(
    keys: RemoteKeys, script: ScriptedKeys
) -> None:
    old = keys.current()
    script.members = JWKS[:2]
    new = keys.renewed(old)

    assert keys.renewed(old) is new
    assert len(script.fetched_at) == 2


@pytest.mark.parametrize("is_up", [True, False])
def test_ten_thousand_unknown_keys_are_three_fetches_and_one_for_each_cool_down(
    keys: RemoteKeys, script: ScriptedKeys, clock: StandingClock, is_up: bool
) -> None:
    """KEY-6: the first fetch of all is among the three."""
    ring = keys.current()
    script.members = script.members if is_up else None
    for _ in range(10_000):
        assert keys.renewed(ring) is ring
    assert len(script.fetched_at) == BURST
    for number in range(1, 4):
        clock.advance(COOL_DOWN)
        keys.renewed(ring)
        keys.renewed(ring)
        assert len(script.fetched_at) == BURST + number


def test_warming_up_fetches_in_the_background(keys: RemoteKeys, script: ScriptedKeys) -> None:
    """KEY-6."""
    script.gate.clear()
    keys.warm_up()
    script.gate.set()
    settle()
    keys.warm_up()

    assert names(keys.current()) == {"k0"}
    assert len(script.fetched_at) == 1


def test_warming_up_never_fails(keys: RemoteKeys, script: ScriptedKeys) -> None:
    script.members = None
    keys.warm_up()
    settle()

    assert len(script.fetched_at) == 1


def test_without_a_thread_the_request_fetches(
    keys: RemoteKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        msg = "can't start new thread"
        raise RuntimeError(msg)

    monkeypatch.setattr(threading.Thread, "start", refuse)

    assert names(keys.current()) == {"k0"}


def test_a_fetch_whose_thread_was_lost_is_not_waited_for_for_ever(
    keys: RemoteKeys, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal may end the start of a thread half-way."""
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", lambda _: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            keys.warm_up()
    clock.advance(30)

    assert names(keys.current()) == {"k0"}


def test_a_lost_fetch_that_ends_after_all_leaves_the_next_one_alone(
    keys: RemoteKeys, script: ScriptedKeys, clock: StandingClock
) -> None:
    script.gate.clear()
    keys.warm_up()
    script.wait_for(1)
    first, script.gate = script.gate, threading.Event()
    [lost] = [thread for thread in threading.enumerate() if thread.name == "jwtpolicy-keys"]
    clock.advance(30)
    keys.warm_up()
    first.set()
    lost.join()
    _, is_own = keys._start(keys._known, clock.now)

    assert not is_own


def test_a_failure_is_logged_once_for_each_cool_down_and_so_is_its_end(
    keys: RemoteKeys, script: ScriptedKeys, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "jwtpolicy")
    ring = keys.current()
    script.members = None
    keys.renewed(ring)
    keys.renewed(ring)
    clock.advance(COOL_DOWN)
    keys.renewed(ring)
    script.members = JWKS[:1]
    clock.advance(COOL_DOWN)
    keys.renewed(ring)

    failed = "the keys of https://login.example cannot be fetched: login.example cannot be reached"
    ended = "the keys of https://login.example can be fetched again"
    assert caplog.messages == [failed, failed, ended]


def test_an_error_of_another_kind_shows_its_type_alone(
    clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    """KEY-8."""

    def broken() -> Download:
        msg = "the content of a key"
        raise LookupError(msg)

    with pytest.raises(KeysUnavailableError):
        RemoteKeys(ISSUER, broken, clock).current()
    assert caplog.messages == ["the keys of https://login.example cannot be fetched: LookupError"]


def test_members_that_are_left_out_are_logged_once(
    keys: RemoteKeys, script: ScriptedKeys, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    """KEY-4, KEY-8: by their names, and nothing else of them."""
    caplog.set_level(logging.INFO, "jwtpolicy")
    leaked = private_jwk(PRIVATE[2], "leaked", "ES256")
    script.members = [JWKS[0], {**JWKS[1], "x": "AA"}, {**JWKS[1], "use": "enc"}, leaked]
    keys.current()
    clock.advance(LIFETIME + OVERTIME)
    keys.current()

    levels = sorted(record.levelname for record in caplog.records)
    assert levels == ["ERROR", "INFO", "WARNING"]
    assert not any(leaked["d"] in message for message in caplog.messages)


def test_a_request_that_comes_late_to_a_fetch_makes_no_other_one(
    keys: RemoteKeys, script: ScriptedKeys
) -> None:
    """It saw the old keys, and was stopped until those who saw them too had the new ones."""
    old = keys.current()
    late = keys._known
    script.members = JWKS[:2]
    keys.renewed(old)

    assert keys._start(late, 1000) == (None, False)
    assert len(script.fetched_at) == 2
