"""Keys that another library made and wrote as JWKs verify its tokens here."""

from __future__ import annotations

import json
import time
import uuid
from functools import cache

import pytest

from jwtpolicy.keys.jwk import key_from_jwk
from tests.services import missing
from tests.services.implementations import IMPLEMENTATIONS, Job, ask
from tests.support.interop import altered, reader
from tests.support.requests import bearer

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")


@cache
def answers(library: str) -> dict[str, Job]:
    """Return a token, and the key set of who signed it, for each algorithm."""
    command = IMPLEMENTATIONS[library].command()
    if command is None:
        missing(library, "it is not installed")
    now = int(time.time())
    claims = {"sub": "ada", "type": "access", "jti": uuid.uuid4().hex, "iat": now, "exp": now + 900}
    jobs = [
        {"do": "issue", "alg": algorithm, "typ": "JWT", "claims": claims}
        for algorithm in ALGORITHMS
    ]
    return dict(zip(ALGORITHMS, ask(command, jobs), strict=True))


of_each = pytest.mark.parametrize("algorithm", ALGORITHMS)
by_each = pytest.mark.parametrize(
    "library", [name for name, library in IMPLEMENTATIONS.items() if library.makes_keys]
)


@of_each
@by_each
def test_a_key_that_a_library_made_verifies_its_token(library: str, algorithm: str) -> None:
    """KEY-1."""
    found = answers(library)[algorithm]
    client = reader(algorithm, json.dumps(found["keys"]["keys"][0]))

    assert client.get("/me", headers=bearer(found["token"])).text == "ada"
    assert client.get("/me", headers=bearer(altered(found["token"]))).status_code == 401


@of_each
@by_each
def test_a_library_gives_a_key_the_name_that_we_give_it(library: str, algorithm: str) -> None:
    """Both have its thumbprint (:rfc:`7638`)."""
    jwk = answers(library)[algorithm]["keys"]["keys"][0]
    unnamed = {name: member for name, member in jwk.items() if name != "kid"}

    assert key_from_jwk(unnamed, algorithm).key_id == jwk["kid"]
