"""Reading a token quickly takes and refuses what reading it slowly does."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable
from json.scanner import py_make_scanner  # type: ignore[attr-defined] # the slow twin of C's
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from jwt.algorithms import HMACAlgorithm

from jwtpolicy.exceptions import InvalidTokenError
from jwtpolicy.keys import Key
from jwtpolicy.parsing.strict_json import MAX_DEPTH, parse_json
from jwtpolicy.testing.strategies import json_values
from jwtpolicy.tokens.claims import MAX_ID, MAX_TIME, malformed_claim
from jwtpolicy.tokens.jose import split
from tests.support.applications import SECRET
from tests.support.documents import changes
from tests.support.forgeries import signed

COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
REFUSED = "refused"


def answer_of(parse: Callable[..., Any], *given: Any) -> Any:
    """Return what *parse* returns, or that it refused."""
    try:
        return parse(*given)
    except (ValueError, RecursionError, StopIteration, InvalidTokenError):
        return REFUSED


class SlowDecoder(json.JSONDecoder):
    """Python's own decoder, in Python but for strings: there it takes ``\\u 123`` (3.11)."""

    def __init__(self) -> None:
        super().__init__(object_pairs_hook=self.members)
        self.parse_constant = lambda text: self.refuse(text)
        self.scan_once = py_make_scanner(self)

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        return self.refuse(names) if len(set(names)) < len(names) else dict(pairs)

    def refuse(self, found: object) -> Any:
        raise ValueError(found)


def depth_of(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth_of, inner), default=0)


def leaves_of(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for pair in value.items() for item in pair for leaf in leaves_of(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves_of(item)]
    return [value]


def slow_json(data: bytes) -> Any:
    found = SlowDecoder().decode(data.decode("utf-8"))
    leaves = leaves_of(found)
    is_finite = all(math.isfinite(leaf) for leaf in leaves if isinstance(leaf, float))
    "".join(leaf for leaf in leaves if isinstance(leaf, str)).encode("utf-8")
    return found if is_finite and depth_of(found) <= MAX_DEPTH else REFUSED


def decoded(segment: str) -> bytes:
    data = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if base64.urlsafe_b64encode(data).rstrip(b"=") != segment.encode():
        raise ValueError(segment)
    return data


def slow_split(encoded: str) -> Any:
    found = COMPACT.fullmatch(encoded)
    if found is None:
        return REFUSED
    head, payload, signature = found.groups()
    decoded(head), decoded(payload)
    return head.encode(), payload.encode(), decoded(signature), f"{head}.{payload}".encode()


#: White space of JSON, and what other readers take for it.
SPACES = st.sampled_from([*[""] * 20, *" \n\t\r", "\f", "\u00a0", "\ufeff"])
#: Spellings of few names, so that they meet; and names that look like more than they are.
SPELT = r"""
"sub" "sub" "s\u0075b" "\":" "sub\":\"x\",\"sub" "a:b" "" "\ud800"
"""
WRITTEN = r"""
1 -0 -0.0 1e999 -1E400 1.5 01 +1 1_0 NaN -Infinity true nul 'x' " "x" "\":" ",\"sub\":1" "{[["
"\ud83d\ude00" "\ude00" "\\ud800" "\/" "\x" "\u0000"
"""
NAMES = st.sampled_from(SPELT.split())
SCALARS = st.sampled_from([*WRITTEN.split(), "9" * 5_000, '"\0"', '"\n"', '"\u2028"'])


@st.composite
def objects(draw: st.DrawFn, inner: Any) -> str:
    """Draw an object with white space anywhere, and members that may stand twice."""
    member = st.tuples(SPACES, NAMES, SPACES, st.just(":"), SPACES, inner, SPACES).map("".join)
    return "{" + ",".join(draw(st.lists(member, max_size=4))) + draw(SPACES) + "}"


def arrays(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]")


DEEP = st.integers(28, 40).map(lambda levels: "[" * levels + "]" * levels)
VALUES = st.recursive(
    SCALARS | DEEP | json_values().map(lambda value: json.dumps(value, ensure_ascii=False)),
    lambda inner: objects(inner) | arrays(inner),
    max_leaves=6,
)


@st.composite
def edited(draw: st.DrawFn, texts: st.SearchStrategy[str], pieces: st.SearchStrategy[str]) -> str:
    """Draw a text in which something small may have been put or taken away."""
    text = draw(texts)
    start = draw(st.integers(0, len(text)))
    end = draw(st.sampled_from([start, start, start + 1]))
    return text[:start] + draw(pieces) + text[end:]


PIECES = st.sampled_from(["", "", "", *'"\\{}[]:, \ufeff\ud800', "\\u", '":'])


@given(edited(objects(VALUES), PIECES))
@example('{"sub" :"ada","sub":"eve"}')
@example('{"sub"\n:"ada","s\\u0075b":"eve","x":"\\":"}')
@example('{"sub":"ada","sub":"eve"')
def test_json_is_read_as_slowly(text: str) -> None:
    """PARSE-4."""
    data = text.encode("utf-8", "surrogatepass")

    assert repr(answer_of(parse_json, data)) == repr(answer_of(slow_json, data))


@given(objects(VALUES), st.sampled_from(["utf-8-sig", "utf-16", "utf-32-le", "latin-1", "utf-7"]))
def test_other_encodings_are_read_as_slowly(text: str, encoding: str) -> None:
    """PARSE-4."""
    data = text.encode(encoding, "replace")

    assert repr(answer_of(parse_json, data)) == repr(answer_of(slow_json, data))


CHARACTERS = st.sampled_from([*"AQgwEIM-_+/=.\n \0é\ud800", ""])
SEGMENTS = st.text("ABCQgw-_", max_size=9)
TOKENS = st.just(signed()) | st.lists(SEGMENTS, min_size=1, max_size=5).map(".".join)


@given(edited(TOKENS, CHARACTERS))
def test_the_compact_form_is_read_as_slowly(encoded: str) -> None:
    """PARSE-1, PARSE-2."""
    assert answer_of(split, encoded, 9_999) == answer_of(slow_split, encoded)


@given(st.binary(max_size=300), st.binary(max_size=70), st.integers(0, 33))
def test_a_mac_is_judged_as_slowly(data: bytes, signature: bytes, length: int) -> None:
    """ALG-4, ALG-5."""
    key, slow = Key(SECRET, "HS256"), HMACAlgorithm(HMACAlgorithm.SHA256)
    good = slow.sign(data, SECRET.encode())

    for candidate in (good, good[:length], good + signature, signature):
        assert key.verify(data, candidate) is slow.verify(data, SECRET.encode(), candidate)


def is_malformed(name: str, value: Any) -> bool:
    """Return whether a claim may not be so, in the words of its definition."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_time = is_number and value >= 0 and value <= MAX_TIME
    is_texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
    fine = {
        **dict.fromkeys(("exp", "iat", "nbf", "auth_time"), is_time),
        **dict.fromkeys(("scope", "acr"), isinstance(value, str)),
        "aud": isinstance(value, str) or is_texts,
        "amr": is_texts,
        "fresh": isinstance(value, bool) or is_time,
    }
    if name in ("sub", "type", "jti", "sid", "iss", "csrf", "schema"):
        return not (isinstance(value, str) and 1 <= len(value) <= MAX_ID and "\0" not in value)
    return not fine.get(name, True)


@given(changes)
@example({"sub": "x" * (MAX_ID + 1)})
@example({"iat": True})
@example({"exp": MAX_TIME + 1})
@example({"fresh": math.nan})
def test_claims_are_judged_as_slowly(claims: dict[str, Any]) -> None:
    """CLAIM-8."""
    slow = next((name for name, value in claims.items() if is_malformed(name, value)), None)

    assert malformed_claim(claims) == slow
