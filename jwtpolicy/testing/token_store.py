"""Say what every `TokenStore` must do: inherit, and supply the fixture ``store``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

import pytest

from ..access import Standing
from ..stores import Rotation, RotationState, Session, TokenStore
from ..stores.base import FOREVER

T = TypeVar("T")

NOW = 1_700_000_000
DAY = 86_400
LEEWAY = 300  # the longest that a verifier may grant

SESSION = Session(
    issuer="",
    session_id="s1",
    subject="alice",
    refresh_id="r1",
    created_at=NOW,
    last_used_at=NOW,
    expires_at=NOW + 90 * DAY,
    idle_expires_at=NOW + 30 * DAY,
    label="Firefox on Linux",
)


def standing(store: TokenStore, **token: Any) -> Standing:
    """Ask for the standing of an access token of `SESSION`, or of a variation of it."""
    is_refresh = token.pop("is_refresh", False)
    defaults = {"issuer": "", "subject": "alice", "token_id": "a1", "session_id": "s1"}
    return store.standing(**{**defaults, "issued_at": NOW, **token}, is_refresh=is_refresh)


def rotate(store: TokenStore, presented: str, successor: str, **changes: Any) -> Rotation:
    """Rotate `SESSION`, or a variation of it."""
    defaults = {"issuer": "", "session_id": "s1", "now": NOW, "idle_expires_at": NOW + 30 * DAY}
    return store.rotate(
        **{**defaults, "presented_id": presented, "successor_id": successor, **changes}
    )


def all_at_once(number: int, function: Callable[[int], T]) -> list[T]:
    """Call *function* with 0 … *number* - 1 in as many threads, and return the results."""
    barrier = threading.Barrier(number, timeout=30)
    results: dict[int, T] = {}

    def run(index: int) -> None:
        barrier.wait()
        results[index] = function(index)

    threads = [threading.Thread(target=run, args=[index]) for index in range(number)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that they meet inside of short functions, too
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    sys.setswitchinterval(interval)
    return [results[index] for index in range(number)]


class TokenStoreContract:
    """The tests; REV-1, REF-1, REF-2, REF-4, REF-5 and REF-6 as far as a store carries them."""

    #: Whether entries go by the server's clock when their time is over, so that nothing is left
    #: to prune; then override `wait`.
    expires_by_itself: ClassVar[bool] = False

    @pytest.fixture
    def store(self) -> Any:
        """Return an empty store."""
        raise NotImplementedError

    def wait(self, store: TokenStore, now: int) -> None:
        """Let the server's clock come from `NOW` to *now*, where the store goes by it."""

    def prune(self, store: TokenStore, now: int) -> int:
        """Prune when the time has come, on every clock."""
        self.wait(store, now)
        return store.prune(now=now)

    def test_a_token_that_nobody_revoked_is_good(self, store: TokenStore) -> None:
        store.open_session(SESSION)

        assert standing(store) is Standing.GOOD
        assert standing(store, token_id="r1", is_refresh=True) is Standing.GOOD

    def test_a_revoked_token_is_revoked_and_others_are_good(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        store.revoke_token("", "alice", "a1", expires_at=NOW + DAY, now=NOW)

        assert standing(store) is Standing.REVOKED
        assert standing(store, token_id="a2") is Standing.GOOD

    def test_a_revoked_token_without_a_session_is_revoked(self, store: TokenStore) -> None:
        store.revoke_token("", "alice", "a1", expires_at=None, now=NOW)

        assert standing(store, session_id=None) is Standing.REVOKED
        assert standing(store, session_id=None, token_id="a2") is Standing.GOOD

    def test_another_issuers_entries_are_not_ours(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        store.revoke_token("https://other", "alice", "a1", expires_at=None, now=NOW)
        store.revoke_session("https://other", "s1", now=NOW)
        store.revoke_subject("https://other", "alice", now=NOW, until=NOW + DAY)

        assert standing(store) is Standing.GOOD
        assert standing(store, issuer="https://other") is Standing.REVOKED

    def test_issuer_and_id_are_told_apart(self, store: TokenStore) -> None:
        store.revoke_token("a", "alice", "bc", expires_at=None, now=NOW)

        assert standing(store, issuer="ab", token_id="c") is Standing.GOOD

    def test_ids_are_compared_exactly(self, store: TokenStore) -> None:
        store.revoke_token("", "alice", "a1", expires_at=None, now=NOW)
        spellings = ["A1", "a1 ", "a1\0", "a%", "", "а1"]  # noqa: RUF001 # Cyrillic, on purpose

        assert {standing(store, token_id=jti) for jti in spellings} == {Standing.GOOD}

    def test_ids_may_hold_anything(self, store: TokenStore) -> None:
        odd = "'; DROP TABLE x; -- {}%s\0\n\U0001f600" * 20
        store.revoke_token(odd, "alice", odd, expires_at=None, now=NOW)

        assert standing(store, issuer=odd, token_id=odd) is Standing.REVOKED
        assert standing(store, issuer=odd, token_id=odd[:-1]) is Standing.GOOD

    def test_revoking_a_subject_ends_sessions_with_any_kind_of_id(self, store: TokenStore) -> None:
        """REF-6."""
        ids = ["s1", store.new_session_id("", "alice"), store.new_session_id("", "bob")]
        for session_id in ids:
            store.open_session(replace(SESSION, session_id=session_id))
        store.revoke_subject("", "alice", now=NOW, until=NOW + DAY)

        assert {standing(store, session_id=sid) for sid in ids} == {Standing.REVOKED}
        assert store.sessions("", "alice", now=NOW) == []

    def test_revoking_twice_is_revoking(self, store: TokenStore) -> None:
        store.revoke_token("", "alice", "a1", expires_at=NOW + DAY, now=NOW)
        store.revoke_token("", "alice", "a1", expires_at=NOW + DAY, now=NOW)

        assert standing(store) is Standing.REVOKED

    def test_an_unknown_session_kills_refresh_tokens_only(self, store: TokenStore) -> None:
        assert standing(store) is Standing.GOOD
        assert standing(store, token_id="r1", is_refresh=True) is Standing.REVOKED

    def test_a_refresh_token_outside_of_sessions_lives(self, store: TokenStore) -> None:
        old = {"token_id": "r0", "session_id": None, "is_refresh": True}

        assert standing(store, **old) is Standing.GOOD
        store.consume("", "alice", "r0", expires_at=NOW + DAY, now=NOW)
        assert standing(store, **old) is Standing.CONSUMED

    def test_an_open_session_can_be_read(self, store: TokenStore) -> None:
        store.open_session(SESSION)

        assert store.session("", "s1", now=NOW) == SESSION

    def test_an_unknown_session_is_none(self, store: TokenStore) -> None:
        store.open_session(SESSION)

        assert store.session("", "s2", now=NOW) is None
        assert store.session("https://other", "s1", now=NOW) is None

    def test_a_session_id_is_taken_once(self, store: TokenStore) -> None:
        assert store.open_session(SESSION) is True
        assert store.open_session(replace(SESSION, subject="mallory", refresh_id="rm")) is False

        assert store.session("", "s1", now=NOW) == SESSION

    def test_an_ended_session_cannot_be_opened_again(self, store: TokenStore) -> None:
        store.revoke_session("", "s1", now=NOW)

        assert store.open_session(SESSION) is False
        assert standing(store) is Standing.REVOKED

    def test_new_session_ids_are_unique_and_work_as_any_other(self, store: TokenStore) -> None:
        ids = {store.new_session_id("", "alice") for _ in range(20)}
        for session_id in ids:
            store.open_session(replace(SESSION, session_id=session_id))
        ended = min(ids)
        store.revoke_session("", ended, now=NOW)

        assert len(ids) == 20
        assert {sid for sid in ids if standing(store, session_id=sid) is Standing.GOOD} == ids - {
            ended
        }
        assert {found.session_id for found in store.sessions("", "alice", now=NOW)} == ids - {ended}

    def test_sessions_are_listed_newest_first(self, store: TokenStore) -> None:
        older = replace(SESSION, session_id="s0", created_at=NOW - 5)
        newer = replace(SESSION, session_id="s2", created_at=NOW + 5, label=None)
        for session in (SESSION, newer, older, replace(SESSION, session_id="b", subject="bob")):
            store.open_session(session)

        assert store.sessions("", "alice", now=NOW + 5) == [newer, SESSION, older]

    def test_nobody_has_no_sessions(self, store: TokenStore) -> None:
        assert store.sessions("", "nobody", now=NOW) == []

    def test_an_ended_session_is_gone_and_its_tokens_dead(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        store.revoke_session("", "s1", now=NOW)

        assert store.session("", "s1", now=NOW) is None
        assert store.sessions("", "alice", now=NOW) == []
        assert standing(store) is Standing.REVOKED
        assert standing(store, token_id="r1", is_refresh=True) is Standing.REVOKED

    def test_ending_one_session_leaves_the_others(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        store.open_session(other := replace(SESSION, session_id="s2"))
        store.revoke_session("", "s1", now=NOW)

        assert store.sessions("", "alice", now=NOW) == [other]
        assert standing(store, session_id="s2") is Standing.GOOD

    def test_an_unknown_session_can_be_ended(self, store: TokenStore) -> None:
        store.revoke_session("", "s1", now=NOW)

        assert standing(store) is Standing.REVOKED
        assert standing(store, session_id="s2") is Standing.GOOD

    @pytest.mark.parametrize(
        ("now", "is_there"),
        [
            pytest.param(NOW + 30 * DAY - 1, True, id="last second"),
            pytest.param(NOW + 30 * DAY, False, id="idle for too long"),
        ],
    )
    def test_an_idle_session_ends(self, store: TokenStore, now: int, is_there: bool) -> None:
        """REF-6."""
        store.open_session(SESSION)

        assert (store.session("", "s1", now=now) is not None) is is_there
        assert bool(store.sessions("", "alice", now=now)) is is_there
        rotated = RotationState.ROTATED if is_there else RotationState.ENDED
        assert rotate(store, "r1", "r2", now=now).state is rotated

    @pytest.mark.parametrize(
        ("now", "is_there"),
        [
            pytest.param(NOW + 90 * DAY - 1, True, id="last second"),
            pytest.param(NOW + 90 * DAY, False, id="absolute end"),
        ],
    )
    def test_a_session_without_idle_expiry_ends_too(
        self, store: TokenStore, now: int, is_there: bool
    ) -> None:
        """REF-6."""
        store.open_session(replace(SESSION, idle_expires_at=None))

        assert (store.session("", "s1", now=now) is not None) is is_there
        rotated = RotationState.ROTATED if is_there else RotationState.ENDED
        assert rotate(store, "r1", "r2", now=now).state is rotated

    def test_revoking_a_subject_ends_its_sessions_exactly(self, store: TokenStore) -> None:
        """REF-6: by sid, without clocks; what is opened in the same second lives."""
        store.open_session(SESSION)
        store.open_session(replace(SESSION, session_id="b", subject="bob"))
        store.revoke_subject("", "alice", now=NOW, until=NOW + DAY)
        store.open_session(replace(SESSION, session_id="s2"))

        assert standing(store) is Standing.REVOKED
        assert rotate(store, "r1", "r2").state is RotationState.ENDED
        assert standing(store, session_id="s2") is Standing.GOOD
        assert standing(store, session_id="b", subject="bob") is Standing.GOOD

    @pytest.mark.parametrize("session_id", [None, "unknown"])
    @pytest.mark.parametrize(
        ("issued_at", "expected"),
        [
            pytest.param(0, Standing.REVOKED, id="without iat"),
            pytest.param(NOW - 1, Standing.REVOKED, id="before"),
            pytest.param(NOW, Standing.REVOKED, id="in that second"),
            pytest.param(NOW + 0.9, Standing.REVOKED, id="in a fraction of that second"),
            pytest.param(NOW + 1, Standing.GOOD, id="after"),
        ],
    )
    def test_the_cut_off_is_for_tokens_without_session(
        self, store: TokenStore, session_id: str | None, issued_at: float, expected: Standing
    ) -> None:
        """REF-6: tokens without sid by a revoked-before second."""
        store.revoke_subject("", "alice", now=NOW, until=NOW + DAY)
        token = {"session_id": session_id, "issued_at": issued_at}

        assert standing(store, **token) is expected
        assert standing(store, **token, subject="bob") is Standing.GOOD

    def test_a_cut_off_never_moves_back(self, store: TokenStore) -> None:
        store.revoke_subject("", "alice", now=NOW, until=NOW + DAY)
        store.revoke_subject("", "alice", now=NOW - 60, until=NOW + 60)
        self.prune(store, now=NOW + DAY)

        assert standing(store, session_id=None) is Standing.REVOKED

    def test_rotating_replaces_the_refresh_token(self, store: TokenStore) -> None:
        """REF-1."""
        store.open_session(SESSION)

        assert rotate(store, "r1", "r2") == Rotation(RotationState.ROTATED)
        assert standing(store, token_id="r1", is_refresh=True) is Standing.CONSUMED
        assert standing(store, token_id="r2", is_refresh=True) is Standing.GOOD
        assert standing(store) is Standing.GOOD

    def test_rotating_touches_the_session_and_nothing_else(self, store: TokenStore) -> None:
        """REF-5: the absolute end stays."""
        store.open_session(SESSION)
        rotate(store, "r1", "r2", now=NOW + 60, idle_expires_at=None)

        touched = replace(SESSION, refresh_id="r2", last_used_at=NOW + 60, idle_expires_at=None)
        assert store.session("", "s1", now=NOW + 60) == touched
        assert store.sessions("", "alice", now=NOW + 60) == [touched]

    def test_touching_a_session_keeps_it_from_idling(self, store: TokenStore) -> None:
        """REF-5, REF-6: neither its refresh token nor its absolute end moves."""
        store.open_session(SESSION)
        idle = NOW + 31 * DAY
        touched = replace(SESSION, last_used_at=NOW + 60, idle_expires_at=idle)

        assert store.touch("", "s1", now=NOW + 60, idle_expires_at=idle) == touched
        assert store.session("", "s1", now=NOW + 60) == touched

    def test_what_is_over_cannot_be_touched(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        late = NOW + 30 * DAY

        assert store.touch("", "s1", now=late, idle_expires_at=late + DAY) is None
        assert store.touch("", "unknown", now=NOW, idle_expires_at=None) is None
        store.revoke_session("", "s1", now=NOW)
        assert store.touch("", "s1", now=NOW, idle_expires_at=None) is None

    def test_refreshing_goes_on_and_on(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        states = {rotate(store, f"r{n}", f"r{n + 1}").state for n in range(1, 20)}

        assert states == {RotationState.ROTATED}

    @pytest.mark.parametrize("presented", ["r1", "r0", "never issued"])
    def test_reuse_ends_the_session_and_no_other(self, store: TokenStore, presented: str) -> None:
        """REF-2."""
        store.open_session(SESSION)
        store.open_session(replace(SESSION, session_id="s2"))
        rotate(store, "r1", "r2")

        assert rotate(store, presented, "r3") == Rotation(RotationState.REUSED)
        assert standing(store) is Standing.REVOKED
        assert rotate(store, "r2", "r4") == Rotation(RotationState.ENDED)
        assert rotate(store, "r1", "r5", session_id="s2").state is RotationState.ROTATED

    def test_what_is_over_is_not_reused(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        store.revoke_session("", "s1", now=NOW)

        assert rotate(store, "r1", "r2") == Rotation(RotationState.ENDED)
        assert rotate(store, "r1", "r2", session_id="s2") == Rotation(RotationState.ENDED)

    @pytest.mark.parametrize(
        ("later", "expected"),
        [
            pytest.param(0, Rotation(RotationState.REPEATED, b"pair"), id="at once"),
            pytest.param(9, Rotation(RotationState.REPEATED, b"pair"), id="last second"),
            pytest.param(10, Rotation(RotationState.REUSED), id="after the grace"),
        ],
    )
    def test_a_repetition_within_the_grace_gets_what_was_kept(
        self, store: TokenStore, later: int, expected: Rotation
    ) -> None:
        """REF-4."""
        store.open_session(SESSION)
        rotate(store, "r1", "r2", refresh_grace=10, kept=b"pair")

        again = rotate(store, "r1", "r3", now=NOW + later, refresh_grace=10, kept=b"other")
        assert again == expected
        assert (standing(store) is Standing.GOOD) is (expected.kept is not None)

    def test_a_repetition_changes_nothing(self, store: TokenStore) -> None:
        """REF-4: the same pair as often as it is asked for, and never a second branch."""
        store.open_session(SESSION)
        rotate(store, "r1", "r2", refresh_grace=10, kept=b"pair")
        before = store.session("", "s1", now=NOW)
        again = [rotate(store, "r1", f"x{n}", now=NOW + n, refresh_grace=10) for n in range(3)]

        assert again == [Rotation(RotationState.REPEATED, b"pair")] * 3
        assert store.session("", "s1", now=NOW) == before
        assert rotate(store, "r2", "r3").state is RotationState.ROTATED

    @pytest.mark.parametrize(
        "kept",
        [
            pytest.param({"refresh_grace": 0, "kept": b"pair"}, id="no grace"),
            pytest.param({"refresh_grace": 10, "kept": None}, id="nothing kept"),
        ],
    )
    def test_without_grace_a_repetition_is_reuse(
        self, store: TokenStore, kept: dict[str, Any]
    ) -> None:
        store.open_session(SESSION)
        rotate(store, "r1", "r2", **kept)

        assert rotate(store, "r1", "r3", refresh_grace=10) == Rotation(RotationState.REUSED)

    def test_only_the_last_one_may_be_repeated(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        rotate(store, "r1", "r2", refresh_grace=10, kept=b"first")
        rotate(store, "r2", "r3", refresh_grace=10, kept=b"second")

        assert rotate(store, "r2", "x").kept == b"second"
        assert rotate(store, "r1", "x") == Rotation(RotationState.REUSED)

    def test_nothing_is_repeated_after_the_end(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        rotate(store, "r1", "r2", refresh_grace=10, kept=b"pair")
        store.revoke_session("", "s1", now=NOW)

        assert rotate(store, "r1", "r3") == Rotation(RotationState.ENDED)

    def test_of_many_threads_one_rotates(self, store: TokenStore) -> None:
        """REF-1."""
        store.open_session(SESSION)
        rotations = all_at_once(
            8, lambda n: rotate(store, "r1", f"r2-{n}", refresh_grace=10, kept=b"%d" % n)
        )

        winners = [n for n, found in enumerate(rotations) if found.state is RotationState.ROTATED]
        losers = [found for found in rotations if found.state is not RotationState.ROTATED]
        assert len(winners) == 1
        assert losers == [Rotation(RotationState.REPEATED, b"%d" % winners[0])] * 7
        assert store.session("", "s1", now=NOW).refresh_id == f"r2-{winners[0]}"  # type: ignore[union-attr]

    def test_without_grace_a_race_ends_the_session(self, store: TokenStore) -> None:
        """REF-1, REF-2."""
        store.open_session(SESSION)
        states = [r.state for r in all_at_once(8, lambda n: rotate(store, "r1", f"r2-{n}"))]

        assert states.count(RotationState.ROTATED) == 1
        assert states.count(RotationState.REUSED) == 1
        assert states.count(RotationState.ENDED) == 6
        assert standing(store) is Standing.REVOKED

    def test_of_many_threads_one_opens_a_session(self, store: TokenStore) -> None:
        opened = all_at_once(
            8, lambda n: store.open_session(replace(SESSION, refresh_id=f"r1-{n}"))
        )

        winner = opened.index(True)
        assert sum(opened) == 1
        assert store.session("", "s1", now=NOW).refresh_id == f"r1-{winner}"  # type: ignore[union-attr]

    def test_a_token_is_consumed_once(self, store: TokenStore) -> None:
        consumed = [
            store.consume("", "alice", "a1", expires_at=NOW + DAY, now=NOW) for _ in range(3)
        ]

        assert consumed == [True, False, False]
        assert standing(store) is Standing.CONSUMED
        assert store.consume("", "alice", "a2", expires_at=NOW + DAY, now=NOW)
        assert store.consume("https://other", "alice", "a1", expires_at=None, now=NOW)

    def test_of_many_threads_one_consumes(self, store: TokenStore) -> None:
        consumed = all_at_once(
            8, lambda n: store.consume("", "alice", "a1", expires_at=None, now=NOW)
        )

        assert sum(consumed) == 1

    def test_a_revoked_token_cannot_be_consumed(self, store: TokenStore) -> None:
        store.revoke_token("", "alice", "a1", expires_at=NOW + DAY, now=NOW)

        assert store.consume("", "alice", "a1", expires_at=NOW + DAY, now=NOW) is False
        assert standing(store) is Standing.REVOKED

    def test_a_consumed_token_can_be_revoked(self, store: TokenStore) -> None:
        store.consume("", "alice", "a1", expires_at=NOW + DAY, now=NOW)
        store.revoke_token("", "alice", "a1", expires_at=NOW + DAY, now=NOW)

        assert standing(store) is Standing.REVOKED
        assert store.consume("", "alice", "a1", expires_at=NOW + DAY, now=NOW) is False

    def test_pruning_forgets_what_no_token_needs(self, store: TokenStore) -> None:
        """REV-1: entries live as long as the tokens verify, leeway included."""
        store.open_session(replace(SESSION, expires_at=NOW + DAY))
        store.revoke_session("", "s1", now=NOW)
        store.revoke_session("", "unknown", now=NOW, until=NOW + DAY)
        store.revoke_token("", "alice", "a2", expires_at=NOW + DAY, now=NOW)
        store.consume("", "alice", "a3", expires_at=NOW + DAY, now=NOW)
        store.revoke_subject("", "carol", now=NOW, until=NOW + DAY)
        tokens: list[dict[str, Any]] = [
            {"session_id": "s1"},
            {"session_id": "unknown"},
            {"session_id": None, "token_id": "a2"},
            {"session_id": None, "token_id": "a3"},
            {"session_id": None, "subject": "carol"},
        ]

        assert self.prune(store, now=NOW + DAY + LEEWAY - 1) == 0
        assert Standing.GOOD not in {standing(store, **token) for token in tokens}
        assert self.prune(store, now=NOW + DAY + LEEWAY) == 5 or self.expires_by_itself
        assert {standing(store, **token) for token in tokens} == {Standing.GOOD}
        assert self.prune(store, now=NOW + DAY + LEEWAY) == 0

    def test_pruning_in_batches_ends(self, store: TokenStore) -> None:
        for n in range(7):
            store.revoke_token("", "alice", f"a{n}", expires_at=NOW, now=NOW)
        later = NOW + LEEWAY
        self.wait(store, later)

        assert store.prunable(now=later) in {7, None}
        assert store.prune_batch(now=later, limit=3) in {3, 7} or self.expires_by_itself
        while store.prune_batch(now=later, limit=3):
            pass
        assert store.prunable(now=later) in {0, None}
        assert standing(store, token_id="a6") is Standing.GOOD

    def test_pruning_keeps_what_never_expires(self, store: TokenStore) -> None:
        store.revoke_token("", "alice", "a1", expires_at=None, now=NOW)
        store.consume("", "alice", "a2", expires_at=None, now=NOW)
        store.revoke_session("", "unknown", now=NOW)
        store.revoke_subject("", "carol", now=NOW, until=FOREVER)

        assert self.prune(store, now=NOW + 1000 * 365 * DAY) == 0
        assert standing(store) is Standing.REVOKED
        assert standing(store, session_id=None, subject="carol") is Standing.REVOKED
        assert standing(store, token_id="a2") is Standing.CONSUMED
        assert standing(store, session_id="unknown") is Standing.REVOKED

    def test_the_longer_of_two_expiries_holds(self, store: TokenStore) -> None:
        store.revoke_token("", "alice", "a1", expires_at=NOW + 2 * DAY, now=NOW)
        store.revoke_token("", "alice", "a1", expires_at=NOW + DAY, now=NOW)
        self.prune(store, now=NOW + DAY + LEEWAY)

        assert standing(store) is Standing.REVOKED

    def test_pruning_leaves_live_sessions(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        store.open_session(replace(SESSION, session_id="short", expires_at=NOW + DAY))

        assert self.prune(store, now=NOW + DAY + LEEWAY) == 1 or self.expires_by_itself
        assert store.sessions("", "alice", now=NOW) == [SESSION]

    def test_pruning_does_not_disturb_the_grace(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        rotate(store, "r1", "r2", refresh_grace=10, kept=b"pair")
        self.prune(store, now=NOW + 9)
        assert rotate(store, "r1", "x", now=NOW + 9).state is RotationState.REPEATED

        self.prune(store, now=NOW + 10)
        assert rotate(store, "r1", "x", now=NOW + 9).state is RotationState.REUSED

    def test_a_busy_store_prunes_itself(self, store: TokenStore) -> None:
        store.revoke_token("", "alice", "a1", expires_at=NOW, now=NOW)
        for n in range(256):
            store.consume("", "alice", f"c{n}", expires_at=None, now=NOW + LEEWAY)
        self.wait(store, NOW + LEEWAY)

        assert standing(store) is Standing.GOOD
        assert standing(store, token_id="c0") is Standing.CONSUMED

    def test_a_closed_store_opens_again(self, store: TokenStore) -> None:
        store.revoke_token("", "alice", "a1", expires_at=None, now=NOW)
        store.close()
        store.close()

        assert standing(store) is Standing.REVOKED

    def test_a_repr_shows_no_kept_pair(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        rotate(store, "r1", "r2", refresh_grace=10, kept=b"hush-hush")

        assert "hush" not in repr(rotate(store, "r1", "x")) + repr(store)
