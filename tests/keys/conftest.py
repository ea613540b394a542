"""Offer the keys of an issuer by a script, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from jwtpolicy.keys.remote import RemoteKeys
from tests.support.clocks import StandingClock
from tests.support.scripted_keys import ISSUER, ScriptedKeys, settle

# No test fails because a busy machine took long.
settings.register_profile("laws", max_examples=100, deadline=None)
settings.load_profile("laws")


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(1000)


@pytest.fixture
def script(clock: StandingClock) -> Iterator[ScriptedKeys]:
    found = ScriptedKeys(clock)
    yield found
    found.gate.set()
    settle()


@pytest.fixture
def keys(script: ScriptedKeys, clock: StandingClock) -> RemoteKeys:
    return RemoteKeys(ISSUER, script, clock)
