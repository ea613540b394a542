"""A key that a foreign token brings along, or says the address of, is nobody's."""

from __future__ import annotations

from collections.abc import Iterator

import jwt as pyjwt
import pytest
from flask import Flask

from jwtpolicy import HasScope, Issuer
from tests.support import key_answers as answers
from tests.support.faulty_key_server import FaultyKeyServer, faulty_key_server
from tests.support.issuers import AUDIENCE, application, foreign, rsa_key, status

OF_ISSUER, OF_ATTACKER = (
    answers.public_jwk(rsa_key(name), "k1", "RS256") for name in ("login", "attacker")
)


@pytest.fixture
def server() -> Iterator[FaultyKeyServer]:
    """Return a server with the key set of the issuer, and another one of an attacker."""
    with faulty_key_server() as server:
        server.script("/jwks", answers.key_set(OF_ISSUER))
        server.script("/attacker", answers.key_set(OF_ATTACKER))
        yield server


@pytest.fixture
def app(server: FaultyKeyServer) -> Flask:
    url = f"{server.url}/jwks"
    issuer = Issuer(server.url, audience=AUDIENCE, jwks_uri=url, allow_http=True)
    return application(HasScope("notes:read"), issuers=(issuer,), own=False)[0]


def signed(server: FaultyKeyServer, name: str, **header: object) -> str:
    """Return an access token that the key *name* has signed, with more members of the header."""
    token = foreign(iss=server.url, scope="notes:read")
    claims = pyjwt.decode(token, options={"verify_signature": False})
    headers = {"typ": "at+jwt", "kid": "k1", **header}
    present = {member: value for member, value in headers.items() if value is not None}
    return pyjwt.encode(claims, rsa_key(name), "RS256", present)


@pytest.mark.parametrize("kid", ["k1", "k2", None])
@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_in_the_header_is_neither_used_nor_fetched(
    server: FaultyKeyServer, app: Flask, member: str, kid: str | None
) -> None:
    """PARSE-7."""
    address = f"{server.url}/attacker"
    brought = {"jwk": OF_ATTACKER, "jku": address, "x5u": address, "x5c": [OF_ATTACKER["n"]]}
    header = {member: brought[member], "kid": kid}

    assert status(app, signed(server, "attacker", **header)) == 401
    assert status(app, signed(server, "login", **{member: brought[member]})) == 200
    assert server.count("/attacker") == 0
