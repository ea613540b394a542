"""What is signed is read back; what was changed is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtpolicy.exceptions import InvalidTokenError
from jwtpolicy.keys import KeyRing
from jwtpolicy.testing.strategies import private_claims, subjects
from jwtpolicy.tokens.signer import Signer, TokenRequest
from jwtpolicy.tokens.verifier import Verifier
from tests.support.clocks import StandingClock
from tests.support.forgeries import KEY, NOW, signed, verifier

RING = KeyRing(KEY)
SIGNER = Signer(RING)
VERIFIER = Verifier(ring=RING, clock=StandingClock(NOW))


@given(subjects(), private_claims())
def test_what_is_signed_is_read_back(subject: str, claims: dict[str, Any]) -> None:
    issued = SIGNER.sign(TokenRequest("access", subject, NOW, 60, claims))

    token = VERIFIER.verify(issued.encoded, kinds=frozenset({"access"}))

    assert token.subject == subject
    assert {name: token._claims[name] for name in claims} == claims


@given(st.integers(0, 10_000), st.characters())
def test_a_token_with_any_other_character_is_refused(place: int, character: str) -> None:
    encoded = signed()
    place %= len(encoded)
    changed = encoded[:place] + character + encoded[place + 1 :]

    if changed != encoded:
        with pytest.raises(InvalidTokenError):
            verifier().verify(changed, kinds=None)


@given(st.one_of(st.text(max_size=200), st.from_regex(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}")))
def test_any_text_is_refused_in_the_one_way(encoded: str) -> None:
    with pytest.raises(InvalidTokenError):
        verifier().verify(encoded, kinds=None)
