"""Tokens that other libraries sign with their own keys, as those of an issuer that is trusted."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from jwtpolicy import OWN, IssuedBy, Issuer, JWTManager, current_token, protect
from tests.services.implementations import Job
from tests.support.applications import SECRET
from tests.support.interop import ALGORITHMS, MAKERS, altered, answers_of, claims_of_now
from tests.support.requests import bearer

URL, AUDIENCE = "https://issuer.example", "https://api.example"
#: As the header's ``typ`` has them: an access token (:rfc:`9068`), and one that could be any.
TYPES = ("at+jwt", "JWT")


@cache
def answers(library: str) -> dict[tuple[str, str], Job]:
    """Return a token, and the key set of who signed it, by algorithm and ``typ``."""
    audience = [AUDIENCE, "https://other.example"]
    claims = claims_of_now(iss=URL, aud=audience, client_id="web")
    asked = [(algorithm, typ) for algorithm in ALGORITHMS for typ in TYPES]
    jobs = [{"do": "issue", "alg": alg, "typ": typ, "claims": claims} for alg, typ in asked]
    return dict(zip(asked, answers_of(library, jobs), strict=True))


def site(algorithm: str, keys: dict[str, Any], **own: str) -> FlaskClient:
    """Return a client of an application that trusts the issuer, whose keys were given to it."""
    app = Flask("tests.interop.trusting")
    app.config.update(own)
    jwt = JWTManager(baseline=None)
    jwt.trust(Issuer(URL, audience=AUDIENCE, keys=keys, algorithms=[algorithm]))
    jwt.init_app(app)
    app.get("/theirs")(protect(IssuedBy(URL))(lambda: current_token.subject))
    app.get("/ours", endpoint="ours")(protect(IssuedBy(OWN))(lambda: "in"))
    return app.test_client()


def status(client: FlaskClient, path: str, token: str) -> int:
    return client.get(path, headers=bearer(token)).status_code


of_each = pytest.mark.parametrize("algorithm", ALGORITHMS)
by_each = pytest.mark.parametrize("library", MAKERS)


@of_each
@by_each
def test_a_token_of_a_trusted_issuer_is_accepted_where_it_is_named(
    library: str, algorithm: str
) -> None:
    """KEY-4: its JWK has no ``alg``, which comes from the issuer's algorithms."""
    found = answers(library)[algorithm, "at+jwt"]
    client = site(algorithm, found["keys"], JWT_SECRET_KEY=SECRET)

    assert client.get("/theirs", headers=bearer(found["token"])).text == "ada"
    assert status(client, "/ours", found["token"]) == 401


@of_each
@by_each
def test_a_token_of_a_trusted_issuer_with_another_signature_is_refused(
    library: str, algorithm: str
) -> None:
    """ALG-5."""
    found = answers(library)[algorithm, "at+jwt"]
    client = site(algorithm, found["keys"], JWT_SECRET_KEY=SECRET)

    assert status(client, "/theirs", altered(found["token"])) == 401
    assert status(client, "/theirs", found["token"]) == 200


@of_each
@by_each
def test_a_token_that_does_not_say_what_it_is_for_is_refused(library: str, algorithm: str) -> None:
    """AT-1: it is signed as well as the other."""
    found = answers(library)[algorithm, "JWT"]
    client = site(algorithm, found["keys"], JWT_SECRET_KEY=SECRET)

    assert status(client, "/theirs", found["token"]) == 401


@by_each
def test_an_application_without_a_key_takes_tokens_of_its_one_issuer(library: str) -> None:
    found = answers(library)["ES256", "at+jwt"]
    client = site("ES256", found["keys"])

    assert status(client, "/ours", found["token"]) == 200
    assert status(client, "/ours", altered(found["token"])) == 401
