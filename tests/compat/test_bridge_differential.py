"""What the native verifier refuses for its form or its claims, the bridge refuses too."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.bridge import Bridged, claims, forged, passes_natively
from tests.support.documents import changes, dumped, headers
from tests.support.forgeries import CLAIM_FORMS, HEADERS, OBJECTS, SHAPES

#: Native rules about what the bridge leaves to the application, as the library that it stands in
#: for does: other names of keys and types, and claims that only native policies read.
LEFT_TO_THE_APPLICATION = {
    "kid, a path",
    "kid, SQL",
    "typ of a proof",
    "typ of another profile",
    "typ of a logout",
    "sid, a number",
    "auth_time, text",
    "scope, a list",
    "acr, a number",
    "amr, text",
    "amr, numbers",
    "bound to a key",
}


def statuses(bridged: Bridged, token: str) -> set[int]:
    """Return what the bridge answers to a token, in a header and in a body."""
    places = ["headers", "json"]
    bridged.app.config["JWT_TOKEN_LOCATION"] = places
    body = bridged.client.post("/access", json={"access_token": token}).status_code
    is_plain = token.isascii() and token.isprintable() and " " not in token
    return {body, bridged.status("/access", token)} if is_plain else {body}


def test_a_good_token_passes_both(bridged: Bridged) -> None:
    """The accepted twin of every table below."""
    token = forged(claims())

    assert passes_natively(token)
    assert statuses(bridged, token) == {200}


FORMS = [each for each in SHAPES if isinstance(each.values[0], str)]


@pytest.mark.parametrize("token", FORMS)
def test_what_is_not_three_segments_is_refused(bridged: Bridged, token: str) -> None:
    """PARSE-1, PARSE-3."""
    assert not passes_natively(token)
    assert statuses(bridged, token) <= {401, 422}


@pytest.mark.parametrize("change", ["=", "==", "\n", " ", ".", ".x"])
def test_a_good_token_with_anything_behind_it_is_refused(bridged: Bridged, change: str) -> None:
    """PARSE-1: one token has one spelling."""
    assert statuses(bridged, forged(claims()) + change) == {422}


def test_a_segment_has_one_spelling(bridged: Bridged) -> None:
    """PARSE-2."""
    encoded = forged(claims())
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(encoded[-1])

    for twin in {encoded[:-1] + alphabet[last ^ bit] for bit in (1, 2, 3)}:
        assert statuses(bridged, twin) == {422}


@pytest.mark.parametrize("data", OBJECTS)
def test_a_segment_that_is_not_strict_json_is_refused(bridged: Bridged, data: bytes) -> None:
    """PARSE-4: whatever PyJWT thinks of it."""
    text = data.strip()
    if text.startswith(b"{") and text.endswith(b"}"):
        # With the claims of a good token, of which PyJWT would take the last.
        data = data[:-1] + b", " + json.dumps(claims()).encode()[1:]
    for token in (forged(data), forged(claims(), data)):
        assert statuses(bridged, token) <= {422, 401}


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_that_asks_for_something_else_is_refused(
    bridged: Bridged, header: Any, request: Any
) -> None:
    """ALG-1, PARSE-6, PARSE-8."""
    is_left = request.node.callspec.id in LEFT_TO_THE_APPLICATION

    assert statuses(bridged, forged(claims(), header)) == ({200} if is_left else {422})


@pytest.mark.parametrize(("change", "error"), CLAIM_FORMS)
def test_a_claim_of_a_wrong_form_is_refused(
    bridged: Bridged, change: dict[str, Any], error: Any, request: Any
) -> None:
    """CLAIM-1, CLAIM-4, CLAIM-5, CLAIM-6, CLAIM-8."""
    # The table has a clock that stands still; what is later there is later here.
    now, standing = int(time.time()), 1_800_000_000
    moved = {
        name: now + 60 if name in {"nbf", "iat"} and value == standing + 1 else value
        for name, value in change.items()
    }
    moved = {
        name: now if name == "exp" and value == standing else value for name, value in moved.items()
    }
    token = forged(claims() | moved)
    is_left = any(name in request.node.callspec.id for name in LEFT_TO_THE_APPLICATION)

    assert not passes_natively(token)
    assert statuses(bridged, token) <= ({200} if is_left else {401, 422})


tries = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
#: The claims that both sides read in one way. An issuer that nobody asked for passes here.
READ = {"sub", "type", "exp", "nbf", "iat", "jti", "aud", "fresh", "csrf"}


@tries
@given(change=changes)
def test_no_signed_token_passes_here_alone(bridged: Bridged, change: dict[str, Any]) -> None:
    """S1, S10, CLAIM-1, CLAIM-4, CLAIM-5, CLAIM-6, CLAIM-8.

    The empty text is an audience only natively.
    """
    read = {name: value for name, value in change.items() if name in READ}
    token = forged(dumped({**claims(), **read}))

    if bridged.status("/access", token) == 200:
        assert passes_natively(token) or read.get("aud") == ""


@tries
@given(header=headers)
def test_no_header_passes_here_alone(bridged: Bridged, header: dict[str, Any]) -> None:
    """But for a ``kid``, which natively names a key of the ring, and a ``typ``."""
    token = forged(claims(), dumped({"alg": "HS256", **header}))

    if bridged.status("/access", token) == 200:
        assert passes_natively(token) or {"kid", "typ"} & header.keys()


@tries
@given(place=st.integers(0, 10_000), character=st.characters(max_codepoint=127))
def test_no_changed_character_passes(bridged: Bridged, place: int, character: str) -> None:
    """PARSE-1, PARSE-2, ALG-5."""
    token = forged(claims())
    place %= len(token)
    changed = token[:place] + character + token[place + 1 :]

    if changed != token:
        assert 200 not in statuses(bridged, changed)
