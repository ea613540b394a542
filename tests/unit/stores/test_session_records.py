"""A record says of its session what the session says of itself, until somebody has ended it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jwtpolicy.stores.base import Session, SessionRecord

SESSION = Session("", "s1", "u1", "r1", 0, 0, expires_at=10, idle_expires_at=None)


@pytest.mark.parametrize("idle", [None, 5, 10, 15])
@pytest.mark.parametrize("now", [0, 4, 5, 9, 10, 11])
def test_a_record_lives_as_long_as_its_session(idle: int | None, now: int) -> None:
    session = replace(SESSION, idle_expires_at=idle)

    assert SessionRecord(session).is_live(now) is session.is_live(now)
    assert session.is_live(now) is (now < min(10, idle or 10))


def test_a_record_that_was_ended_is_not_live() -> None:
    assert not SessionRecord(SESSION).ended().is_live(0)
