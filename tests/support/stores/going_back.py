"""What every store has to notice under ``lost="deny"``, whatever it is restored from."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from typing import Any, Protocol

import pytest

from jwtpolicy.stores import TokenStore
from jwtpolicy.stores.lineage import Lineage
from jwtpolicy.testing.token_store import (
    DAY,
    NOW,
    SESSION,
    adoptable,
    ref,
    refresh_standing,
    replace_by,
    rotate,
    standing,
)
from jwtpolicy.tokens.status import TokenStatus
from tests.support.clocks import StandingClock

#: The second in which the older copy is put back.
LATER = NOW + 100


class Copies(Protocol):
    """What makes copies of a store's files, and puts them back."""

    def save(self) -> None:
        """Make a copy."""

    def restore(self) -> None:
        """Put the copy in the place of what is there."""


def forget_to_wait(store: Any) -> None:
    """Let the next change advance the mark: a second is taken to have passed."""
    lineage_of(store)._due_at.clear()


def lineage_of(store: Any) -> Lineage:
    """Return what a store of any kind knows of its age."""
    places = [("_epoch", "_lineage"), ("_lineage",), ("_database", "lineage")]
    found = (reduce(lambda one, name: getattr(one, name, None), names, store) for names in places)
    return next(one for one in found if isinstance(one, Lineage))


#: Every verb that changes something.
CHANGES: list[Callable[[TokenStore], object]] = [
    lambda store: store.open_session(replace(SESSION, session_id="s9")),
    lambda store: rotate(store, "r1", "r2"),
    lambda store: replace_by(store, "r2", "r3"),
    lambda store: store.touch("", "s1", now=NOW, idle_expires_at=None),
    lambda store: store.adopt(*adoptable(store), token_expires_at=None),
    lambda store: store.consume(ref("c9"), expires_at=None, now=NOW),
    lambda store: store.revoke_token(ref("a9"), expires_at=None, now=NOW),
    lambda store: store.revoke_session("", "s1", now=NOW),
    lambda store: store.end_others("", "alice", None, now=NOW),
    lambda store: store.revoke_subject("", "alice", now=NOW, until=NOW),
]


class GoingBack:
    """The fixtures `copies` and `make` are what a subclass has to say.

    `make` returns another store on the same data, as another process has it.
    """

    @pytest.fixture
    def clock(self) -> StandingClock:
        return StandingClock(NOW - DAY)

    @pytest.fixture
    def store(self, make: Callable[[], TokenStore], clock: StandingClock) -> TokenStore:
        """A store in which all is good, and then a day has passed."""
        store = make()
        standing(store)
        store.open_session(SESSION)
        clock.now = LATER
        return store

    def test_what_was_ended_since_the_copy_stays_so(
        self, store: TokenStore, copies: Copies
    ) -> None:
        """K45, REV-1: though the copy knows the session, and knows it as alive."""
        copies.save()
        forget_to_wait(store)
        store.revoke_session("", "s1", now=NOW)
        copies.restore()

        assert standing(store) is TokenStatus.REVOKED
        assert refresh_standing(store, "r1") is TokenStatus.REVOKED
        assert standing(store, session_id=None) is TokenStatus.REVOKED

    def test_nothing_is_refused_where_nothing_was_lost(
        self, store: TokenStore, copies: Copies
    ) -> None:
        """The twin: it was restarted, from a copy that is up to date."""
        forget_to_wait(store)
        store.revoke_token(ref("a9"), expires_at=None, now=NOW)
        copies.save()
        copies.restore()

        assert standing(store) is TokenStatus.GOOD
        assert refresh_standing(store, "r1") is TokenStatus.GOOD
        assert standing(store, "a9") is TokenStatus.REVOKED

    def test_every_change_lets_the_store_come_farther(self, store: TokenStore) -> None:
        """K45: what one of them did could be lost without a sign."""
        marks = []
        for change in CHANGES:
            forget_to_wait(store)
            change(store)
            standing(store)
            marks.append(max(age.mark for age in lineage_of(store)._ages.values()))

        assert marks == list(range(marks[0], marks[0] + len(CHANGES)))

    def test_who_logs_in_afterwards_is_let_in(self, store: TokenStore, copies: Copies) -> None:
        copies.save()
        forget_to_wait(store)
        store.revoke_token(ref("a9"), expires_at=None, now=NOW)
        copies.restore()
        standing(store)
        login = replace(SESSION, session_id="s2", created_at=LATER + 1, last_used_at=LATER + 1)
        store.open_session(login)

        assert standing(store, session_id="s2", issued_at=LATER + 1) is TokenStatus.GOOD
        assert (
            refresh_standing(store, "r1", session_id="s2", issued_at=LATER + 1) is TokenStatus.GOOD
        )
        assert standing(store, session_id="s2", issued_at=LATER) is TokenStatus.REVOKED

    def test_one_who_noticed_tells_all_others(
        self, store: TokenStore, copies: Copies, make: Callable[[], TokenStore]
    ) -> None:
        """Those that were started since, too."""
        copies.save()
        forget_to_wait(store)
        store.revoke_session("", "s1", now=NOW)
        copies.restore()
        standing(store)

        assert standing(make()) is TokenStatus.REVOKED
        assert standing(make(), session_id=None, issued_at=LATER + 1) is TokenStatus.GOOD

    def test_a_change_does_not_hide_it(self, store: TokenStore, copies: Copies) -> None:
        """It would bring the mark up to what was seen."""
        copies.save()
        forget_to_wait(store)
        store.revoke_session("", "s1", now=NOW)
        copies.restore()
        forget_to_wait(store)
        store.revoke_token(ref("a8"), expires_at=None, now=NOW)

        assert standing(store) is TokenStatus.REVOKED

    def test_nothing_old_opens_a_session(self, store: TokenStore, copies: Copies) -> None:
        """A refresh token without a session was adopted, and used up, since the copy."""
        token, _ = adoptable(store)
        copies.save()
        forget_to_wait(store)
        store.consume(token, expires_at=None, now=NOW)
        copies.restore()

        assert store.standing(token, now=NOW) is TokenStatus.REVOKED

    def test_a_clock_that_is_ahead_locks_nobody_out(
        self, store: TokenStore, copies: Copies, clock: StandingClock
    ) -> None:
        """K45: all others would be refused until their clocks had caught up with it."""
        copies.save()
        forget_to_wait(store)
        store.revoke_session("", "s1", now=NOW)
        copies.restore()
        clock.now = time.time() + DAY

        assert standing(store) is TokenStatus.REVOKED
        assert standing(store, session_id=None, issued_at=int(time.time()) + 2) is TokenStatus.GOOD

    def test_one_that_is_behind_the_others_begins_once_more_and_no_more(
        self,
        store: TokenStore,
        copies: Copies,
        clock: StandingClock,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """What it writes is not older than what was seen, or each request would begin anew."""
        copies.save()
        for clock.now in (LATER, LATER - 50):
            forget_to_wait(store)
            store.revoke_session("", "s1", now=NOW)
            copies.restore()
            for _ in range(3):
                assert standing(store) is TokenStatus.REVOKED

        assert standing(store, session_id=None, issued_at=LATER + 1) is TokenStatus.GOOD
        assert len([one for one in caplog.records if one.levelname == "ERROR"]) == 2

    def test_the_log_says_so_once(
        self, store: TokenStore, copies: Copies, caplog: pytest.LogCaptureFixture
    ) -> None:
        copies.save()
        forget_to_wait(store)
        store.revoke_token(ref("a9"), expires_at=None, now=NOW)
        copies.restore()
        for _ in range(3):
            standing(store)

        said = [one.levelname for one in caplog.records if "went back in time" in one.message]
        assert said == ["ERROR"]
