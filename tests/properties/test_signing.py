"""What is signed in few steps is what PyJWT makes of the same header and claims, byte for byte."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt as pyjwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import get_default_algorithms

from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.testing.strategies import json_values, subjects
from jwtpolicy.testing.strategies.texts import texts
from jwtpolicy.tokens import jose
from jwtpolicy.tokens.claims import RESERVED_CLAIMS
from jwtpolicy.tokens.signer import Signer, SigningRules, TokenRequest
from tests.support.forgeries import NOW
from tests.support.keys import MATERIALS

KEYS = {name: Key(material, name, "k") for name, material in MATERIALS.items()}
#: Those whose signature is always the same.
STEADY = ["EdDSA", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512"]

names = texts().filter(lambda name: name not in RESERVED_CLAIMS | {"sub", "uid"})
or_none = st.none() | texts()
requests = st.builds(
    TokenRequest,
    kind=st.sampled_from(["access", "refresh"]) | subjects(),
    subject=subjects(),
    issued_at=st.integers(0, NOW),
    lifetime=st.none() | st.integers(1, 10**6),
    claims=st.dictionaries(names, json_values(), max_size=4),
    headers=st.dictionaries(texts().map("x-{}".format), json_values(), max_size=2),
    schema=st.none() | subjects(),
    session_id=st.none() | subjects(),
    fresh=st.booleans() | st.integers(NOW, NOW + 60),
    auth_time=st.none() | st.integers(0, NOW),
    scope=or_none,
    acr=or_none,
    amr=st.none() | st.lists(texts(), max_size=2).map(tuple),
    audience=or_none | st.lists(texts(), max_size=2).map(tuple),
    csrf=st.none() | subjects(),
)
rules = st.builds(
    SigningRules,
    issuer=st.none() | subjects(),
    audience=or_none | st.just(("a", "b")),
    not_before=st.booleans(),
    client_id=or_none,
    identity_claim=st.sampled_from(["sub", "uid"]),
    with_csrf=st.booleans(),
)


def segment(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def written(members: dict[str, Any]) -> bytes:
    text = json.dumps(members, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return segment(text.encode())


def stated(request: TokenRequest, own: SigningRules, found: dict[str, Any]) -> dict[str, Any]:
    """Return the claims of a token in their order, where what is random is as it was *found*."""
    now, is_access = request.issued_at, request.kind == "access"
    audience = own.audience if request.audience is None else request.audience
    client = {"client_id": own.client_id} if is_access and own.client_id is not None else {}
    end = None if request.lifetime is None else now + request.lifetime
    registered = {
        own.identity_claim: request.subject,
        "type": request.kind,
        "jti": found["jti"],
        "iat": now,
        "nbf": now if own.not_before else None,
        "exp": end,
        "fresh": request.fresh if is_access else None,
    }
    optional = {
        "iss": own.issuer,
        "aud": list(audience) if isinstance(audience, tuple) else audience,
        "auth_time": request.auth_time,
        "sid": request.session_id,
        "scope": request.scope,
        "acr": request.acr,
        "amr": None if request.amr is None else list(request.amr),
        "schema": request.schema,
        "csrf": (request.csrf or found["csrf"]) if own.with_csrf else None,
    }
    said = {name: value for name, value in registered.items() if value is not None}
    more = {name: value for name, value in optional.items() if value is not None}
    return {**request.claims, **said, **client, **request.claims, **more}


@given(st.sampled_from(STEADY), requests, rules)
def test_a_token_is_what_pyjwt_signs_byte_for_byte(
    algorithm: str, request: TokenRequest, own: SigningRules
) -> None:
    encoded = Signer(KeyRing(KEYS[algorithm]), own).sign(request).encoded

    found = pyjwt.decode(encoded, options={"verify_signature": False})
    header = {**request.headers, "typ": "JWT", "alg": algorithm, "kid": "k"}
    signing_input = b".".join([written(header), written(stated(request, own, found))])
    pyjwts = get_default_algorithms()[algorithm]
    signature = pyjwts.sign(signing_input, pyjwts.prepare_key(MATERIALS[algorithm]))

    assert encoded.encode() == b".".join([signing_input, segment(signature)])


@pytest.mark.parametrize("algorithm", KEYS)
def test_pyjwt_verifies_what_each_algorithm_signs(algorithm: str) -> None:
    encoded = Signer(KeyRing(KEYS[algorithm])).sign(TokenRequest("access", "u1", NOW, None)).encoded
    material = MATERIALS[algorithm]
    key = material if algorithm.startswith("HS") else material.public_key()
    options: Any = {"verify_nbf": False, "verify_iat": False}
    assert pyjwt.decode(encoded, key, [algorithm], options=options)["sub"] == "u1"


@given(st.dictionaries(texts(), json_values()))
def test_an_object_is_written_as_the_slow_encoder_writes_it(members: dict[str, Any]) -> None:
    assert jose.encoded_object(members).encode() == written(members)
    assert "".join(jose._chunks_of(members, 0)) == "".join(jose._chunks(members, 0))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", object(), {1, 2}, b"x"])
def test_what_the_slow_encoder_refuses_is_refused_alike(value: object) -> None:
    with pytest.raises((ValueError, TypeError)) as slow:
        written({"a": [value]})
    with pytest.raises((ValueError, TypeError)) as fast:
        jose.encoded_object({"a": [value]})

    assert (fast.type, str(fast.value)) == (slow.type, str(slow.value))


def test_an_object_that_holds_itself_is_refused() -> None:
    members: dict[str, Any] = {}
    members["a"] = members

    with pytest.raises(ValueError, match="nested too deeply"):
        jose.encoded_object(members)
