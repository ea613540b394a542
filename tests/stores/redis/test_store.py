"""Where entries lie, how long they stay, and what a look-up costs."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis.crc import key_slot

from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.stores import Opening, RotationState
from jwtpolicy.stores.base import FOREVER
from jwtpolicy.stores.opening import open_store
from jwtpolicy.stores.redis import RedisStore, clients, scripts
from jwtpolicy.stores.redis.keys import TAGS, home_of, tag_of
from jwtpolicy.testing.token_store import DAY, NOW, SESSION, ref, rotate, standing
from jwtpolicy.tokens.status import TokenStatus
from tests.services.redis import RedisServer
from tests.support.stores.redis import MakeStore


def open_own(store: RedisStore, **changes: object) -> str:
    """Open a session with an id of the store's own, and return it."""
    session_id = store.new_session_id("", "alice")
    store.open_session(replace(SESSION, session_id=session_id, **changes))  # type: ignore[arg-type]
    return session_id


def lifetimes(store: RedisStore, kind: str) -> list[int]:
    """Return the seconds that keys of a kind have left; -1 is for ever."""
    found = store._server.scan(store._prefix.encode() + b"{*}" + kind.encode() + b"*")
    return [store._server.ask("TTL", key) for key in set(found)]


def test_everything_of_a_subject_lies_in_one_slot() -> None:
    store = RedisStore("redis://h")
    keys = store._of_subject("", "alice")
    session_id = store.new_session_id("", "alice")
    named = [keys.token("a1"), keys.cut_off("alice"), *keys.lists("alice"), keys.epoch]
    named += [keys.floor("alice"), keys.session(store.adopted_session_id(ref()))]

    assert home_of("https://other", session_id) == keys.tag
    assert len({key_slot(key) for key in named + store._session_keys("", session_id)}) == 1


def test_subjects_are_spread_over_all_nodes() -> None:
    """No third of a Cluster has much more to do than the others."""
    slots = [key_slot(f"{{{tag}}}".encode()) for tag in TAGS]
    subjects = Counter(tag_of("", f"user-{n}") for n in range(40_000))

    assert len(set(slots)) > 3600
    assert max(Counter(slot * 6 // 16384 for slot in slots).values()) < 4096 / 6 * 1.05
    assert max(subjects.values()) < 40


@pytest.mark.parametrize("session_id", ["s1", "..", "{}.x", "ab.", "é.x", "x" * 300])
def test_foreign_ids_have_a_place_too(
    url_of: Callable[[str], str], make_store: MakeStore, session_id: str
) -> None:
    store = make_store(url_of("cluster"))
    store.open_session(replace(SESSION, session_id=session_id))
    assert standing(store, session_id=session_id) is TokenStatus.GOOD
    store.revoke_session("", session_id, now=NOW)

    assert standing(store, session_id=session_id) is TokenStatus.REVOKED


@pytest.mark.parametrize("lost", ["accept", "deny"])
def test_a_look_up_is_one_command(server: RedisServer, make_store: MakeStore, lost: str) -> None:
    store = make_store(server.url, lost=lost, clock=lambda: 0)
    session_id = open_own(store)
    standing(store, session_id=session_id)
    with server.client() as client:
        client.config_resetstat()
        for kind in ("access", "refresh"):
            standing(store, "r1", session_id=session_id, kind=kind)
            standing(store, "old", session_id=None, kind=kind)
        calls = {name: found["calls"] for name, found in client.info("commandstats").items()}

    assert calls == {"cmdstat_mget": 4, "cmdstat_config|resetstat": 1}


def test_a_rotation_is_one_script(server: RedisServer, make_store: MakeStore) -> None:
    store = make_store(server.url)
    open_own(store)
    session_id = open_own(store)
    rotate(store, "r1", "r2", session_id=session_id)
    with server.client() as client:
        client.config_resetstat()
        again = rotate(store, "r2", "r3", session_id=session_id, grace=9, kept=b"x")
        calls = client.info("commandstats")["cmdstat_evalsha"]["calls"]

    assert again.state is RotationState.ROTATED
    assert calls == 1


def test_entries_leave_when_no_token_can_need_them(
    server: RedisServer, make_store: MakeStore
) -> None:
    """REV-1: the rest of the life, and the longest leeway."""
    store = make_store(server.url)
    store.revoke_token(ref(), expires_at=NOW + 900, now=NOW)
    store.consume(ref("a2"), expires_at=NOW + 900, now=NOW)
    store.revoke_subject("", "alice", now=NOW, until=NOW + 900)

    assert [1199 <= left <= 1200 for left in lifetimes(store, "[tc]")] == [True] * 3


def test_a_clock_that_is_ahead_shortens_no_life(server: RedisServer, make_store: MakeStore) -> None:
    """REV-1, K17: neither that of a revocation, nor that of the list that others are ended by."""
    store, now = make_store(server.url), int(time.time())
    ahead, ends = now + 8 * DAY, now + 90 * DAY
    first = open_own(store, created_at=now, last_used_at=now, expires_at=ends, idle_expires_at=None)
    store.revoke_token(ref(), expires_at=now + DAY, now=ahead)
    store.consume(ref("a2"), expires_at=now + DAY, now=ahead)
    store.open_session(
        replace(SESSION, session_id="late", created_at=ahead, last_used_at=ahead, expires_at=ends)
    )

    assert [DAY + 290 < left <= DAY + 300 for left in lifetimes(store, "t")] == [True] * 2
    store.revoke_subject("", "alice", now=now, until=FOREVER)
    assert {standing(store, session_id=sid) for sid in (first, "late")} == {TokenStatus.REVOKED}


def test_a_clock_that_is_behind_shortens_no_life(
    server: RedisServer, make_store: MakeStore
) -> None:
    """REV-1: on the machine that revokes, the token lives as long as its clock says."""
    store = make_store(server.url)
    store.revoke_token(ref(), expires_at=NOW + 900, now=NOW)

    assert [1190 < left <= 1200 for left in lifetimes(store, "t")] == [True]


def test_that_a_login_is_cut_off_is_remembered_for_as_long_as_one_takes(
    server: RedisServer, make_store: MakeStore
) -> None:
    store = make_store(server.url)
    store.end_others("", "alice", None, now=NOW)
    store.revoke_subject("", "bob", now=NOW, until=FOREVER)

    assert [3890 < left <= 3900 for left in lifetimes(store, "f")] == [True] * 2
    assert lifetimes(store, "c") == [-1]


def test_a_session_of_a_foreign_id_is_cut_off_while_it_is_opened(
    server: RedisServer, make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REF-6: it lies in another slot than what its subject's sessions are ended by."""
    store = make_store(server.url)
    run = store._server.run

    def interrupted(script: Any, *arguments: Any) -> Any:
        if script is scripts.OPEN:
            with monkeypatch.context() as patch:
                patch.setattr(store, "revoke_session", lambda *ids, **times: None)  # comes later
                store.end_others("", "alice", None, now=NOW + 0.5)
        return run(script, *arguments)

    monkeypatch.setattr(store._server, "run", interrupted)

    assert store.open_session(SESSION, since=NOW) is Opening.CUT_OFF
    assert standing(store) is TokenStatus.REVOKED


def test_a_list_longer_than_a_page_is_read_to_its_end(
    server: RedisServer, make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jwtpolicy.stores.redis.store._AT_ONCE", 3)
    store = make_store(server.url)
    same, later = [open_own(store) for _ in range(7)], open_own(store, created_at=NOW + 1)
    store.revoke_session("", same[0], now=NOW)
    found = [one.session_id for one in store.sessions("", "alice", now=NOW)]

    assert found == [later, *sorted(same[1:], reverse=True)]
    assert len(store.sessions("", "alice", now=NOW, limit=2)) == 2


def test_a_session_leaves_when_it_idles_away_or_ends(
    server: RedisServer, make_store: MakeStore
) -> None:
    """An ended one stays for its access tokens, which may live as long as it could have."""
    store = make_store(server.url)
    session_id = open_own(store)
    [idle] = lifetimes(store, "s")
    store.touch("", session_id, now=NOW, idle_expires_at=None)
    [absolute] = lifetimes(store, "s")
    store.touch("", session_id, now=NOW, idle_expires_at=NOW + 60)
    store.revoke_session("", session_id, now=NOW)
    [ended] = lifetimes(store, "s")

    assert [round(left, -2) for left in (idle, absolute, ended)] == [
        30 * DAY + 300,
        90 * DAY + 300,
        90 * DAY + 300,
    ]


def test_what_never_expires_stays(server: RedisServer, make_store: MakeStore) -> None:
    store = make_store(server.url)
    open_own(store, expires_at=FOREVER, idle_expires_at=None)
    open_own(store)
    store.revoke_token(ref(), expires_at=None, now=NOW)
    store.revoke_token(ref(), expires_at=NOW + 9, now=NOW)

    assert lifetimes(store, "t") == [-1]
    assert sorted(left == -1 for left in lifetimes(store, "s")) == [False, True]
    assert lifetimes(store, "[lx]") == [-1, -1]


def test_a_pair_is_kept_for_the_grace_only(server: RedisServer, make_store: MakeStore) -> None:
    """REF-4: the server itself erases it."""
    store = make_store(server.url)
    session_id = open_own(store)
    rotate(store, "r1", "r2", session_id=session_id, grace=1, kept=b"pair")
    assert len(lifetimes(store, "k")) == 1
    time.sleep(1.1)

    assert lifetimes(store, "k") == []


def test_the_list_of_sessions_leaves_with_the_last(
    server: RedisServer, make_store: MakeStore
) -> None:
    store = make_store(server.url)
    open_own(store, expires_at=NOW + DAY)
    open_own(store, expires_at=NOW + 60, idle_expires_at=None)
    left, other = lifetimes(store, "[lx]")
    open_own(store, created_at=NOW + 3600, expires_at=NOW + DAY)

    assert left == other
    assert DAY < left <= DAY + 300


@pytest.mark.parametrize("kind", ["redis", "cluster"])
def test_pruning_takes_the_gone_off_the_lists(
    kind: str, url_of: Callable[[str], str], make_store: MakeStore
) -> None:
    store = make_store(url_of(kind))
    gone, stays = open_own(store), open_own(store)
    store.open_session(replace(SESSION, issuer="https://other:443", subject="bob"))
    store._server.ask("DEL", store._session_keys("", gone)[0])

    assert store.prune(now=NOW) == 1
    assert store.prune(now=NOW) == 0
    assert [found.session_id for found in store.sessions("", "alice", now=NOW)] == [stays]


def test_listing_takes_the_gone_off_too(server: RedisServer, make_store: MakeStore) -> None:
    store = make_store(server.url)
    store._server.ask("DEL", store._session_keys("", open_own(store))[0])

    assert store.sessions("", "alice", now=NOW) == []
    assert store.prune(now=NOW) == 0


def test_more_sessions_end_than_one_script_takes(
    server: RedisServer, make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REF-6."""
    monkeypatch.setattr("jwtpolicy.stores.redis.store._AT_ONCE", 3)
    store = make_store(server.url)
    ids = [open_own(store) for _ in range(8)]
    store.revoke_subject("", "alice", now=NOW, until=NOW + DAY)

    assert {standing(store, session_id=sid) for sid in ids} == {TokenStatus.REVOKED}
    assert lifetimes(store, "[lx]") == []


def test_a_prefix_is_taken_literally(server: RedisServer, make_store: MakeStore) -> None:
    odd, other = make_store(server.url, prefix="a*["), make_store(server.url, prefix="abc[")
    gone = open_own(other)
    other._server.ask("DEL", other._session_keys("", gone)[0])

    assert odd.prune(now=NOW) == 0
    assert other.prune(now=NOW) == 1


@pytest.mark.parametrize(
    "url", ["redis://h", "rediss://h", "redis+sentinel://h/m", "redis+cluster://h"]
)
def test_a_url_chooses_it(tmp_path: Path, url: str) -> None:
    store = open_store(url, instance_path=tmp_path, timeout=3)

    assert isinstance(store, RedisStore)
    assert "timeout=3" in repr(store)


def test_without_redis_py_the_error_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "jwtpolicy.stores.redis")
    monkeypatch.setitem(sys.modules, "redis", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'jwtpolicy\[redis\]'"):
        open_store("redis://h", instance_path=tmp_path)


@pytest.mark.parametrize(
    ("version", "name"), [("5.0.0", "cluster_error_retry_attempts"), ("6.0", "retry")]
)
def test_older_clients_are_told_in_their_words(
    version: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis.__version__", version)

    assert list(clients._cluster_retries()) == [name]


@pytest.mark.parametrize(
    ("url", "options", "key"),
    [
        *((url, {"lost": "deny"}, "JWT_STORE_LOST") for url in ("memory://", "none")),
        *(
            (url, {"near_cache": 1}, "JWT_STORE_NEAR_CACHE")
            for url in (None, "memory://", "none", "sqlite:///x.db", "sqlite+pysqlite:///x.db")
        ),
    ],
)
def test_other_stores_refuse_what_they_would_ignore(
    tmp_path: Path, url: str | None, options: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigurationError, match=key):
        open_store(url, instance_path=tmp_path, **options)
    assert open_store(url or "memory://", instance_path=tmp_path, lost="accept") or url == "none"


def test_a_mistake_in_the_url_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="JWT_STORE_URL: the Redis URL"):
        open_store("redis://h/x", instance_path=tmp_path)


def test_who_was_ended_for_others_is_not_listed_any_more(
    server: RedisServer, make_store: MakeStore
) -> None:
    """Else each login would look at all that there were, for as long as they could have lived."""
    store = make_store(server.url)
    by_age, by_end = store._of_subject("", "alice").lists("alice")
    for n in range(5):
        name = store.new_session_id("", "alice")
        store.open_session(replace(SESSION, session_id=name, created_at=NOW + n), maximum=2)
    gone = store._session_keys("", store.sessions("", "alice", now=NOW)[0].session_id)[0]
    store._server.ask("DEL", gone)
    open_own(store, created_at=NOW + 9)
    store.open_session(replace(SESSION, session_id=name[:2] + ".x"), maximum=2)

    assert [store._server.ask("ZCARD", key) for key in (by_age, by_end)] == [2, 2]


@pytest.mark.parametrize("is_all", [True, False])
def test_all_sessions_of_a_user_are_ended_by_one_script(
    server: RedisServer, make_store: MakeStore, is_all: bool
) -> None:
    """K29: there is no moment at which some have ended, and no way to stop half-way."""
    store = make_store(server.url)
    opened = [open_own(store) for _ in range(600)]
    store.revoke_session("", opened[1], now=NOW)
    with server.client() as client:
        client.config_resetstat()
        if is_all:
            store.revoke_subject("", "alice", now=NOW, until=NOW + DAY)
        else:
            assert store.end_others("", "alice", opened[0], now=NOW) == 598
        calls = {name: one["calls"] for name, one in client.info("commandstats").items()}

    assert calls["cmdstat_evalsha"] == 1
    left = [one.session_id for one in store.sessions("", "alice", now=NOW)]
    assert left == ([] if is_all else opened[:1])
