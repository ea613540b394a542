"""Make tokens of exactly these bytes, and list forms of them that must not pass."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from jwtpolicy.exceptions import ExpiredTokenError, InvalidTokenError, WrongKindError
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.tokens.claims import ClaimRules
from jwtpolicy.tokens.verifier import Verifier
from tests.support.applications import SECRET
from tests.support.clocks import StandingClock

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

OBJECTS = [
    pytest.param(b'{"a": 1, "a": 2}', id="a duplicate"),
    pytest.param(b'{"a": 1, "\\u0061": 2}', id="a duplicate by escape"),
    pytest.param(b'{"a" :1,"a":2}', id="a duplicate with a space before the colon"),
    pytest.param(b'{"a"\n:1,"a":2,"x":"\\":"}', id="a duplicate, and text like a member's name"),
    pytest.param(b'{"x": {"a": 1, "a": 2}}', id="a nested duplicate"),
    pytest.param(b'{"x": NaN}', id="NaN"),
    pytest.param(b'{"x": Infinity}', id="Infinity"),
    pytest.param(b'{"x": 1e400}', id="a float that overflows"),
    pytest.param(b'{"x": "\\ud800"}', id="a lone surrogate"),
    pytest.param(b'{"\\ud800": 1}', id="a lone surrogate in a name"),
    pytest.param(b'{"x": ' + b"[" * 33 + b"]" * 33 + b"}", id="33 deep"),
    pytest.param(b'{"x": ' + b'{"a":' * 33 + b"1" + b"}" * 33 + b"}", id="33 objects deep"),
    pytest.param(b'{"x": 1' + b"0" * 5000 + b"}", id="a number of 5000 digits"),
    pytest.param('{"x": 1\u0663}'.encode(), id="an Arabic digit"),
    pytest.param(b'{"x": "\\u 061"}', id="a space in an escape"),
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
