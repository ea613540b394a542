"""The same claims lead to the same decision, whether they are signed or told by the server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jwtpolicy.exceptions import InvalidTokenError
from jwtpolicy.issuers.issuer_keys import GivenKeys
from jwtpolicy.issuers.issuer_verifier import ForeignRules, IssuerVerifier
from jwtpolicy.keys import KeyRing
from jwtpolicy.parsing.strict_json import parse_json, parse_object
from jwtpolicy.tokens.jose import split
from jwtpolicy.tokens.token import Token
from jwtpolicy.tokens.verifier import Signed
from tests.support.issuers import AUDIENCE, URL, issuer, public, signed_by_issuer
from tests.support.opaque import TOKEN, introspection, opaque_issuer

NOW = 1_700_000_000

USUAL: dict[str, Any] = {
    "iss": URL,
    "aud": AUDIENCE,
    "sub": "ada",
    "client_id": "web",
    "iat": NOW,
    "exp": NOW + 300,
    "token_type": "Bearer",
    "scope": "notes:read",
}
NAMES = st.sampled_from(
    [*USUAL, "jti", "nbf", "azp", "typ", "cnf", "nonce", "events", "fresh", "roles", "token_use"]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
    | st.sampled_from([NOW - 1, NOW + 1, "web", AUDIENCE, "", "Bearer", "ID", "DPoP", URL]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=2),
    max_leaves=4,
)


class Told:
    """A server that tells these claims of every token."""

    def __init__(self, claims: dict[str, Any]) -> None:
        self._text = json.dumps(claims).encode()

    def claims_of(self, encoded: str) -> dict[str, Any] | None:
        found: dict[str, Any] = parse_json(self._text)
        return found


def verifier(claims: dict[str, Any]) -> IssuerVerifier:
    """Return a verifier for both sorts of token, which asks them for the same."""
    mark = {"token_type": "Bearer"}
    asked = introspection(URL, access_when=mark)
    both = opaque_issuer(URL, asked, keys=[public()], access_when=mark)
    keys = GivenKeys(KeyRing(verifying=[public()]))
    return IssuerVerifier(both, keys, ForeignRules(), Told(claims))


def signed(claims: dict[str, Any]) -> Token:
    parts = Signed(*split(signed_by_issuer(claims, {"typ": "JWT", "kid": "k1"}), 16_384))
    return verifier(claims).verify(parts, parse_object(parts.payload), NOW)


def told(claims: dict[str, Any]) -> Token:
    return verifier(claims).verify_opaque(TOKEN, NOW)


def outcome(verify: Any, claims: dict[str, Any]) -> object:
    """Return what policies see of a token, or the error."""
    try:
        token = verify(claims)
    except InvalidTokenError as error:
        return type(error), error.reason
    return dict(token.claims), token.issuer, token.is_machine, token.is_own, token.principal


@settings(deadline=None, max_examples=150)
@given(changes=st.dictionaries(NAMES, JSON, max_size=3), absent=st.sets(NAMES, max_size=2))
@example(changes={}, absent=set())
@example(changes={"sub": "web"}, absent=set())
@example(changes={"exp": NOW}, absent=set())
@example(changes={}, absent={"aud"})
def test_signed_and_told_claims_are_judged_alike(changes: dict[str, Any], absent: set[str]) -> None:
    claims = {name: value for name, value in {**USUAL, **changes}.items() if name not in absent}
    # Which issuer a JWT is of was looked up before; an answer without `iss` is this one's.
    claims["iss"] = URL

    assert outcome(told, claims) == outcome(signed, claims)


def test_the_usual_claims_are_accepted_by_both() -> None:
    assert outcome(told, USUAL) == outcome(signed, USUAL)
    assert told(USUAL).subject == "ada"


@pytest.mark.parametrize("encoded", ["a.b.c", "", "a b", "ä", "a\n", b"opaque", None, "x" * 4097])
def test_no_verifier_asks_about_what_is_no_opaque_token(encoded: object) -> None:
    with pytest.raises(InvalidTokenError, match="not an opaque token"):
        verifier(USUAL).verify_opaque(encoded, NOW)


def test_a_verifier_without_a_server_asks_nobody() -> None:
    plain = IssuerVerifier(issuer(), GivenKeys(KeyRing(verifying=[public()])), ForeignRules())

    with pytest.raises(InvalidTokenError, match="not an opaque token"):
        plain.verify_opaque(TOKEN, NOW)
