"""What the store of a dry run foresees of a request that changes its own session."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jwtpolicy.stores import MemoryStore, RotationState
from jwtpolicy.stores.dry import ENDS_SESSION, DryStore
from jwtpolicy.testing.token_store import (
    NOW,
    SESSION,
    adoptable,
    present,
    ref,
    refresh_standing,
    replace_by,
    rotate,
    standing,
)
from jwtpolicy.tokens.status import TokenStatus


@pytest.fixture
def read() -> MemoryStore:
    """Return a store with one session of alice."""
    store = MemoryStore()
    store.open_session(SESSION)
    return store


@pytest.fixture
def effects() -> list[str]:
    return []


@pytest.fixture
def dry(read: MemoryStore, effects: list[str]) -> DryStore:
    """Return the store of a dry run over it."""
    return DryStore(read, effects)


def test_a_revoked_refresh_token_stays_revoked_when_its_session_is_prolonged(
    read: MemoryStore, dry: DryStore
) -> None:
    read.revoke_token(ref("r1"), expires_at=None, now=NOW)

    assert dry.touch("", "s1", now=NOW, idle_expires_at=None)

    assert refresh_standing(dry, "r1") is TokenStatus.REVOKED


def test_a_used_refresh_token_stays_in_its_grace_when_its_session_is_prolonged(
    read: MemoryStore, dry: DryStore
) -> None:
    rotate(read, "r1", "r2", grace=10, kept=b"pair")

    assert dry.touch("", "s1", now=NOW, idle_expires_at=None)

    assert refresh_standing(dry, "r1") is TokenStatus.IN_GRACE
    assert refresh_standing(dry, "r2") is TokenStatus.GOOD


def test_a_replacement_makes_void_what_was_in_its_grace(read: MemoryStore, dry: DryStore) -> None:
    rotate(read, "r1", "r2", grace=10, kept=b"pair")

    assert replace_by(dry, "r2", "r3")

    assert refresh_standing(dry, "r1") is TokenStatus.REPLACED
    assert refresh_standing(dry, "r3") is TokenStatus.GOOD


def test_what_took_the_place_of_another_token_and_was_used_is_consumed(
    read: MemoryStore, dry: DryStore
) -> None:
    """Even where the other store has seen a replacement in the same second."""
    replace_by(read, "r1", "r2")
    replace_by(dry, "r2", "r3")

    rotate(dry, "r3", "r4")

    assert refresh_standing(dry, "r2") is TokenStatus.REPLACED
    assert refresh_standing(dry, "r3") is TokenStatus.CONSUMED


def test_a_single_use_of_the_current_refresh_token_is_no_reuse_of_it(
    read: MemoryStore, dry: DryStore, effects: list[str]
) -> None:
    read.consume(ref("r1"), expires_at=None, now=NOW)

    assert present(dry, "r1").state is RotationState.CURRENT

    assert refresh_standing(dry, "r1") is TokenStatus.CONSUMED
    assert effects == []


def test_a_reuse_would_end_the_session(
    read: MemoryStore, dry: DryStore, effects: list[str]
) -> None:
    rotate(read, "r1", "r2")

    assert present(dry, "r1").state is RotationState.REUSED

    assert (standing(dry), effects) == (TokenStatus.REVOKED, [ENDS_SESSION])
    assert standing(read) is TokenStatus.GOOD


def test_a_refresh_token_that_nobody_has_adopted_outlives_the_other_sessions(
    dry: DryStore,
) -> None:
    token, session = adoptable(dry)

    assert dry.end_others("", "alice", None, now=NOW) == 1

    assert dry.adopt(token, session, token_expires_at=None) == session
    assert standing(dry) is TokenStatus.REVOKED


def test_an_adopted_refresh_token_is_adopted_no_more_once_it_is_revoked(
    read: MemoryStore, dry: DryStore
) -> None:
    token, session = adoptable(read)
    read.adopt(token, session, token_expires_at=None)
    assert dry.adopt(token, session, token_expires_at=None) == session

    dry.revoke_token(token, expires_at=None, now=NOW)

    assert dry.adopt(token, session, token_expires_at=None) is None


def test_a_login_above_the_maximum_would_end_the_oldest_session(dry: DryStore) -> None:
    newest = replace(SESSION, session_id="s2", refresh_id="r9", created_at=NOW + 1)

    dry.open_session(newest, maximum=1)

    assert dry.sessions("", "alice", now=NOW) == [newest]
    assert standing(dry) is TokenStatus.REVOKED


def test_a_session_that_is_over_gets_no_other_token(dry: DryStore, effects: list[str]) -> None:
    dry.revoke_session("", "s1", now=NOW)
    effects.clear()

    assert dry.touch("", "s1", now=NOW, idle_expires_at=None) is None
    assert not replace_by(dry, "r1", "r2")
    assert rotate(dry, "r1", "r2").state is RotationState.ENDED
    assert effects == []


def test_a_token_that_is_not_the_current_one_is_not_replaced(dry: DryStore) -> None:
    assert not replace_by(dry, "r2", "r3")
    assert replace_by(dry, "r1", "r3")


@pytest.mark.parametrize("keep", ["s1", "s2"])
def test_the_other_sessions_end_though_they_were_opened_by_the_same_request(
    dry: DryStore, keep: str
) -> None:
    dry.open_session(replace(SESSION, session_id="s2", refresh_id="r9"))

    assert dry.end_others("", "alice", keep, now=NOW) == 1

    assert [one.session_id for one in dry.sessions("", "alice", now=NOW)] == [keep]


def test_sessions_end_at_the_second_time_too(dry: DryStore) -> None:
    assert dry.end_others("", "alice", "s1", now=NOW) == 0
    assert standing(dry) is TokenStatus.GOOD

    assert dry.end_others("", "alice", "s2", now=NOW) == 1

    assert dry.end_others("", "alice", "s1", now=NOW) == 0
    assert standing(dry) is TokenStatus.REVOKED


def test_a_single_use_that_is_given_back_can_be_had_again(dry: DryStore) -> None:
    assert dry.consume(ref(), expires_at=None, now=NOW)
    assert not dry.consume(ref(), expires_at=None, now=NOW)

    dry.give_back(ref())

    assert dry.consume(ref(), expires_at=None, now=NOW)
