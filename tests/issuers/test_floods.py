"""Whoever floods an application with tokens of their own making fetches nothing, and fills nothing.

KEY-6: three fetches in a row, and then one for each cool-down.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Iterable, Iterator

import pytest
from flask import Flask

from benchmarks.measuring import environ_of
from jwtpolicy import IssuedBy, Issuer
from jwtpolicy.clock import elapsed
from jwtpolicy.issuers.trusting_verifier import TrustingVerifier
from jwtpolicy.keys.fetch_budget import BURST, COOL_DOWN
from jwtpolicy.tokens.jose import unverified_claims
from jwtpolicy.tokens.verifier import _MAX_HEADERS
from tests.support import key_answers as answers
from tests.support.faulty_key_server import FaultyKeyServer, faulty_key_server
from tests.support.forgeries import segment
from tests.support.issuers import (
    AUDIENCE,
    application,
    foreign,
    issuer,
    rsa_key,
    signed_by_issuer,
    status,
)

MANY = 10_000
#: Enough to see whether each request leaves something.
SOME = 2_000
GOOD = answers.key_set(answers.public_jwk(rsa_key("login"), "k1", "RS256"))


@pytest.fixture
def server() -> Iterator[FaultyKeyServer]:
    with faulty_key_server() as server:
        server.script("/jwks", GOOD)
        yield server


@pytest.fixture
def app(server: FaultyKeyServer) -> Flask:
    """Return an application with a key of its own that trusts *server*, and has its keys."""
    jwks_uri = f"{server.url}/jwks"
    trusted = Issuer(server.url, audience=AUDIENCE, jwks_uri=jwks_uri, allow_http=True)
    other = issuer()
    app, _ = application(IssuedBy(trusted, other), issuers=(trusted, other))
    assert status(app, foreign(iss=server.url)) == 200
    return app


def forged(kid: str, iss: str) -> str:
    """Return a token that nobody has signed."""
    header = {"alg": "RS256", "typ": "at+jwt", "kid": kid}
    claims = {"iss": iss, "aud": AUDIENCE, "sub": "ada", "iat": 1, "exp": 9_999_999_999}
    return ".".join(segment(json.dumps(part).encode()) for part in (header, claims)) + ".AAAA"


def statuses(app: Flask, tokens: Iterable[str]) -> set[str]:
    """Return the different answers to requests with *tokens*."""
    found: set[str] = set()
    for token in tokens:
        environ = environ_of("GET", "/", {"Authorization": f"Bearer {token}"})
        b"".join(app.wsgi_app(environ, lambda status, *_: found.add(status)))
    return found


def verifier_of(app: Flask) -> TrustingVerifier:
    verifier = app.extensions["jwtpolicy"].enforcement.services.guard_verifier
    assert isinstance(verifier, TrustingVerifier)
    return verifier


def remembered(app: Flask) -> list[int]:
    """Return how many headers are remembered: of own keys, and of each issuer."""
    verifier = verifier_of(app)
    generations = [verifier._generation, *(one._generation for one in verifier.issuers.values())]
    return [len(one.headers) for one in generations if one is not None]


def growth(app: Flask, tokens: Iterable[str]) -> int:
    """Return how many more blocks of memory there are once *tokens* were refused."""
    gc.collect()
    before = sys.getallocatedblocks()
    assert statuses(app, tokens) == {"401 UNAUTHORIZED"}
    gc.collect()
    return sys.getallocatedblocks() - before


def test_unknown_kids_make_three_fetches_and_one_for_each_cool_down(
    app: Flask, server: FaultyKeyServer
) -> None:
    before, began = remembered(app), elapsed()

    answered = statuses(app, (forged(f"k-{number}", server.url) for number in range(MANY)))

    assert answered == {"401 UNAUTHORIZED"}
    assert BURST <= server.count("/jwks") <= BURST + (elapsed() - began) // COOL_DOWN + 1
    assert remembered(app) == before
    assert status(app, foreign(iss=server.url)) == 200


def test_unknown_issuers_fetch_and_fill_nothing(app: Flask, server: FaultyKeyServer) -> None:
    before, fetches = remembered(app), server.count("/jwks")

    answered = statuses(app, (forged("k1", f"{server.url}/{number}") for number in range(SOME)))

    assert answered == {"401 UNAUTHORIZED"}
    assert server.count("/jwks") == fetches
    assert remembered(app) == before


def test_an_issuer_cannot_fill_the_memory_with_headers_that_it_signs(app: Flask) -> None:
    """Each is remembered twice: which own keys it names, and which of the issuer's."""
    claims = unverified_claims(foreign())

    for number in range(_MAX_HEADERS + 20):
        headers = {"kid": "k1", "typ": "at+jwt", "x": str(number)}
        verifier_of(app).verify(signed_by_issuer(claims, headers), kinds=None)

    assert max(remembered(app)) == _MAX_HEADERS
    assert status(app, foreign()) == status(app, foreign(kid=None)) == 200


#: What somebody makes who has no key; of the address of the issuer, and a number.
FORGERIES: dict[str, Callable[[str, int], str]] = {
    "unknown kid": lambda url, number: forged(f"k-{number}", url),
    "unknown iss": lambda url, number: forged("k1", f"{url}/{number}"),
    "bad signature": lambda url, number: f"{forged('k1', url)}{number:08}",
    "garbage": lambda url, number: f"garbage-{number}",
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_refused_tokens_leave_nothing_in_memory(
    app: Flask, server: FaultyKeyServer, forgery: str
) -> None:
    """What is kept once was kept before the count, by other tokens of the same kind."""
    make = FORGERIES[forgery]
    statuses(app, (make(server.url, number) for number in range(SOME, SOME + 500)))

    assert growth(app, (make(server.url, number) for number in range(SOME))) < SOME // 10
