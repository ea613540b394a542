"""Laws of an issuer's keys: never too old, never too many fetches, and all that can be known."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from jwtpolicy.exceptions import KeysUnavailableError
from jwtpolicy.keys.fetch_budget import BURST, COOL_DOWN, FetchBudget
from jwtpolicy.keys.remote import STALE_FOR, RemoteKeys
from tests.support.clocks import StandingClock
from tests.support.scripted_keys import ISSUER, JWKS, ScriptedKeys, names, settle


class AnIssuer(RuleBasedStateMachine):
    """Requests with known and unknown keys, of an issuer that rotates, fails and comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = StandingClock(0)
        self.script = ScriptedKeys(self.clock)
        self.keys = RemoteKeys(ISSUER, self.script, self.clock)
        self.last: tuple[float, set[str | None]] | None = None

    def note(self, before: int) -> None:
        """Note what the fetches of this step have found."""
        settle()
        if len(self.script.fetched_at) > before and self.script.members is not None:
            found = {member["kid"] for member in self.script.members}
            self.last = (self.clock.now, found)

    @rule(seconds=st.sampled_from([1, 10, 29, 30, 61, 599, 600, 661, 40_000, 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(numbers=st.sets(st.integers(0, 2), min_size=1))
    def the_issuer_publishes(self, numbers: set[int]) -> None:
        self.script.members = [JWKS[number] for number in sorted(numbers)]

    @rule()
    def the_issuer_is_down(self) -> None:
        self.script.members = None

    @rule()
    def a_request_comes(self) -> None:
        before, known = len(self.script.fetched_at), self.last
        try:
            found = names(self.keys.current())
        except KeysUnavailableError:
            self.note(before)
            assert self.last is None or self.clock.now - self.last[0] >= STALE_FOR
            return  # so a fetch that has just succeeded does not lead here
        self.note(before)
        allowed = [one for one in (known, self.last) if one is not None]
        assert any(found == one[1] and self.clock.now - one[0] < STALE_FOR for one in allowed)

    @precondition(lambda self: self.last is not None)
    @rule(times=st.integers(1, 5))
    def unknown_keys_come(self, times: int) -> None:
        before = len(self.script.fetched_at)
        try:
            ring = self.keys.current()
        except KeysUnavailableError:
            self.note(before)
            return
        self.note(before)
        for _ in range(times):
            before = len(self.script.fetched_at)
            ring = self.keys.renewed(ring)
            self.note(before)
        assert self.last is not None
        assert names(ring) == self.last[1]

    @invariant()
    def fetches_are_within_the_budget(self) -> None:
        times = self.script.fetched_at
        for first, began in enumerate(times):
            for last in range(first, len(times)):
                assert last - first + 1 <= BURST + (times[last] - began) // COOL_DOWN


TestAnIssuer = AnIssuer.TestCase


def test_a_budget_is_full_again_after_three_cool_downs() -> None:
    """KEY-6."""
    budget = FetchBudget()

    assert [budget.take(0) for _ in range(4)] == [True, True, True, False]
    assert (budget.wait(0), budget.wait(29), budget.wait(30)) == (30, 1, 0)
    assert [budget.take(30), budget.take(30)] == [True, False]
    assert [budget.take(120) for _ in range(4)] == [True, True, True, False]
