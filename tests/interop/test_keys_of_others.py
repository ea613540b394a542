"""Keys that another library made and wrote as JWKs verify its tokens here."""

from __future__ import annotations

import json
from functools import cache

import pytest

from jwtpolicy.keys.jwk import key_from_jwk
from tests.services.implementations import Job
from tests.support.interop import (
    ALGORITHMS,
    MAKERS,
    altered,
    answers_of,
    claims_of_now,
    reader,
)
from tests.support.requests import bearer


@cache
def answers(library: str) -> dict[str, Job]:
    """Return a token, and the key set of who signed it, for each algorithm."""
    claims = claims_of_now(type="access")
    jobs = [{"do": "issue", "alg": name, "typ": "JWT", "claims": claims} for name in ALGORITHMS]
    return dict(zip(ALGORITHMS, answers_of(library, jobs), strict=True))


of_each = pytest.mark.parametrize("algorithm", ALGORITHMS)
by_each = pytest.mark.parametrize("library", MAKERS)


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
