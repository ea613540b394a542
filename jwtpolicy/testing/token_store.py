"""The contract of every `TokenStore` as a test class: inherit, and supply ``store``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, TypeVar

import pytest

from ..clock import system_clock
from ..stores import Opening, Rotation, RotationState, Session, Step, TokenRef, TokenStore
from ..stores.base import FOREVER, MAX_PREDECESSORS, NO_ID
from ..tokens.status import TokenStatus

T = TypeVar("T")

#: The time at which the contract's tokens are issued, in seconds since the epoch.
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


REF = TokenRef("", "alice", "a1", "s1", NOW)


def ref(token_id: str = "a1", **changes: Any) -> TokenRef:
    """Return an access token of `SESSION`, or a variation of it."""
    return REF._replace(token_id=token_id, **changes)


def standing(store: TokenStore, token_id: str = "a1", **changes: Any) -> TokenStatus:
    """Ask for the standing of an access token of `SESSION`, or of a variation of it."""
    now, leeway = changes.pop("now", NOW), changes.pop("leeway", 0)
    return store.standing(ref(token_id, **changes), now=now, leeway=leeway)


def refresh_standing(store: TokenStore, token_id: str, **changes: Any) -> TokenStatus:
    """Ask for the standing of a refresh token of `SESSION`, or of a variation of it."""
    return standing(store, token_id, kind="refresh", **changes)


def step(successor: str, idle_expires_at: int | None = NOW + 30 * DAY) -> Step:
    """Return the step that puts a refresh token into the place of another one."""
    return Step(successor, idle_expires_at)


def rotate(
    store: TokenStore,
    presented: str,
    successor: str,
    idle_expires_at: int | None = NOW + 30 * DAY,
    **changes: Any,
) -> Rotation:
    """Rotate `SESSION`, or a variation of it."""
    names = {"issuer", "session_id", "issued_at"}.intersection(changes)
    token = {name: changes.pop(name) for name in names}
    presented_ref = ref(presented, kind="refresh", **token)
    return store.rotate(presented_ref, step(successor, idle_expires_at), **{"now": NOW, **changes})


def present(store: TokenStore, presented: str, now: int = NOW, **changes: Any) -> Rotation:
    """Present a refresh token of `SESSION` without rotating it."""
    return store.present(ref(presented, kind="refresh", **changes), now=now)


def replace_by(store: TokenStore, expected: str, successor: str, now: int = NOW) -> bool:
    """Put another refresh token in the place of the current one of `SESSION`."""
    return store.replace("", "s1", expected, step(successor), now=now)


def adoptable(store: TokenStore) -> tuple[TokenRef, Session]:
    """Return the refresh token ``old``, which belongs to no session, and the one to come of it."""
    token = ref("old", session_id=None, kind="refresh")
    session = replace(
        SESSION, session_id=store.adopted_session_id(token), refresh_id="old", label=None
    )
    return token, session


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
    """The contract of a token store: REV-1, REF-1, REF-2, REF-4, REF-5 and REF-6."""

    #: Whether entries go by the server's clock when their time is over, so that nothing is left
    #: to prune; then override `wait`.
    expires_by_itself: ClassVar[bool] = False

    @pytest.fixture
    def store(self) -> Any:
        """Return an empty store."""
        raise NotImplementedError

    def wait(self, store: TokenStore, now: int) -> None:
        """Let the server's clock come from `NOW` to *now*, if the store uses it."""

    def prune(self, store: TokenStore, now: int) -> int:
        """Prune when the time has come, on every clock."""
        self.wait(store, now)
        return store.prune(now=now)

    def _just_before(self, moment: int) -> int:
        """Return the second before *moment*, or the minute where the server's clock goes on."""
        return moment - (60 if self.expires_by_itself else 1)

    def test_a_token_that_nobody_revoked_is_good(self, store: TokenStore) -> None:
        store.open_session(SESSION)

        assert standing(store) is TokenStatus.GOOD
        assert refresh_standing(store, "r1") is TokenStatus.GOOD

    def test_a_revoked_token_is_revoked_and_others_are_good(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        store.revoke_token(ref(), expires_at=NOW + DAY, now=NOW)

        assert standing(store) is TokenStatus.REVOKED
        assert standing(store, token_id="a2") is TokenStatus.GOOD

    def test_a_revoked_token_without_a_session_is_revoked(self, store: TokenStore) -> None:
        store.revoke_token(ref(), expires_at=None, now=NOW)

        assert standing(store, session_id=None) is TokenStatus.REVOKED
        assert standing(store, session_id=None, token_id="a2") is TokenStatus.GOOD

    def test_a_token_without_an_id_is_revoked_with_its_subject(self, store: TokenStore) -> None:
        """As tokens of other issuers may be; no entry has the empty id."""
        other: dict[str, Any] = {"issuer": "https://other", "session_id": None, "token_id": NO_ID}
        store.revoke_token(ref(issuer="https://other"), expires_at=None, now=NOW)
        store.consume(ref("a2", issuer="https://other"), expires_at=None, now=NOW)
        before = standing(store, **other)
        store.revoke_subject("", "alice", now=NOW, until=NOW + DAY)
        own = standing(store, **other)
        store.revoke_subject("https://other", "alice", now=NOW, until=NOW + DAY)

        assert [before, own] == [TokenStatus.GOOD, TokenStatus.GOOD]
        assert standing(store, **other) is TokenStatus.REVOKED
        assert standing(store, **other, issued_at=NOW + 1) is TokenStatus.GOOD
        assert standing(store, **other, subject="bob") is TokenStatus.GOOD

    def test_another_issuers_entries_are_not_ours(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        store.revoke_token(ref(issuer="https://other"), expires_at=None, now=NOW)
        store.revoke_session("https://other", "s1", now=NOW)
        store.revoke_subject("https://other", "alice", now=NOW, until=NOW + DAY)

        assert standing(store) is TokenStatus.GOOD
        assert standing(store, session_id=None) is TokenStatus.GOOD
        assert standing(store, issuer="https://other") is TokenStatus.REVOKED

    def test_what_ends_all_of_another_issuer_s_ends_no_login_of_ours(
        self, store: TokenStore
    ) -> None:
        store.revoke_subject("https://other", "alice", now=NOW, until=NOW + DAY)
        store.end_others("https://other", "alice", None, now=NOW)

        assert store.open_session(SESSION, since=NOW - 1) is Opening.OPENED
        assert [one.session_id for one in store.sessions("", "alice", now=NOW)] == ["s1"]

    def test_issuer_and_id_are_told_apart(self, store: TokenStore) -> None:
        store.revoke_token(ref("bc", issuer="a"), expires_at=None, now=NOW)

        assert standing(store, issuer="ab", token_id="c") is TokenStatus.GOOD

    def test_ids_are_compared_exactly(self, store: TokenStore) -> None:
        store.revoke_token(ref(), expires_at=None, now=NOW)
        spellings = ["A1", "a1 ", "a1\0", "a%", "", "а1"]  # noqa: RUF001 # Cyrillic, on purpose

        assert {standing(store, token_id=jti) for jti in spellings} == {TokenStatus.GOOD}

    def test_ids_may_hold_anything(self, store: TokenStore) -> None:
        odd = "'; DROP TABLE x; -- {}%s\0\n\U0001f600" * 20
        store.revoke_token(ref(odd, issuer=odd), expires_at=None, now=NOW)

        assert standing(store, issuer=odd, token_id=odd) is TokenStatus.REVOKED
        assert standing(store, issuer=odd, token_id=odd[:-1]) is TokenStatus.GOOD

    def test_revoking_a_subject_ends_sessions_with_any_kind_of_id(self, store: TokenStore) -> None:
        """REF-6."""
        ids = ["s1", store.new_session_id("", "alice"), store.new_session_id("", "bob")]
        for session_id in ids:
            store.open_session(replace(SESSION, session_id=session_id))
        store.revoke_subject("", "alice", now=NOW, until=NOW + DAY)

        assert {standing(store, session_id=sid) for sid in ids} == {TokenStatus.REVOKED}
        assert store.sessions("", "alice", now=NOW) == []

    def test_revoking_twice_is_revoking(self, store: TokenStore) -> None:
        store.revoke_token(ref(), expires_at=NOW + DAY, now=NOW)
        store.revoke_token(ref(), expires_at=NOW + DAY, now=NOW)

        assert standing(store) is TokenStatus.REVOKED

    def test_an_unknown_session_kills_refresh_tokens_only(self, store: TokenStore) -> None:
        assert standing(store) is TokenStatus.GOOD
        assert refresh_standing(store, "r1") is TokenStatus.REVOKED

    def test_a_refresh_token_outside_of_sessions_lives(self, store: TokenStore) -> None:
        old: dict[str, Any] = {"token_id": "r0", "session_id": None, "kind": "refresh"}

        assert standing(store, **old) is TokenStatus.GOOD
        store.consume(ref("r0"), expires_at=NOW + DAY, now=NOW)
        assert standing(store, **old) is TokenStatus.CONSUMED

    def test_a_refresh_token_of_a_session_can_be_consumed_and_revoked(
        self, store: TokenStore
    ) -> None:
        store.open_session(SESSION)
        store.consume(ref("r1"), expires_at=NOW + DAY, now=NOW)

        assert refresh_standing(store, "r1") is TokenStatus.CONSUMED
        store.revoke_token(ref("r1"), expires_at=NOW + DAY, now=NOW)
        assert refresh_standing(store, "r1") is TokenStatus.REVOKED

    def test_an_open_session_can_be_read(self, store: TokenStore) -> None:
        store.open_session(SESSION)

        assert store.session("", "s1", now=NOW) == SESSION

    def test_an_unknown_session_is_none(self, store: TokenStore) -> None:
        store.open_session(SESSION)

        assert store.session("", "s2", now=NOW) is None
        assert store.session("https://other", "s1", now=NOW) is None

    def test_a_session_id_is_taken_once(self, store: TokenStore) -> None:
        assert store.open_session(SESSION) is Opening.OPENED
        other = replace(SESSION, subject="mallory", refresh_id="rm")
        assert store.open_session(other) is Opening.KNOWN

        assert store.session("", "s1", now=NOW) == SESSION

    def test_an_ended_session_cannot_be_opened_again(self, store: TokenStore) -> None:
        store.revoke_session("", "s1", now=NOW)

        assert store.open_session(SESSION) is Opening.KNOWN
        assert standing(store) is TokenStatus.REVOKED

    def test_new_session_ids_are_unique_and_work_as_any_other(self, store: TokenStore) -> None:
        ids = {store.new_session_id("", "alice") for _ in range(20)}
        for session_id in ids:
            store.open_session(replace(SESSION, session_id=session_id))
        ended = min(ids)
        store.revoke_session("", ended, now=NOW)

        assert len(ids) == 20
        assert {
            sid for sid in ids if standing(store, session_id=sid) is TokenStatus.GOOD
        } == ids - {ended}
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
        assert standing(store) is TokenStatus.REVOKED
        assert refresh_standing(store, "r1") is TokenStatus.REVOKED

    def test_ending_one_session_leaves_the_others(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        store.open_session(other := replace(SESSION, session_id="s2"))
        store.revoke_session("", "s1", now=NOW)

        assert store.sessions("", "alice", now=NOW) == [other]
        assert standing(store, session_id="s2") is TokenStatus.GOOD

    def test_an_unknown_session_can_be_ended(self, store: TokenStore) -> None:
        store.revoke_session("", "s1", now=NOW)

        assert standing(store) is TokenStatus.REVOKED
        assert standing(store, session_id="s2") is TokenStatus.GOOD

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

        assert standing(store) is TokenStatus.REVOKED
        assert rotate(store, "r1", "r2").state is RotationState.ENDED
        assert standing(store, session_id="s2") is TokenStatus.GOOD
        assert standing(store, session_id="b", subject="bob") is TokenStatus.GOOD

    @pytest.mark.parametrize("session_id", [None, "unknown"])
    @pytest.mark.parametrize(
        ("issued_at", "expected"),
        [
            pytest.param(0, TokenStatus.REVOKED, id="without iat"),
            pytest.param(NOW - 1, TokenStatus.REVOKED, id="before"),
            pytest.param(NOW, TokenStatus.REVOKED, id="in that second"),
            pytest.param(NOW + 0.9, TokenStatus.REVOKED, id="in a fraction of that second"),
            pytest.param(NOW + 1, TokenStatus.GOOD, id="after"),
        ],
    )
    def test_the_cut_off_is_for_tokens_without_session(
        self, store: TokenStore, session_id: str | None, issued_at: float, expected: TokenStatus
    ) -> None:
        """REF-6: tokens without sid by a revoked-before second."""
        store.revoke_subject("", "alice", now=NOW, until=NOW + DAY)
        token: dict[str, Any] = {"session_id": session_id, "issued_at": issued_at}

        assert standing(store, **token) is expected
        assert standing(store, **token, subject="bob") is TokenStatus.GOOD

    def test_a_cut_off_never_moves_back(self, store: TokenStore) -> None:
        store.revoke_subject("", "alice", now=NOW, until=NOW + DAY)
        store.revoke_subject("", "alice", now=NOW - 60, until=NOW + 60)
        self.prune(store, now=NOW + DAY)

        assert standing(store, session_id=None) is TokenStatus.REVOKED

    def test_rotating_replaces_the_refresh_token(self, store: TokenStore) -> None:
        """REF-1."""
        store.open_session(SESSION)

        assert rotate(store, "r1", "r2") == Rotation(RotationState.ROTATED)
        assert refresh_standing(store, "r1") is TokenStatus.CONSUMED
        assert refresh_standing(store, "r2") is TokenStatus.GOOD
        assert standing(store) is TokenStatus.GOOD

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
        assert standing(store) is TokenStatus.REVOKED
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
        rotate(store, "r1", "r2", grace=10, kept=b"pair")

        again = rotate(store, "r1", "r3", now=NOW + later, grace=10, kept=b"other")
        assert again == expected
        assert (standing(store) is TokenStatus.GOOD) is (expected.kept is not None)

    def test_a_repetition_changes_nothing(self, store: TokenStore) -> None:
        """REF-4: the same pair as often as it is asked for, and never a second branch."""
        store.open_session(SESSION)
        rotate(store, "r1", "r2", grace=10, kept=b"pair")
        before = store.session("", "s1", now=NOW)
        again = [rotate(store, "r1", f"x{n}", now=NOW + n, grace=10) for n in range(3)]

        assert again == [Rotation(RotationState.REPEATED, b"pair")] * 3
        assert store.session("", "s1", now=NOW) == before
        assert rotate(store, "r2", "r3").state is RotationState.ROTATED

    @pytest.mark.parametrize(
        "kept",
        [
            pytest.param({"grace": 0, "kept": b"pair"}, id="no grace"),
            pytest.param({"grace": 10, "kept": None}, id="nothing kept"),
        ],
    )
    def test_without_grace_a_repetition_is_reuse(
        self, store: TokenStore, kept: dict[str, Any]
    ) -> None:
        store.open_session(SESSION)
        rotate(store, "r1", "r2", **kept)

        assert rotate(store, "r1", "r3", grace=10) == Rotation(RotationState.REUSED)

    def test_every_token_in_its_grace_gets_the_newest_pair(self, store: TokenStore) -> None:
        """REF-4: r1 → r2 → r3, then r1 again, gets what was kept for r3."""
        store.open_session(SESSION)
        rotate(store, "r1", "r2", grace=10, kept=b"first")
        rotate(store, "r2", "r3", now=NOW + 5, grace=10, kept=b"second")

        for presented in ("r1", "r2"):
            again = rotate(store, presented, "x", now=NOW + 6, grace=10, kept=b"third")
            assert again == Rotation(RotationState.REPEATED, b"second")
        assert rotate(store, "r3", "r4", now=NOW + 6).state is RotationState.ROTATED

    def test_the_grace_of_a_token_is_its_own_and_never_moves(self, store: TokenStore) -> None:
        """REF-4: counted from each one's own use, however often the chain goes on."""
        store.open_session(SESSION)
        for n, now in enumerate(range(NOW, NOW + 25, 5), start=1):
            rotate(store, f"r{n}", f"r{n + 1}", now=now, grace=10, kept=b"%d" % n)

        states = [refresh_standing(store, f"r{n}", now=NOW + 20) for n in range(1, 7)]
        late, graced, good = TokenStatus.CONSUMED, TokenStatus.IN_GRACE, TokenStatus.GOOD
        assert states == [late, late, late, graced, graced, good]
        assert rotate(store, "r3", "x", now=NOW + 20).state is RotationState.REUSED

    def test_a_session_remembers_so_many_used_tokens(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        for n in range(1, MAX_PREDECESSORS + 2):
            rotate(store, f"r{n}", f"r{n + 1}", grace=10, kept=b"pair")

        assert refresh_standing(store, "r2") is TokenStatus.IN_GRACE
        assert refresh_standing(store, "r1") is TokenStatus.CONSUMED

    def test_a_used_refresh_token_stands_in_its_grace(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        rotate(store, "r1", "r2", grace=10, kept=b"pair")

        assert refresh_standing(store, "r1", now=NOW + 9) is TokenStatus.IN_GRACE
        assert refresh_standing(store, "r1", now=NOW + 10) is TokenStatus.CONSUMED
        assert refresh_standing(store, "r2", now=NOW + 10) is TokenStatus.GOOD

    @pytest.mark.parametrize(("idle", "days"), [(NOW + 30 * DAY, 30), (None, 90)])
    def test_a_refresh_token_of_a_session_that_is_over_is_revoked(
        self, store: TokenStore, idle: int | None, days: int
    ) -> None:
        store.open_session(replace(SESSION, idle_expires_at=idle))

        assert refresh_standing(store, "r1", now=NOW + days * DAY - 1) is TokenStatus.GOOD
        assert refresh_standing(store, "r1", now=NOW + days * DAY) is TokenStatus.REVOKED

    def test_presenting_changes_nothing_but_the_session_of_a_thief(self, store: TokenStore) -> None:
        """REF-2: whoever meets a reused token ends its session, not only who rotates it."""
        store.open_session(SESSION)
        rotate(store, "r1", "r2", grace=10, kept=b"pair")
        before = store.session("", "s1", now=NOW)

        assert present(store, "r2") == Rotation(RotationState.CURRENT)
        assert present(store, "r1") == Rotation(RotationState.REPEATED, b"pair")
        assert store.session("", "s1", now=NOW) == before
        assert present(store, "r1", now=NOW + 10) == Rotation(RotationState.REUSED)
        assert present(store, "r1", now=NOW + 10) == Rotation(RotationState.ENDED)
        assert standing(store) is TokenStatus.REVOKED
        assert present(store, "r1", session_id="unknown") == Rotation(RotationState.ENDED)

    def test_a_replaced_token_is_void_and_no_theft(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        rotate(store, "r1", "r2", grace=10, kept=b"pair")

        assert replace_by(store, "r2", "r3", now=NOW + 5) is True
        for void in ("r1", "r2"):
            assert refresh_standing(store, void, now=NOW + 6) is TokenStatus.REPLACED
            assert present(store, void, now=NOW + 60) == Rotation(RotationState.REPLACED)
            assert rotate(store, void, "x", now=NOW + 60).state is RotationState.REPLACED
        assert refresh_standing(store, "r3", now=NOW + 6) is TokenStatus.GOOD

    def test_the_token_that_replaced_another_is_judged_as_any(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        replace_by(store, "r1", "r2", now=NOW)
        rotate(store, "r2", "r3", now=NOW + 5, grace=10, kept=b"pair")

        assert present(store, "r2", now=NOW + 6).state is RotationState.REPEATED
        assert present(store, "r1", now=NOW + 60).state is RotationState.REPLACED
        assert present(store, "r2", now=NOW + 60).state is RotationState.REUSED

    def test_what_came_after_a_replacement_in_its_second_may_be_repeated(
        self, store: TokenStore
    ) -> None:
        """REF-4: an honest client, whose second refresh after a step-up was not answered."""
        store.open_session(SESSION)
        replace_by(store, "r1", "r2")
        rotate(store, "r2", "r3", grace=10, kept=b"pair 3")
        rotate(store, "r3", "r4", grace=10, kept=b"pair 4")

        assert refresh_standing(store, "r3", now=NOW + 1) is TokenStatus.IN_GRACE
        assert rotate(store, "r3", "x", now=NOW + 1) == Rotation(RotationState.REPEATED, b"pair 4")
        assert present(store, "r1", now=NOW + 1).state is RotationState.REPLACED

    def test_a_replacement_by_a_clock_that_is_behind_blames_nobody(self, store: TokenStore) -> None:
        """REF-2: the token was issued by another machine, a few seconds ahead."""
        store.open_session(SESSION)
        rotate(store, "r1", "r2", now=NOW + 5)
        replace_by(store, "r2", "r3", now=NOW + 2)

        void = {"issued_at": NOW + 5, "now": NOW + 6}
        assert refresh_standing(store, "r2", **void) is TokenStatus.REPLACED
        assert present(store, "r2", **void).state is RotationState.REPLACED
        assert refresh_standing(store, "r3", now=NOW + 6) is TokenStatus.GOOD

    def test_only_the_current_token_of_a_live_session_is_replaced(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        before = store.session("", "s1", now=NOW)

        assert replace_by(store, "r0", "r2") is False
        assert replace_by(store, "r1", "r2", now=NOW + 30 * DAY) is False
        assert store.replace("", "unknown", "r1", step("r2"), now=NOW) is False
        assert store.session("", "s1", now=NOW) == before

    def test_of_many_threads_one_replaces(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        done = all_at_once(8, lambda n: replace_by(store, "r1", f"r2-{n}"))

        assert sum(done) == 1
        found = store.session("", "s1", now=NOW)
        assert found is not None
        assert found.refresh_id == f"r2-{done.index(True)}"

    def test_facts_stay_until_another_step_brings_others(self, store: TokenStore) -> None:
        facts = '{"scope": "a b", "odd": "\\ud800 \U0001f600 \u0000"}'
        store.open_session(replace(SESSION, facts=facts))
        rotate(store, "r1", "r2", grace=10, kept=b"pair")
        rotated = store.session("", "s1", now=NOW)
        store.replace("", "s1", "r2", step("r3")._replace(facts="{}"), now=NOW)
        replaced = store.session("", "s1", now=NOW)

        assert rotated is not None
        assert replaced is not None
        assert (rotated.facts, replaced.facts) == (facts, "{}")

    def test_nothing_is_repeated_after_the_end(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        rotate(store, "r1", "r2", grace=10, kept=b"pair")
        store.revoke_session("", "s1", now=NOW)

        assert rotate(store, "r1", "r3") == Rotation(RotationState.ENDED)

    def test_of_many_threads_one_rotates(self, store: TokenStore) -> None:
        """REF-1."""
        store.open_session(SESSION)
        rotations = all_at_once(
            8, lambda n: rotate(store, "r1", f"r2-{n}", grace=10, kept=b"%d" % n)
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
        assert standing(store) is TokenStatus.REVOKED

    def test_of_many_threads_one_opens_a_session(self, store: TokenStore) -> None:
        opened = all_at_once(
            8, lambda n: store.open_session(replace(SESSION, refresh_id=f"r1-{n}"))
        )

        winner = opened.index(Opening.OPENED)
        assert opened.count(Opening.OPENED) == 1
        assert store.session("", "s1", now=NOW).refresh_id == f"r1-{winner}"  # type: ignore[union-attr]

    def adopt(self, store: TokenStore, **changes: Any) -> Session | None:
        """Adopt the refresh token ``old``, which belongs to no session."""
        token, session = adoptable(store)
        leeway = changes.pop("leeway", 0)
        session = replace(session, **changes)
        return store.adopt(token, session, token_expires_at=NOW + 365 * DAY, leeway=leeway)

    def test_a_token_without_session_opens_one_that_is_always_the_same(
        self, store: TokenStore
    ) -> None:
        token, session = adoptable(store)
        assert store.standing(token, now=NOW) is TokenStatus.GOOD

        assert self.adopt(store) == session
        assert self.adopt(store, created_at=NOW + 1) == session
        assert store.session("", session.session_id, now=NOW) == session
        assert store.sessions("", "alice", now=NOW) == [session]
        assert store.standing(token, now=NOW) is TokenStatus.GOOD

    def test_an_adopted_token_is_judged_by_its_session(self, store: TokenStore) -> None:
        token, session = adoptable(store)
        self.adopt(store)
        sid = session.session_id
        rotate(store, "old", "r2", session_id=sid, now=NOW, grace=10, kept=b"pair")

        assert store.standing(token, now=NOW + 9) is TokenStatus.IN_GRACE
        assert store.standing(token, now=NOW + 10) is TokenStatus.CONSUMED
        rotate(store, "old", "x", session_id=sid, now=NOW + 10)
        assert store.standing(token, now=NOW + 10) is TokenStatus.REVOKED
        assert self.adopt(store) is None

    def test_an_adopted_token_stays_used_up_when_its_session_is_forgotten(
        self, store: TokenStore
    ) -> None:
        """REV-1: the token may verify for longer than the session lives."""
        token, _ = adoptable(store)
        self.adopt(store, expires_at=NOW + DAY, idle_expires_at=None)
        self.prune(store, now=NOW + 2 * DAY)

        assert store.standing(token, now=NOW + 2 * DAY) in {
            TokenStatus.CONSUMED,
            TokenStatus.REVOKED,
        }
        assert self.adopt(store, created_at=NOW + 2 * DAY, last_used_at=NOW + 2 * DAY) is None

    def test_an_adopted_token_that_was_revoked_is_not_adopted_again(
        self, store: TokenStore
    ) -> None:
        """Its session lives on, by its later tokens, and is not this token's any more."""
        token, session = adoptable(store)
        self.adopt(store)
        store.revoke_token(token, expires_at=None, now=NOW)

        assert self.adopt(store) is None
        assert store.session("", session.session_id, now=NOW) is not None

    def test_what_was_revoked_or_used_up_is_not_adopted(self, store: TokenStore) -> None:
        store.revoke_token(adoptable(store)[0], expires_at=None, now=NOW)
        assert self.adopt(store) is None
        other = adoptable(store)[0]._replace(token_id="other")
        store.consume(other, expires_at=None, now=NOW)
        session = replace(SESSION, session_id=store.adopted_session_id(other), refresh_id="other")

        assert store.adopt(other, session, token_expires_at=None) is None
        assert store.sessions("", "alice", now=NOW) == []

    @pytest.mark.parametrize(
        ("cut_off", "leeway", "is_open"),
        [
            pytest.param(NOW - 1, 0, True, id="revoked before it was issued"),
            pytest.param(NOW, 0, False, id="in the same second"),
            pytest.param(NOW - 2, 2, False, id="before, as far as clocks agree"),
        ],
    )
    def test_a_subjects_cut_off_is_for_adopting_too(
        self, store: TokenStore, cut_off: int, leeway: int, is_open: bool
    ) -> None:
        """REF-6."""
        store.revoke_subject("", "alice", now=cut_off, until=FOREVER)

        assert (self.adopt(store, leeway=leeway) is not None) is is_open

    def test_revoking_a_subject_ends_what_was_adopted(self, store: TokenStore) -> None:
        """REF-6."""
        token, session = adoptable(store)
        self.adopt(store)
        store.revoke_subject("", "alice", now=NOW + 5, until=FOREVER)

        assert store.session("", session.session_id, now=NOW) is None
        assert standing(store, session_id=session.session_id) is TokenStatus.REVOKED
        assert store.standing(token, now=NOW) is TokenStatus.REVOKED

    def test_of_many_threads_all_adopt_one_session(self, store: TokenStore) -> None:
        found = all_at_once(8, lambda n: self.adopt(store, created_at=NOW + n))

        assert None not in found
        assert len(set(found)) == 1

    def test_a_login_that_began_before_the_end_of_all_opens_nothing(
        self, store: TokenStore
    ) -> None:
        """REF-6: it was under way when the subject's sessions were ended."""
        store.revoke_subject("", "alice", now=NOW + 0.5, until=FOREVER)

        assert store.open_session(SESSION, since=NOW + 0.25) is Opening.CUT_OFF
        assert store.sessions("", "alice", now=NOW) == []
        bob = replace(SESSION, subject="bob", session_id="b")
        assert store.open_session(bob, since=NOW) is Opening.OPENED
        assert store.open_session(SESSION, since=NOW + 0.75) is Opening.OPENED

    def test_ending_the_others_is_for_logins_under_way_too(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        store.end_others("", "alice", "s1", now=NOW + 0.5)
        other = replace(SESSION, session_id="s2")

        assert store.open_session(other, since=NOW + 0.25) is Opening.CUT_OFF
        assert store.open_session(other, since=NOW + 0.5) is Opening.OPENED
        assert standing(store, session_id=None) is TokenStatus.GOOD

    def test_no_login_outlives_what_ended_all_while_it_was_under_way(
        self, store: TokenStore
    ) -> None:
        """REF-6: many of both meet, and every login began before the last end of all."""

        def act(n: int) -> Opening | None:
            since = NOW + n / 1000
            if n % 8 == 3:
                store.end_others("", "alice", None, now=since)
            elif n % 8 == 7:
                store.revoke_subject("", "alice", now=since, until=FOREVER)
            else:
                session = replace(SESSION, session_id=f"s{n}", created_at=since)
                return store.open_session(session, since=since)
            return None

        # A store that takes several steps may find its own session ended, and say KNOWN.
        all_at_once(24, act)

        assert store.sessions("", "alice", now=NOW) == []

    def test_the_others_are_ended_in_one_step(self, store: TokenStore) -> None:
        for n in range(300):
            store.open_session(replace(SESSION, session_id=f"o{n}"))
        store.open_session(SESSION)
        store.open_session(replace(SESSION, session_id="b", subject="bob"))

        assert store.end_others("", "alice", "s1", now=NOW) == 300
        assert store.sessions("", "alice", now=NOW) == [SESSION]
        assert standing(store, session_id="o7") is TokenStatus.REVOKED
        assert standing(store, session_id="b", subject="bob") is TokenStatus.GOOD
        assert store.end_others("", "alice", None, now=NOW) == 1
        assert store.end_others("", "alice", None, now=NOW) == 0

    def test_the_others_are_ended_though_they_have_idled_away(self, store: TokenStore) -> None:
        """REV-1: their access tokens live on, and another clock may say that they are live."""
        store.open_session(replace(SESSION, session_id="idle", idle_expires_at=NOW + 60))
        store.open_session(SESSION)

        assert store.end_others("", "alice", "s1", now=NOW + 120) == 0
        assert standing(store, session_id="idle", now=NOW) is TokenStatus.REVOKED
        assert refresh_standing(store, "r1", session_id="idle", now=NOW) is TokenStatus.REVOKED
        assert standing(store) is TokenStatus.GOOD

    def test_a_login_too_many_ends_the_oldest(self, store: TokenStore) -> None:
        for n in range(4):
            session = replace(SESSION, session_id=f"s{n}", created_at=NOW + n / 4)
            store.open_session(session, maximum=2)

        assert [one.session_id for one in store.sessions("", "alice", now=NOW)] == ["s3", "s2"]
        assert standing(store, session_id="s1") is TokenStatus.REVOKED

    def test_a_maximum_of_one_leaves_the_new_session(self, store: TokenStore) -> None:
        store.open_session(replace(SESSION, session_id="s0", created_at=NOW + 5))
        store.open_session(replace(SESSION, session_id="b", subject="bob"))
        store.open_session(SESSION, maximum=1)

        assert store.sessions("", "alice", now=NOW) == [SESSION]
        assert len(store.sessions("", "bob", now=NOW)) == 1

    def test_of_many_logins_at_once_so_many_live(self, store: TokenStore) -> None:
        sessions = [
            replace(SESSION, session_id=store.new_session_id("", "alice"), created_at=NOW + n / 8)
            for n in range(8)
        ]
        all_at_once(8, lambda n: store.open_session(sessions[n], maximum=3))

        assert len(store.sessions("", "alice", now=NOW)) == 3

    def test_never_are_more_open_than_the_maximum(self, store: TokenStore) -> None:
        """Whoever looks while others log in finds no more of them than there may be."""

        def log_in(index: int) -> int:
            counts = []
            for n in range(4):
                name, created = store.new_session_id("", "alice"), NOW + n + index / 8
                session = replace(SESSION, session_id=name, created_at=created)
                store.open_session(session, maximum=2)
                counts.append(len(store.sessions("", "alice", now=NOW)))
            return max(counts)

        assert max(all_at_once(8, log_in)) <= 2

    def test_what_is_adopted_counts_as_a_login(self, store: TokenStore) -> None:
        for n in range(3):
            name, created = store.new_session_id("", "alice"), NOW + n
            store.open_session(replace(SESSION, session_id=name, created_at=created))
        token, session = adoptable(store)
        for _ in range(2):
            store.adopt(token, session, token_expires_at=None, maximum=2)

        assert store.sessions("", "alice", now=NOW)[-1] == session
        assert len(store.sessions("", "alice", now=NOW)) == 2

    def test_what_was_ended_is_no_room_taken(self, store: TokenStore) -> None:
        names = [store.new_session_id("", "alice") for _ in range(4)]
        for n, name in enumerate(names[:3]):
            store.open_session(replace(SESSION, session_id=name, created_at=NOW + n))
        store.revoke_session("", names[2], now=NOW)
        store.open_session(replace(SESSION, session_id=names[3], created_at=NOW + 3), maximum=3)

        found = [one.session_id for one in store.sessions("", "alice", now=NOW)]
        assert found == [names[3], names[1], names[0]]

    def test_sessions_of_one_second_are_in_order_and_come_in_pages(self, store: TokenStore) -> None:
        opened = [
            replace(SESSION, session_id=f"s{n}", created_at=NOW + (n // 2) / 1000) for n in range(7)
        ]
        for session in opened[::2] + opened[1::2]:
            store.open_session(session)
        pages: list[list[Session]] = []
        before = None
        # No more than there can be: a store that turns in circles is to fail, and not to hang.
        while len(pages) < len(opened) and (
            page := store.sessions("", "alice", now=NOW, limit=3, before=before)
        ):
            pages.append(page)
            before = (page[-1].created_at, page[-1].session_id)

        assert [len(page) for page in pages] == [3, 3, 1]
        assert [one for page in pages for one in page] == opened[::-1]

    @pytest.mark.parametrize("token_id", ["a1", "old"])
    def test_clocks_may_differ_by_the_leeway(self, store: TokenStore, token_id: str) -> None:
        """REF-6: whoever issues may be ahead of whoever revokes."""
        store.revoke_subject("", "alice", now=NOW, until=FOREVER)
        kind = "access" if token_id == "a1" else "refresh"
        token = {"session_id": None, "kind": kind, "leeway": 5}

        assert standing(store, token_id, issued_at=NOW + 5, **token) is TokenStatus.REVOKED
        assert standing(store, token_id, issued_at=NOW + 6, **token) is TokenStatus.GOOD

    def test_a_clock_that_is_ahead_takes_nothing_from_the_others(self, store: TokenStore) -> None:
        """REV-1: what is deleted goes by the earlier of the two clocks."""
        ahead = NOW + 8 * DAY
        late = replace(SESSION, session_id="s2", created_at=ahead, last_used_at=ahead)
        store.open_session(SESSION)
        store.revoke_token(ref("a9"), expires_at=NOW + DAY, now=ahead)
        store.open_session(replace(late, expires_at=ahead + 90 * DAY))
        store.revoke_session("", "s1", now=ahead)

        assert standing(store, "a9") is TokenStatus.REVOKED
        assert standing(store) is TokenStatus.REVOKED
        store.revoke_subject("", "alice", now=NOW, until=FOREVER)
        assert standing(store, session_id="s2") is TokenStatus.REVOKED

    def test_an_upgrade_of_what_is_new_changes_nothing(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        store.revoke_token(ref("a9"), expires_at=None, now=NOW)

        assert store.upgrade()
        assert store.session("", "s1", now=NOW) == SESSION
        assert standing(store, "a9") is TokenStatus.REVOKED

    def test_a_token_is_consumed_once(self, store: TokenStore) -> None:
        consumed = [store.consume(ref(), expires_at=NOW + DAY, now=NOW) for _ in range(3)]

        assert consumed == [True, False, False]
        assert standing(store) is TokenStatus.CONSUMED
        assert store.consume(ref("a2"), expires_at=NOW + DAY, now=NOW)
        assert store.consume(ref(issuer="https://other"), expires_at=None, now=NOW)

    def test_of_many_threads_one_consumes(self, store: TokenStore) -> None:
        consumed = all_at_once(8, lambda n: store.consume(ref(), expires_at=None, now=NOW))

        assert sum(consumed) == 1

    def test_a_revoked_token_cannot_be_consumed(self, store: TokenStore) -> None:
        store.revoke_token(ref(), expires_at=NOW + DAY, now=NOW)

        assert store.consume(ref(), expires_at=NOW + DAY, now=NOW) is False
        assert standing(store) is TokenStatus.REVOKED

    def test_a_consumed_token_can_be_revoked(self, store: TokenStore) -> None:
        store.consume(ref(), expires_at=NOW + DAY, now=NOW)
        store.revoke_token(ref(), expires_at=NOW + DAY, now=NOW)

        assert standing(store) is TokenStatus.REVOKED
        assert store.consume(ref(), expires_at=NOW + DAY, now=NOW) is False

    def test_pruning_forgets_what_no_token_needs(self, store: TokenStore) -> None:
        """REV-1: entries live as long as the tokens verify, leeway included."""
        store.open_session(replace(SESSION, expires_at=NOW + DAY))
        store.revoke_session("", "s1", now=NOW)
        store.revoke_session("", "unknown", now=NOW, until=NOW + DAY)
        store.revoke_token(ref("a2"), expires_at=NOW + DAY, now=NOW)
        store.consume(ref("a3"), expires_at=NOW + DAY, now=NOW)
        store.revoke_subject("", "carol", now=NOW, until=NOW + DAY)
        tokens: list[dict[str, Any]] = [
            {"session_id": "s1"},
            {"session_id": "unknown"},
            {"session_id": None, "token_id": "a2"},
            {"session_id": None, "token_id": "a3"},
            {"session_id": None, "subject": "carol"},
        ]

        assert self.prune(store, now=self._just_before(NOW + DAY + LEEWAY)) == 0
        assert TokenStatus.GOOD not in {standing(store, **token) for token in tokens}
        # At least: a store may have kept something about the session's subject, too.
        assert self.prune(store, now=NOW + DAY + LEEWAY) >= 5 or self.expires_by_itself
        assert {standing(store, **token) for token in tokens} == {TokenStatus.GOOD}
        assert self.prune(store, now=NOW + DAY + LEEWAY) == 0

    def test_pruning_in_batches_ends(self, store: TokenStore) -> None:
        for n in range(7):
            store.revoke_token(ref(f"a{n}"), expires_at=NOW, now=NOW)
        later = NOW + LEEWAY
        self.wait(store, later)

        assert store.prunable(now=later) in {7, None}
        assert store.prune_batch(now=later, limit=3) in {3, 7} or self.expires_by_itself
        batches = [store.prune_batch(now=later, limit=3) for _ in range(7)]
        assert batches[-1] == 0
        assert store.prunable(now=later) in {0, None}
        assert standing(store, token_id="a6") is TokenStatus.GOOD

    def test_a_server_tells_its_time(self, store: TokenStore) -> None:
        told = store.server_time()

        # Whatever the clocks of a machine and of its containers do.
        assert told is None or abs(told - system_clock()) < DAY

    def test_pruning_keeps_what_never_expires(self, store: TokenStore) -> None:
        store.revoke_token(ref(), expires_at=None, now=NOW)
        store.consume(ref("a2"), expires_at=None, now=NOW)
        store.revoke_session("", "unknown", now=NOW)
        store.revoke_subject("", "carol", now=NOW, until=FOREVER)

        assert self.prune(store, now=NOW + 1000 * 365 * DAY) == 0
        assert standing(store) is TokenStatus.REVOKED
        assert standing(store, session_id=None, subject="carol") is TokenStatus.REVOKED
        assert standing(store, token_id="a2") is TokenStatus.CONSUMED
        assert standing(store, session_id="unknown") is TokenStatus.REVOKED

    def test_the_longer_of_two_expiries_holds(self, store: TokenStore) -> None:
        store.revoke_token(ref(), expires_at=NOW + 2 * DAY, now=NOW)
        store.revoke_token(ref(), expires_at=NOW + DAY, now=NOW)
        self.prune(store, now=NOW + DAY + LEEWAY)

        assert standing(store) is TokenStatus.REVOKED

    def test_pruning_leaves_live_sessions(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        store.open_session(replace(SESSION, session_id="short", expires_at=NOW + DAY))

        assert self.prune(store, now=NOW + DAY + LEEWAY) == 1 or self.expires_by_itself
        assert store.sessions("", "alice", now=NOW) == [SESSION]

    def test_pruning_does_not_disturb_the_grace(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        rotate(store, "r1", "r2", grace=100, kept=b"pair")
        self.prune(store, now=self._just_before(NOW + 100))
        assert rotate(store, "r1", "x", now=NOW + 99).state is RotationState.REPEATED

        self.prune(store, now=NOW + 100)
        assert rotate(store, "r1", "x", now=NOW + 99).state is RotationState.REUSED

    def test_a_busy_store_prunes_itself(self, store: TokenStore) -> None:
        store.revoke_token(ref(), expires_at=NOW, now=NOW)
        for n in range(256):
            store.consume(ref(f"c{n}"), expires_at=None, now=NOW + LEEWAY)
        self.wait(store, NOW + LEEWAY)

        assert standing(store) is TokenStatus.GOOD
        assert standing(store, token_id="c0") is TokenStatus.CONSUMED

    def test_a_closed_store_opens_again(self, store: TokenStore) -> None:
        store.revoke_token(ref(), expires_at=None, now=NOW)
        store.close()
        store.close()

        assert standing(store) is TokenStatus.REVOKED

    def test_a_repr_shows_no_kept_pair(self, store: TokenStore) -> None:
        store.open_session(SESSION)
        rotate(store, "r1", "r2", grace=10, kept=b"hush-hush")

        assert "hush" not in repr(rotate(store, "r1", "x")) + repr(store)
