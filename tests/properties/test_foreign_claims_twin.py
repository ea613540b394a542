"""The quick reading of another issuer's claims, and a plain one, never differ."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jwtpolicy import ANY, Issuer
from jwtpolicy.exceptions import InvalidTokenError
from jwtpolicy.issuers.foreign_claims import OWN_MEANING
from jwtpolicy.issuers.issuer_keys import GivenKeys
from jwtpolicy.issuers.issuer_verifier import ForeignRules, IssuerVerifier
from jwtpolicy.keys import Key, KeyRing
from jwtpolicy.tokens.verifier import Signed
from tests.support.applications import SECRET
from tests.support.forgeries import NOW, segment
from tests.support.issuers import issuer
from tests.support.plain_foreign_claims import Terms, read
from tests.support.token_shapes import API, ISSUERS, Shape, accepted_shapes

KEY = Key(SECRET, "HS256", "k")
KEYS = GivenKeys(KeyRing(None, [KEY]))


def _raising(_header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    return bool(claims["custom"] > 1)


PRESETS = {url: make() for url, make in ISSUERS.items()}
#: The presets, and issuers with arguments that no preset has.
TRUSTED: tuple[Issuer, ...] = (
    *PRESETS.values(),
    issuer(audience=(API, "b"), subject_prefix="x:", leeway=5, max_age=600, requires_jti=False),
    issuer(client_ids="web", access_when=[{"level": 3}, {"level": frozenset({1, "1"})}]),
    issuer(audience=API, access_when=[{"aud": str, "n": ANY}, {"aud": list}], subject="uid"),
    issuer(audience=API, access_when=["at+jwt", _raising], roles=("a", "b"), scopes="scp"),
    issuer(audience=API, claims={"acr": "level", "team": ("a", "b")}, machine_when={"n": True}),
)

SINGLE = [None, "", {}, 0, 1, 3, True, False, 1.5, NOW, NOW + 900, NOW - 5, "1", "web", API, "b"]
TEXTS = ["x:ada", "ada", "read write", "y" * 1024, "\0", "id", "Refresh", "at+jwt"]
SEVERAL = [[], [API], ["b", "web"], ["web"], ["web", 7], [["web"]], ["read", "write"], ["a b"]]
VALUES = st.sampled_from([*SINGLE, *TEXTS, *SEVERAL, {"b": "c"}, {"b": ["x", "y"]}])
NAMES = st.sampled_from(
    sorted(
        OWN_MEANING
        | {"iss", "aud", "sub", "exp", "nbf", "iat", "jti", "typ", "token_use", "uid", "scp"}
        | {
            "azp",
            "client_id",
            "cid",
            "appid",
            "roles",
            "a",
            "n",
            "level",
            "custom",
            "nonce",
            "act.sub",
            "a.b",
            "roles.x",
            "https://x.y/z",
        }
    )
)
SHAPES = [*accepted_shapes()]
#: The shape of a token, what is changed in its claims, and what is left out.
CHANGES = st.tuples(
    st.sampled_from(SHAPES), st.dictionaries(NAMES, VALUES, max_size=4), st.sets(NAMES, max_size=1)
)
TERMS = st.builds(
    Terms,
    st.sampled_from(["roles", "groups", "a.b"]),
    st.sampled_from([(), ("x:",), ("y", "z")]),
    st.sampled_from([0, 10]),
    st.sampled_from([0, 60]),
    st.just(NOW),
)
TYPES = st.sampled_from([None, "at+jwt", "AT+JWT", "application/at+jwt", "JWT"])


def quickly(of: Issuer, header: dict[str, Any], raw: dict[str, Any], terms: Terms) -> object:
    rules = ForeignRules(lambda: NOW, terms.leeway, terms.skew, terms.roles_claim)
    verifier = IssuerVerifier(of, KEYS, rules._replace(others_prefixes=terms.prefixes))
    head = segment(json.dumps(header).encode()).encode()
    signed = Signed(head, b"e30", KEY.sign(head + b".e30"), head + b".e30")
    try:
        return dict(verifier.verify(signed, raw, None)._claims)
    except InvalidTokenError as error:
        return type(error)


def plainly(of: Issuer, header: dict[str, Any], raw: dict[str, Any], terms: Terms) -> object:
    try:
        return read(of, header, raw, terms)
    except InvalidTokenError as error:
        return type(error)


def claims_of(
    shape: Shape, changed: Mapping[str, Any] = MappingProxyType({}), gone: Collection[str] = ()
) -> dict[str, Any]:
    found = shape.payload(iat=NOW, exp=NOW + 900) | dict(changed)
    return {name: value for name, value in found.items() if name not in gone}


@settings(max_examples=600)
@given(st.sampled_from([None, *TRUSTED]), TYPES, CHANGES, TERMS)
def test_the_quick_reading_and_the_plain_one_agree(
    other: Issuer | None,
    typ: str | None,
    changes: tuple[Shape, dict[str, Any], set[str]],
    terms: Terms,
) -> None:
    of, raw = other or PRESETS[changes[0].issuer], claims_of(*changes)
    header = {"alg": "HS256", "kid": "k"} | ({} if typ is None else {"typ": typ})

    assert quickly(of, header, dict(raw), terms) == plainly(of, header, raw, terms)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_both_readings_accept_what_a_provider_issues(shape: Shape) -> None:
    of, raw, terms = PRESETS[shape.issuer], claims_of(shape), Terms("roles", (), 0, 0, NOW)
    header = {"alg": "HS256", "kid": "k", "typ": shape.typ or "JWT"}

    found = quickly(of, header, dict(raw), terms)

    assert isinstance(found, dict)
    assert found == plainly(of, header, raw, terms)
