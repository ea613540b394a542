"""Tokens of ours are read by libraries that nobody here wrote, and theirs by us."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from jwtpolicy import JWTManager
from jwtpolicy.endpoints import JWKSView, auth_blueprint
from jwtpolicy.keys import Key
from jwtpolicy.keys.jwk import private_jwk, public_jwk
from jwtpolicy.keys.key import MIN_SECRET, SUPPORTED
from tests.services.implementations import IMPLEMENTATIONS, Job
from tests.support.applications import SECRET
from tests.support.endpoints import authenticate, form
from tests.support.interop import altered, answers_of, claims_of_now, reader
from tests.support.keys import MATERIALS, pem, public_pem
from tests.support.requests import bearer

JWKS = "/.well-known/jwks.json"


class Answer(NamedTuple):
    """What a library did for one algorithm: it signed, and read a token of ours, and a bad one.

    Attributes:
        signed: ``token``, or ``error``.
        verified: ``claims``, or ``error``.
        altered: The same of the token with another signature.
    """

    signed: Job
    verified: Job
    altered: Job


def material(algorithm: str) -> Any:
    return MATERIALS["EdDSA" if algorithm == "Ed25519" else algorithm]


def issuer(algorithm: str) -> FlaskClient:
    """Return a client of an application with a login, and with its keys if they are public."""
    is_shared = algorithm in MIN_SECRET
    key = {"JWT_SECRET_KEY": SECRET} if is_shared else {"JWT_PRIVATE_KEY": pem(material(algorithm))}
    app = Flask("tests.interop.issuer")
    app.config.update(key, JWT_ALGORITHM=algorithm)
    JWTManager(app)
    app.register_blueprint(auth_blueprint(authenticate))
    app.add_url_rule(JWKS, view_func=JWKSView.as_view("jwks"))
    return app.test_client()


def public_key(algorithm: str, form_of_key: str) -> str:
    """Return what an application verifies with: a secret, a PEM or a JWK."""
    if algorithm in MIN_SECRET:
        return SECRET
    jwk = json.dumps(public_jwk(Key(material(algorithm), algorithm)))
    return {"PEM": public_pem(material(algorithm)), "JWK": jwk}[form_of_key]


@cache
def token_of_ours(algorithm: str) -> tuple[str, Job]:
    """Return a token that a login has given out, and what others verify it with."""
    client = issuer(algorithm)
    token = client.post("/auth/login", data=form()).json["access_token"]
    published = client.get(JWKS).json
    return token, {"secret": SECRET} if algorithm in MIN_SECRET else published


def jobs_for(algorithm: str) -> list[Job]:
    """Return what a library is asked to do: sign as an issuer of ours, and verify twice."""
    key = Key(material(algorithm), algorithm)
    own = {"jwk": private_jwk(key), "pem": "" if key.key_id is None else pem(material(algorithm))}
    token, keys = token_of_ours(algorithm)
    return [
        {
            "do": "sign",
            "alg": algorithm,
            "kid": key.key_id,
            "claims": claims_of_now(type="access"),
            "key": {"secret": SECRET} if algorithm in MIN_SECRET else own,
        },
        {"do": "verify", "alg": algorithm, "token": token, "keys": keys},
        {"do": "verify", "alg": algorithm, "token": altered(token), "keys": keys},
    ]


@cache
def answers(library: str) -> dict[str, Answer]:
    """Start the program of *library*, once, and let it do everything."""
    found = answers_of(library, [job for name in SUPPORTED for job in jobs_for(name)])
    triples = zip(found[::3], found[1::3], found[2::3], strict=True)
    return {name: Answer(*triple) for name, triple in zip(SUPPORTED, triples, strict=True)}


def cases(*, lacking: bool) -> list[Any]:
    """Return each library with each algorithm that it has, or that it lacks."""
    return [
        pytest.param(name, algorithm, id=f"{name}-{algorithm}", marks=marks)
        for name, library in IMPLEMENTATIONS.items()
        for marks in [() if library.is_quick else pytest.mark.full]
        for algorithm in SUPPORTED
        if (algorithm in library.lacks) is lacking
    ]


both_ways = pytest.mark.parametrize(("library", "algorithm"), cases(lacking=False))


@both_ways
def test_a_token_of_a_login_is_read_with_the_keys_as_they_are_published(
    library: str, algorithm: str
) -> None:
    """KEY-3: no member of our key set has to be left out for anybody."""
    answer = answers(library)[algorithm].verified

    assert "error" not in answer
    assert (answer["claims"]["sub"], answer["claims"]["type"]) == ("ada", "access")


@both_ways
def test_a_token_of_a_login_with_another_signature_is_refused(library: str, algorithm: str) -> None:
    answer = answers(library)[algorithm].altered

    assert "claims" not in answer
    assert answer["error"]


@pytest.mark.parametrize("form_of_key", ["PEM", "JWK"])
@both_ways
def test_a_token_of_theirs_is_accepted(library: str, algorithm: str, form_of_key: str) -> None:
    """KEY-1: signed with the key as we write it, and verified with its public half."""
    token = answers(library)[algorithm].signed["token"]
    answer = reader(algorithm, public_key(algorithm, form_of_key)).get("/me", headers=bearer(token))

    assert (answer.status_code, answer.text) == (200, "ada")


@both_ways
def test_a_token_of_theirs_with_another_signature_is_refused(library: str, algorithm: str) -> None:
    """ALG-5."""
    token = answers(library)[algorithm].signed["token"]
    client = reader(algorithm, public_key(algorithm, "PEM"))
    answer = client.get("/me", headers=bearer(altered(token)))

    assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")


@pytest.mark.parametrize(("library", "algorithm"), cases(lacking=True))
def test_an_algorithm_is_left_out_only_if_the_library_lacks_it(
    library: str, algorithm: str
) -> None:
    answer = answers(library)[algorithm]

    assert "error" in answer.signed
    assert "error" in answer.verified
