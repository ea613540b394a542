"""Forms of tokens that must not pass, with a real signature wherever the attacker could have one.

RFC 8725, and the CVEs of libraries that did not look.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt as pyjwt
import pytest

from jwtpolicy.exceptions import InvalidTokenError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.tokens.verifier import Verifier
from tests.support.applications import SECRET
from tests.support.clocks import StandingClock
from tests.support.forgeries import (
    CLAIM_FORMS,
    CLAIMS,
    HEADER,
    HEADERS,
    KEY,
    NOW,
    OBJECTS,
    SHAPES,
    refused,
    segment,
    signed,
    verifier,
)
from tests.support.keys import EC_KEY, PUBLIC_PEM, RSA_KEY, public_pem


def test_the_helper_makes_tokens_that_pass() -> None:
    """The accepted twin of every table below."""
    assert verifier().verify(signed(), kinds=frozenset({"access"})).subject == "u1"
    assert verifier().verify(pyjwt.encode(CLAIMS, SECRET, "HS256"), kinds=None).subject == "u1"


@pytest.mark.parametrize("encoded", SHAPES)
def test_what_is_not_three_segments_is_refused(encoded: object) -> None:
    """PARSE-1, PARSE-3."""
    refused(encoded)


def test_a_segment_has_one_spelling() -> None:
    """PARSE-2."""
    encoded = signed()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(encoded[-1])

    twins = {encoded[:-1] + alphabet[last ^ bit] for bit in (1, 2, 3)}
    for twin in twins:
        refused(twin)
    assert verifier().verify(encoded, kinds=None)


DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize("data", OBJECTS)
def test_a_segment_that_is_not_strict_json_is_refused(data: bytes) -> None:
    """PARSE-4."""
    if data:
        refused(signed(HEADER, data))
        refused(signed(data, CLAIMS))


def test_deep_nesting_is_refused_whatever_its_size() -> None:
    """PARSE-4."""
    payload = b'{"x": ' + DEEP + b"}"
    text = f"{segment(json.dumps(HEADER).encode())}.{segment(payload)}"
    encoded = f"{text}.{segment(KEY.sign(text.encode()))}"
    long = Verifier(ring=KeyRing(KEY), clock=StandingClock(NOW), max_length=10**7)

    with pytest.raises(InvalidTokenError):
        long.verify(encoded, kinds=None)


def test_white_space_around_and_many_shallow_members_are_fine() -> None:
    claims = {**CLAIMS, "x": [[] for _ in range(40)], "y": "\u00e4\\u", "z": 1.5}

    assert verifier().verify(signed(HEADER, b" " + json.dumps(claims).encode()), kinds=None)
    assert verifier().verify(signed(HEADER, json.dumps(claims).encode() + b" "), kinds=None)


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_that_asks_for_something_else_is_refused(header: Any) -> None:
    """ALG-1, CLAIM-7, PARSE-6, PARSE-8."""
    refused(signed(header))


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param({"jku": "https://evil.example/keys"}, id="jku"),
        pytest.param({"jwk": {"kty": "oct", "k": "AAAA"}}, id="jwk"),
        pytest.param({"x5u": "https://evil.example/cert"}, id="x5u"),
        pytest.param({"zip": "DEF"}, id="zip"),
        pytest.param({"unknown": 1}, id="unknown"),
    ],
)
def test_keys_that_a_token_names_are_ignored(extra: Any) -> None:
    """PARSE-7, PARSE-9: the token is judged by our key, and nothing is fetched."""
    assert verifier().verify(signed({**HEADER, **extra}), kinds=None)

    refused(signed({**HEADER, **extra}, key=Key("another secret that is long enough 1", "HS256")))


@pytest.mark.parametrize(
    ("public", "algorithm"),
    [
        pytest.param(public_pem(RSA_KEY), "RS256", id="RSA"),
        pytest.param(PUBLIC_PEM, "ES256", id="EC"),
    ],
)
def test_a_public_key_is_not_a_secret(public: str, algorithm: str) -> None:
    """ALG-1: CVE-2017-11424, CVE-2022-29217 and their like."""
    import hashlib
    import hmac

    text = f"{segment(json.dumps(HEADER).encode())}.{segment(json.dumps(CLAIMS).encode())}"
    mac = hmac.new(public.encode(), text.encode(), hashlib.sha256).digest()

    refused(f"{text}.{segment(mac)}", key=Key(public, algorithm))


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(bytes(64), id="zeros"),
        pytest.param(b"\xff" * 64, id="out of range"),
        pytest.param(b"\x00", id="short"),
        pytest.param(bytes(200), id="long"),
    ],
)
@pytest.mark.parametrize(
    "key",
    [pytest.param(Key(EC_KEY, "ES256"), id="ES256"), pytest.param(KEY, id="HS256")],
)
def test_a_degenerate_signature_is_refused(signature: bytes, key: Key) -> None:
    """ALG-4, ALG-5: CVE-2022-21449."""
    header = {"alg": key.algorithm, "typ": "JWT"}
    encoded = signed(header, key=key)

    assert verifier(key=key).verify(encoded, kinds=None)
    refused(f"{encoded.rpartition('.')[0]}.{segment(signature)}", key=key)


def test_the_malleable_twin_of_a_signature_is_the_same_token() -> None:
    """ALG-6: (r, n - s) verifies as well, so nothing may be known by its text."""
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    key = Key(EC_KEY, "ES256")
    head, _, last = signed({"alg": "ES256"}, key=key).rpartition(".")
    raw = base64.urlsafe_b64decode(last + "==")
    twin = raw[:32] + (n - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")

    tokens = [verifier(key=key).verify(f"{head}.{segment(s)}", kinds=None) for s in (raw, twin)]
    assert tokens[0].token_id == tokens[1].token_id


@pytest.mark.parametrize(("change", "error"), CLAIM_FORMS)
def test_a_claim_of_a_wrong_form_is_never_taken_as_absent(change: Any, error: Any) -> None:
    """CLAIM-1, CLAIM-3, CLAIM-4, CLAIM-5, CLAIM-6, CLAIM-8, CLAIM-11."""
    with pytest.raises(error):
        verifier().verify(signed(claims={**CLAIMS, **change}), kinds=frozenset({"access"}))


@pytest.mark.parametrize("name", ["sub", "type", "exp", "jti"])
def test_a_claim_that_is_demanded_must_be_there(name: str) -> None:
    """CLAIM-1, CLAIM-5, CLAIM-6, S1, S10."""
    refused(signed(claims={key: value for key, value in CLAIMS.items() if key != name}))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"exp": NOW + 0.5}, id="exp, a fraction"),
        pytest.param({"fresh": NOW + 9.5}, id="fresh, until then"),
        pytest.param({"fresh": True}, id="fresh"),
        pytest.param({"aud": []}, id="no audience"),
        pytest.param({"amr": ["pwd"], "acr": "1", "scope": "a"}, id="others"),
        pytest.param({"nbf": NOW, "auth_time": NOW}, id="times"),
    ],
)
def test_a_claim_of_a_right_form_passes(change: Any) -> None:
    assert verifier().verify(signed(claims={**CLAIMS, **change}), kinds=None)


def test_an_error_tells_nothing_of_the_token() -> None:
    """KEY-8: no text of other libraries, and none of the token."""
    error = refused(signed({**HEADER, "kid": "<script>"}))

    assert "<script>" not in str(error) + str(error.body) + str(error.headers)
