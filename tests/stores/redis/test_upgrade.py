"""What an older version wrote is noticed, refused, and brought up to date in place."""

from __future__ import annotations

import struct
from unittest.mock import Mock

import pytest

from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores import RotationState
from jwtpolicy.stores.redis import RedisStore
from jwtpolicy.testing.token_store import (
    DAY,
    NOW,
    SESSION,
    present,
    refresh_standing,
    rotate,
    standing,
)
from jwtpolicy.tokens.status import TokenStatus
from tests.services.redis import RedisServer
from tests.support.stores.redis import MakeStore

ENDED, OPEN = 1, 0


def old_record(state: int = OPEN, previous: str = "", kept_until: int = 0) -> bytes:
    """Return the record of `SESSION` as version 1 wrote it."""
    texts = ["r1", previous, "alice", "=Firefox on Linux"]
    times = struct.pack(">Bqqqqq", state, NOW, NOW, NOW + 90 * DAY, NOW + 30 * DAY, kept_until)
    return times + b"".join(struct.pack(">I", len(text)) + text.encode() for text in texts)


def write_old(store: RedisStore, session_id: str, record: bytes) -> None:
    """Put a session where version 1 put it, with its list."""
    owner = store._of_subject("", "alice")
    store._server.ask("SET", store._session_keys("", session_id)[0], record, "EX", 90 * DAY)
    store._server.ask("ZADD", owner.old_list("alice"), NOW + 90 * DAY, session_id)


@pytest.fixture
def store(server: RedisServer, make_store: MakeStore) -> RedisStore:
    return make_store(server.url)


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda s: standing(s), id="an access token"),
        pytest.param(lambda s: refresh_standing(s, "r1"), id="a refresh token"),
        pytest.param(lambda s: rotate(s, "r1", "r2"), id="a rotation"),
        pytest.param(lambda s: present(s, "r1"), id="a presentation"),
        pytest.param(lambda s: s.session("", "s1", now=NOW), id="a session"),
        pytest.param(lambda s: s.sessions("", "alice", now=NOW), id="the list"),
        pytest.param(lambda s: s.revoke_session("", "s1", now=NOW), id="an end"),
        pytest.param(lambda s: s.revoke_subject("", "alice", now=NOW, until=NOW), id="all ends"),
        pytest.param(lambda s: s.end_others("", "alice", None, now=NOW), id="the others"),
    ],
)
def test_what_is_older_is_an_outage_that_says_what_to_do(store: RedisStore, ask: object) -> None:
    """REV-1: a session that is not understood is not taken as absent."""
    write_old(store, "s1", old_record())

    with pytest.raises(StoreUnavailableError) as caught:
        ask(store)  # type: ignore[operator]
    assert "flask jwtpolicy store upgrade" in caught.value.reason


@pytest.mark.parametrize("session_id", ["s1", "of the store"])
def test_an_upgraded_session_goes_on(store: RedisStore, session_id: str) -> None:
    sid = store.new_session_id("", "alice") if session_id != "s1" else session_id
    write_old(store, sid, old_record())
    left = store._server.ask("TTL", store._session_keys("", sid)[0])

    assert store.upgrade() == "1 sessions were upgraded"
    [found] = store.sessions("", "alice", now=NOW)
    assert (found.session_id, found.created_at, found.label) == (sid, NOW, SESSION.label)
    assert left - 5 < store._server.ask("TTL", store._session_keys("", sid)[0])
    assert rotate(store, "r1", "r2", session_id=sid).state is RotationState.ROTATED


def test_what_was_ended_stays_so(store: RedisStore) -> None:
    """REV-1."""
    write_old(store, "s1", old_record(ENDED))
    store.upgrade()

    assert standing(store) is TokenStatus.REVOKED
    assert store.sessions("", "alice", now=NOW) == []


def test_all_sessions_end_after_an_upgrade(store: RedisStore) -> None:
    """REF-6."""
    ids = ["s1", store.new_session_id("", "alice")]
    for session_id in ids:
        write_old(store, session_id, old_record())
    store.upgrade()
    store.revoke_subject("", "alice", now=NOW, until=NOW + DAY)

    assert {standing(store, session_id=sid) for sid in ids} == {TokenStatus.REVOKED}


def test_who_used_a_token_just_before_is_no_thief(store: RedisStore) -> None:
    """REF-4: what was kept before cannot be opened any more."""
    write_old(store, "s1", old_record(previous="r0", kept_until=NOW + 10))
    store.upgrade()

    assert rotate(store, "r0", "x").state is RotationState.REPLACED
    assert rotate(store, "r1", "r2").state is RotationState.ROTATED


def test_an_upgrade_may_be_run_again(store: RedisStore) -> None:
    write_old(store, "s1", old_record())
    store.upgrade()
    rotate(store, "r1", "r2")

    assert store.upgrade() == "0 sessions were upgraded"
    assert refresh_standing(store, "r2") is TokenStatus.GOOD


def test_an_upgrade_that_was_interrupted_loses_no_session(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REF-6: between rewriting a session and listing it."""
    sid = store.new_session_id("", "alice")
    write_old(store, sid, old_record())
    monkeypatch.setattr(store, "_list_again", Mock(side_effect=ConnectionError))
    with pytest.raises(ConnectionError):
        store.upgrade()
    monkeypatch.undo()
    store.upgrade()
    store.revoke_subject("", "alice", now=NOW, until=NOW + DAY)

    assert standing(store, session_id=sid) is TokenStatus.REVOKED


def test_a_session_that_expires_while_all_are_upgraded_is_left_out(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_old(store, "s1", old_record())
    key = store._session_keys("", "s1")[0]
    store._server.ask("DEL", key)
    monkeypatch.setattr(store._server, "scan", lambda pattern: iter([key]))

    assert store.upgrade() == "0 sessions were upgraded"
    assert store.session("", "s1", now=NOW) is None


def test_what_is_no_record_of_any_version_is_an_outage(store: RedisStore) -> None:
    write_old(store, "s1", b"\x07 something else")

    with pytest.raises(StoreUnavailableError, match="cannot be read"):
        standing(store)


@pytest.mark.parametrize("kept", [1, 41, 60])
def test_a_record_that_is_cut_short_is_an_outage(store: RedisStore, kept: int) -> None:
    key = store._session_keys("", "s1")[0]
    store.open_session(SESSION)
    store._server.ask("SET", key, store._server.ask("GET", key)[:kept])

    with pytest.raises(StoreUnavailableError, match="cannot be read"):
        refresh_standing(store, "r1")
    with pytest.raises(StoreUnavailableError, match="cannot be read"):
        store.session("", "s1", now=NOW)


def test_a_record_of_one_byte_lets_no_access_token_in(store: RedisStore) -> None:
    store.open_session(SESSION)
    store._server.ask("SET", store._session_keys("", "s1")[0], b"\x02")

    with pytest.raises(StoreUnavailableError, match="cannot be read"):
        standing(store)
