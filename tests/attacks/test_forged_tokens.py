"""Forms of tokens that must not pass, with a real signature wherever the attacker could have one.

RFC 8725, and the CVEs of libraries that did not look.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt as pyjwt
import pytest

from jwtpolicy.exceptions import ExpiredTokenError, InvalidTokenError, WrongKindError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.tokens.verifier import ClaimRules, Verifier
from tests.conftest import SECRET, StandingClock
from tests.unit.test_keys import EC_KEY, PUBLIC_PEM, RSA_KEY, public_pem

NOW = 1_800_000_000
KEY = Key(SECRET, "HS256")
CLAIMS = {"sub": "u1", "type": "access", "jti": "j", "iat": NOW, "exp": NOW + 900}
HEADER = {"alg": "HS256", "typ": "JWT"}


def segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header: bytes | dict[str, Any] = HEADER, claims: Any = CLAIMS, key: Key = KEY) -> str:
    """Return a token of exactly these bytes, signed by *key*."""
    parts = [p if isinstance(p, bytes) else json.dumps(p).encode() for p in (header, claims)]
    text = ".".join(map(segment, parts))
    return f"{text}.{segment(key.sign(text.encode()))}"


def verifier(**rules: Any) -> Verifier:
    key = rules.pop("key", KEY)
    keys = KeyRing(key if key.can_sign else None, [] if key.can_sign else [key])
    return Verifier(ring=keys, rules=ClaimRules(**rules), clock=StandingClock(NOW))


def refused(encoded: object, **rules: Any) -> InvalidTokenError:
    with pytest.raises(InvalidTokenError) as caught:
        verifier(**rules).verify(encoded, kinds=None)
    return caught.value


def test_the_helper_makes_tokens_that_pass() -> None:
    """The accepted twin of every table below."""
    assert verifier().verify(signed(), kinds=frozenset({"access"})).subject == "u1"
    assert verifier().verify(pyjwt.encode(CLAIMS, SECRET, "HS256"), kinds=None).subject == "u1"


SHAPES = [
    pytest.param(None, id="None"),
    pytest.param(7, id="a number"),
    pytest.param(b"a.b.c", id="bytes"),
    pytest.param(["a.b.c"], id="a list"),
    pytest.param("", id="nothing"),
    pytest.param("a", id="one segment"),
    pytest.param("a.b", id="two segments"),
    pytest.param("..", id="empty segments"),
    pytest.param("a.b.c.d.e", id="five segments"),
    pytest.param(signed() + "=", id="padding"),
    pytest.param(signed() + "\n", id="a line feed"),
    pytest.param(" " + signed(), id="a space"),
    pytest.param("Bearer " + signed(), id="a scheme"),
    pytest.param(signed().replace(".", "%2E"), id="percent-encoding"),
    pytest.param(signed() + "\ud800", id="a lone surrogate"),
    pytest.param(signed().replace("e", "\u0435", 1), id="a Cyrillic letter"),
    pytest.param('{"payload": "a", "signatures": []}', id="JSON serialization"),
    pytest.param("a" * 20_000, id="too long"),
    pytest.param("a." + "a" * 8_000_000 + ".a", id="eight megabytes"),
    pytest.param("a.b.c", id="not base64url"),
]


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
OBJECTS = [
    pytest.param(b'{"a": 1, "a": 2}', id="a duplicate"),
    pytest.param(b'{"a": 1, "\\u0061": 2}', id="a duplicate by escape"),
    pytest.param(b'{"x": {"a": 1, "a": 2}}', id="a nested duplicate"),
    pytest.param(b'{"x": NaN}', id="NaN"),
    pytest.param(b'{"x": Infinity}', id="Infinity"),
    pytest.param(b'{"x": 1e400}', id="a float that overflows"),
    pytest.param(b'{"x": "\\ud800"}', id="a lone surrogate"),
    pytest.param(b'{"\\ud800": 1}', id="a lone surrogate in a name"),
    pytest.param(b'{"x": ' + b"[" * 33 + b"]" * 33 + b"}", id="33 deep"),
    pytest.param(b'{"x": ' + b'{"a":' * 33 + b"1" + b"}" * 33 + b"}", id="33 objects deep"),
    pytest.param(b'{"x": 1' + b"0" * 5000 + b"}", id="a number of 5000 digits"),
    pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
    pytest.param("{}".encode("utf-16"), id="UTF-16"),
    pytest.param("{}".encode("utf-32"), id="UTF-32"),
    pytest.param(b'{"x": "\xed\xa0\x80"}', id="an encoded surrogate"),
    pytest.param(b'{"x": "\xff"}', id="not UTF-8"),
    pytest.param(b"[]", id="an array"),
    pytest.param(b'"text"', id="text"),
    pytest.param(b"null", id="null"),
    pytest.param(b"", id="nothing"),
    pytest.param(b"{", id="half an object"),
    pytest.param(b"{} {}", id="two objects"),
]


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


HEADERS = [
    pytest.param({"alg": "none"}, id="none"),
    pytest.param({"alg": "NONE"}, id="NONE"),
    pytest.param({"alg": "hs256"}, id="another case"),
    pytest.param({"alg": "HS512"}, id="another hash"),
    pytest.param({"alg": ["HS256"]}, id="a list"),
    pytest.param({"alg": None}, id="null"),
    pytest.param({}, id="no alg"),
    pytest.param({**HEADER, "crit": []}, id="crit, empty"),
    pytest.param({**HEADER, "crit": ["b64"], "b64": True}, id="crit, b64"),
    pytest.param({**HEADER, "b64": False}, id="b64"),
    pytest.param({**HEADER, "kid": ""}, id="an empty kid"),
    pytest.param({**HEADER, "kid": 1}, id="kid, a number"),
    pytest.param({**HEADER, "kid": None}, id="kid, null"),
    pytest.param({**HEADER, "kid": "../../dev/null"}, id="kid, a path"),
    pytest.param({**HEADER, "kid": "' OR 1=1 --"}, id="kid, SQL"),
    pytest.param({**HEADER, "kid": "x" * 257}, id="kid, long"),
    pytest.param({**HEADER, "typ": 1}, id="typ, a number"),
    pytest.param({**HEADER, "typ": "dpop+jwt"}, id="typ of a proof"),
    pytest.param({**HEADER, "typ": "at+jwt"}, id="typ of another profile"),
    pytest.param({**HEADER, "typ": "logout+jwt"}, id="typ of a logout"),
]


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


CLAIM_FORMS = [
    pytest.param({"exp": NOW}, ExpiredTokenError, id="exp is now"),
    pytest.param({"exp": str(NOW + 9)}, InvalidTokenError, id="exp, text"),
    pytest.param({"exp": True}, InvalidTokenError, id="exp, a flag"),
    pytest.param({"exp": -1}, InvalidTokenError, id="exp, negative"),
    pytest.param({"exp": 2**63}, InvalidTokenError, id="exp, 2**63"),
    pytest.param({"exp": 1e308}, InvalidTokenError, id="exp, 1e308"),
    pytest.param({"exp": (NOW + 900) * 1000}, InvalidTokenError, id="exp, milliseconds"),
    pytest.param({"exp": None}, InvalidTokenError, id="exp, null"),
    pytest.param({"nbf": NOW + 1}, InvalidTokenError, id="nbf in the future"),
    pytest.param({"nbf": True}, InvalidTokenError, id="nbf, a flag"),
    pytest.param({"iat": NOW + 1}, InvalidTokenError, id="iat in the future"),
    pytest.param({"iat": "0"}, InvalidTokenError, id="iat, text"),
    pytest.param({"sub": ""}, InvalidTokenError, id="sub, empty"),
    pytest.param({"sub": 7}, InvalidTokenError, id="sub, a number"),
    pytest.param({"sub": "x" * 1025}, InvalidTokenError, id="sub, long"),
    pytest.param({"jti": ""}, InvalidTokenError, id="jti, empty"),
    pytest.param({"jti": ["j"]}, InvalidTokenError, id="jti, a list"),
    pytest.param({"type": "Access"}, WrongKindError, id="type, another case"),
    pytest.param({"type": ["access"]}, InvalidTokenError, id="type, a list"),
    pytest.param({"type": "refresh"}, WrongKindError, id="another type"),
    pytest.param({"sid": 1}, InvalidTokenError, id="sid, a number"),
    pytest.param({"iss": ["x"]}, InvalidTokenError, id="iss, a list"),
    pytest.param({"aud": "somebody"}, InvalidTokenError, id="aud that is not us"),
    pytest.param({"aud": 0}, InvalidTokenError, id="aud, a number"),
    pytest.param({"aud": [1]}, InvalidTokenError, id="aud, numbers"),
    pytest.param({"fresh": "yes"}, InvalidTokenError, id="fresh, text"),
    pytest.param({"auth_time": "now"}, InvalidTokenError, id="auth_time, text"),
    pytest.param({"scope": ["a"]}, InvalidTokenError, id="scope, a list"),
    pytest.param({"acr": 1}, InvalidTokenError, id="acr, a number"),
    pytest.param({"amr": "pwd"}, InvalidTokenError, id="amr, text"),
    pytest.param({"amr": [1]}, InvalidTokenError, id="amr, numbers"),
    pytest.param({"cnf": {"jkt": "x"}}, InvalidTokenError, id="bound to a key"),
]


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
