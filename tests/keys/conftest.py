"""Offer the keys of an issuer by a script, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jwtpolicy.keys.remote import RemoteKeys
from tests.support.clocks import StandingClock
from tests.support.scripted_keys import ISSUER, ScriptedKeys, settle


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
