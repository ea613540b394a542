"""How long a key set is used, by its headers."""

from __future__ import annotations

from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtpolicy.keys.lifetimes import LONGEST, SHORTEST, USUAL, lifetime

DATE = ("Date", "Mon, 30 Nov 2026 12:00:00 GMT")
CASES = {
    "nothing": ([], USUAL),
    "max-age": ([("Cache-Control", "public, max-age=900")], 900),
    "quoted": ([("cache-control", 'Max-Age="900"')], 900),
    "used up in part": ([("Cache-Control", "max-age=900"), ("Age", "300")], 600),
    "a strange age": ([("Cache-Control", "max-age=900"), ("Age", "x")], 900),
    "used up": ([("Cache-Control", "max-age=900"), ("Age", "9999")], SHORTEST),
    "short": ([("Cache-Control", "max-age=0")], SHORTEST),
    "long": ([("Cache-Control", "max-age=31536000")], LONGEST),
    "two lines": ([("Cache-Control", "public"), ("Cache-Control", "max-age=700")], 700),
    "not kept": ([("Cache-Control", "no-store, max-age=900")], SHORTEST),
    "asked again": ([("Cache-Control", "no-cache")], SHORTEST),
    "for proxies": ([("Cache-Control", "s-maxage=900")], USUAL),
    "no number": ([("Cache-Control", "max-age=soon")], USUAL),
    "before Expires": (
        [("Cache-Control", "max-age=900"), DATE, ("Expires", "Mon, 30 Nov 2026 12:05:00 GMT")],
        900,
    ),
    "Expires": ([DATE, ("Expires", "Mon, 30 Nov 2026 12:05:00 GMT")], 300),
    "expired": ([DATE, ("Expires", "Mon, 30 Nov 2026 11:05:00 GMT")], SHORTEST),
    "Expires 0": ([DATE, ("Expires", "0")], SHORTEST),
    "no zone": ([DATE, ("Expires", "Mon, 30 Nov 2026 12:05:00 -0000")], SHORTEST),
    "Expires without Date": ([("Expires", "Mon, 30 Nov 2026 12:05:00 GMT")], USUAL),
}


def headers(pairs: list[tuple[str, str]]) -> Message:
    found = Message()
    for name, value in pairs:
        found[name] = value
    return found


@pytest.mark.parametrize("name", CASES)
def test_headers_say_how_long_within_bounds(name: str) -> None:
    """KEY-6."""
    pairs, seconds = CASES[name]

    assert lifetime(headers(pairs)) == seconds


NAMES = st.sampled_from(["Cache-Control", "Age", "Date", "Expires"])
TEXTS = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30)


@given(st.lists(st.tuples(NAMES, TEXTS | TEXTS.map("max-age=".__add__)), max_size=4))
def test_any_headers_give_a_time_within_bounds(pairs: list[tuple[str, str]]) -> None:
    """KEY-6."""
    assert SHORTEST <= lifetime(headers(pairs)) <= LONGEST
