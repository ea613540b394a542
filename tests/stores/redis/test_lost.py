"""What a server forgets, and who notices it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from jwtpolicy.exceptions import ConfigurationError, StoreUnavailableError
from jwtpolicy.stores.redis import RedisStore
from jwtpolicy.testing.token_store import DAY, NOW, SESSION, ref, refresh_standing, standing
from jwtpolicy.tokens.status import TokenStatus
from tests.services.redis import RedisServer
from tests.support.stores.redis import MakeStore

BEGINNING = NOW - DAY


@pytest.mark.parametrize(
    ("lost", "expected"), [("accept", TokenStatus.GOOD), ("deny", TokenStatus.REVOKED)]
)
def test_a_server_that_comes_back_empty(
    server: RedisServer, make_store: MakeStore, lost: str, expected: TokenStatus
) -> None:
    """With "accept" a revoked token is good again; with "deny" all that are older are refused."""
    times = iter([BEGINNING, NOW + 9])
    store = make_store(server.url, lost=lost, clock=lambda: next(times))
    assert standing(store, session_id=None) is TokenStatus.GOOD
    store.revoke_token(ref(), expires_at=None, now=NOW)
    server.kill()
    server.start()

    assert standing(store, session_id=None) is expected
    assert standing(store, session_id=None, token_id="other") is expected
    assert standing(store, session_id=None, issued_at=NOW + 10) is TokenStatus.GOOD


def test_a_new_login_is_good_after_a_loss(server: RedisServer, make_store: MakeStore) -> None:
    """Even in the second in which memory began: the session is known."""
    store = make_store(server.url, lost="deny", clock=lambda: NOW)
    store.open_session(SESSION)
    store.open_session(replace(SESSION, session_id="s2", created_at=NOW - DAY))

    assert refresh_standing(store, "r1") is TokenStatus.GOOD
    assert standing(store, issued_at=NOW) is TokenStatus.GOOD
    assert standing(store, session_id="s3", issued_at=NOW) is TokenStatus.REVOKED


def test_a_loss_within_the_second_is_no_older_copy(
    server: RedisServer, make_store: MakeStore
) -> None:
    """Who logs in right after it stays in, since the store knows his session."""
    store = make_store(server.url, lost="deny", clock=lambda: NOW)
    standing(store)
    store.revoke_token(ref("a9"), expires_at=None, now=NOW)
    server.kill()
    server.start()
    assert standing(store, session_id=None) is TokenStatus.REVOKED
    store.open_session(SESSION)

    assert standing(store) is TokenStatus.GOOD


def test_memory_begins_everywhere_at_once(server: RedisServer, make_store: MakeStore) -> None:
    """A subject who is looked up for the first time is no older than the store."""
    times = iter([BEGINNING])
    store = make_store(server.url, lost="deny", clock=lambda: next(times))
    subjects = [f"user-{number}" for number in range(300)]

    found = {standing(store, session_id=None, subject=subject) for subject in subjects}
    assert found == {TokenStatus.GOOD}


def test_the_first_start_accepts_nothing_older(server: RedisServer, make_store: MakeStore) -> None:
    store = make_store(server.url, lost="deny", clock=lambda: NOW)

    assert standing(store, session_id=None, issued_at=NOW) is TokenStatus.REVOKED
    assert standing(store, session_id=None, issued_at=NOW + 1) is TokenStatus.GOOD


def test_a_later_cut_off_still_holds(server: RedisServer, make_store: MakeStore) -> None:
    store = make_store(server.url, lost="deny", clock=lambda: BEGINNING)
    standing(store, session_id=None)
    store.revoke_subject("", "alice", now=NOW, until=NOW + DAY)

    assert standing(store, session_id=None) is TokenStatus.REVOKED
    assert standing(store, session_id=None, subject="bob") is TokenStatus.GOOD


def fill(server: RedisServer) -> None:
    """Write until the server has to evict."""
    with server.client() as client:
        client.config_set("maxmemory", "3mb")
        client.config_set("maxmemory-policy", "allkeys-lru")
        for number in range(400):
            client.set(f"other:{number}", b"x" * 20_000)


def test_a_server_that_evicts_forgets_revocations(
    server: RedisServer, make_store: MakeStore
) -> None:
    """With "accept" nobody notices: the policy has to be noeviction."""
    store = make_store(server.url)
    store.revoke_token(ref(), expires_at=None, now=NOW)
    assert standing(store, session_id=None) is TokenStatus.REVOKED
    time.sleep(1.1)  # the server counts how long a key was idle in seconds
    fill(server)

    assert standing(store, session_id=None) is TokenStatus.GOOD


def test_a_server_that_may_evict_is_not_asked(server: RedisServer, make_store: MakeStore) -> None:
    fill(server)
    store = make_store(server.url, lost="deny", clock=lambda: BEGINNING)
    with pytest.raises(StoreUnavailableError, match="allkeys-lru"):
        standing(store, session_id=None)
    with server.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "30mb")

    assert standing(store, session_id=None) is TokenStatus.GOOD


def test_a_full_server_still_answers_and_refuses_to_forget(
    server: RedisServer, make_store: MakeStore
) -> None:
    """Look-ups go on; what cannot be written is 503."""
    store = make_store(server.url)
    store.revoke_token(ref(), expires_at=None, now=NOW)
    with server.client() as client:
        client.config_set("maxmemory", "1")

    reason = "the Redis token store failed: OutOfMemoryError"  # as docs/operate says
    with pytest.raises(StoreUnavailableError, match=reason):
        store.revoke_token(ref("a2"), expires_at=None, now=NOW)
    assert standing(store, session_id=None) is TokenStatus.REVOKED


def test_the_choice_is_spelt() -> None:
    with pytest.raises(ConfigurationError, match="'accept' or 'deny'"):
        RedisStore("redis://127.0.0.1", lost="ignore")
