"""A key server that fails in any way leads to no error of ours, and to nobody who is let in."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jwt as pyjwt
import pytest
from flask import Flask

from jwtpolicy import HasScope, Issuer
from tests.services.redis import wait_until
from tests.support import key_answers as answers
from tests.support.faulty_key_server import FaultyKeyServer, faulty_key_server
from tests.support.issuers import AUDIENCE, application, foreign, rsa_key, status
from tests.support.key_answers import Answer
from tests.support.requests import bearer

DOCUMENT = "/.well-known/openid-configuration"

A, B = (answers.public_jwk(rsa_key(name), name, "RS256") for name in "ab")
GOOD = answers.key_set(A)


def token(server: FaultyKeyServer, name: str, kid: str | None = None) -> str:
    """Return an access token that the key *name* has signed."""
    return foreign(iss=server.url, name=name, kid=kid or name, scope="notes:read")


#: What comes instead of a key set, by name.
FAULTS: dict[str, Answer] = {
    "HTML": answers.html(),
    "20 MB": answers.huge(GOOD),
    "20 MB in chunks": answers.chunked(GOOD, answers.HUGE),
    "a redirect": answers.redirect("/elsewhere"),
    "no keys": answers.key_set(),
    "no key set": answers.document([A]),
    "half of the JSON": answers.broken_json(),
    "two keys of one name": answers.key_set(A, {**B, "kid": "a"}),
    "a private key": answers.key_set(answers.private_jwk(rsa_key("a"), "a", "RS256")),
    "a symmetric key": answers.key_set(answers.symmetric_jwk("a")),
    "fewer bytes than promised": answers.cut_short(GOOD),
    "more bytes than promised": answers.longer_than_said(GOOD),
    "gzip": answers.compressed(GOOD),
    "status 500": answers.failure(),
    "a closed connection": answers.closed,
    "no HTTP": answers.no_http,
}
#: Faults that are noticed by the clock alone: they would take twenty seconds.
SLOW: dict[str, Answer] = {
    "byte by byte": answers.drip(GOOD),
    "header by header": answers.drip_headers(GOOD),
    "nothing": answers.held(GOOD),
}
EVERY = [
    *[pytest.param(answer, id=name) for name, answer in FAULTS.items()],
    *[pytest.param(answer, id=name, marks=pytest.mark.full) for name, answer in SLOW.items()],
]


@pytest.fixture
def server() -> Iterator[FaultyKeyServer]:
    """Return a server with good discovery, and a good key set where nothing should look for it."""
    with faulty_key_server() as server:
        server.script(DOCUMENT, answers.discovery(server.url, f"{server.url}/jwks"))
        server.script("/elsewhere", GOOD)
        yield server


def trusts(server: FaultyKeyServer, cafile: str | None = None) -> Flask:
    """Return an application without a key, which may fetch those of *server* from now on."""
    is_http = server.authority is None
    issuer = Issuer(server.url, audience=AUDIENCE, allow_http=is_http, cafile=cafile)
    return application(HasScope("notes:read"), issuers=(issuer,), own=False)[0]


@pytest.mark.parametrize("fault", EVERY)
def test_without_any_keys_it_is_503(server: FaultyKeyServer, fault: Answer) -> None:
    """KEY-5: whatever comes instead of a key set, it is 503, until a set comes."""
    server.script("/jwks", fault)
    app = trusts(server)

    answer = app.test_client().get("/", headers=bearer(token(server, "a")))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert server.count("/elsewhere") == 0
    server.script("/jwks", GOOD)
    # The next request may join a fetch that has used up its time, at its very end.
    wait_until(lambda: status(app, token(server, "a")) == 200)


@pytest.mark.parametrize("fault", EVERY)
def test_with_known_keys_their_tokens_are_let_in_as_before(
    server: FaultyKeyServer, fault: Answer
) -> None:
    """KEY-6: stale if error; the unknown key is fetched when the server is well again."""
    server.script("/jwks", GOOD, fault, answers.key_set(A, B))
    app = trusts(server)

    assert status(app, token(server, "a")) == 200
    assert status(app, token(server, "b")) == 401
    assert status(app, token(server, "a")) == 200
    assert server.count("/jwks") == 2
    wait_until(lambda: status(app, token(server, "b")) == 200)


def test_a_document_of_another_issuer_is_not_believed(server: FaultyKeyServer) -> None:
    """KEY-7."""
    url = server.script("/jwks", GOOD)
    server.script(DOCUMENT, answers.discovery("https://other.example", url))
    app = trusts(server)

    assert status(app, token(server, "a")) == 503
    assert server.count("/jwks") == 0
    server.script(DOCUMENT, answers.discovery(server.url, url))
    assert status(app, token(server, "a")) == 200


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"use": "enc"}, id="for encryption"),
        pytest.param({"kty": "AKP"}, id="of an unknown type"),
        pytest.param({"n": "AQAB"}, id="weak"),
        pytest.param({"d": "AQAB"}, id="private"),
    ],
)
def test_a_bad_key_never_breaks_a_good_one(server: FaultyKeyServer, other: dict[str, str]) -> None:
    """KEY-4."""
    server.script("/jwks", answers.key_set({**B, **other}, A))
    app = trusts(server)

    assert status(app, token(server, "a")) == 200
    assert status(app, token(server, "b")) == 401


def test_a_published_secret_signs_nothing(server: FaultyKeyServer) -> None:
    """KEY-4."""
    secret = answers.symmetric_jwk("s")
    server.script("/jwks", answers.key_set(secret, A))
    app = trusts(server)
    claims = pyjwt.decode(token(server, "a"), options={"verify_signature": False})
    headers = {"kid": "s", "typ": "at+jwt"}
    forged = pyjwt.encode(claims, pyjwt.PyJWK(secret), "HS256", headers)

    assert status(app, token(server, "a")) == 200
    assert status(app, forged) == 401


def test_the_key_of_another_name_is_not_tried(server: FaultyKeyServer) -> None:
    server.script("/jwks", answers.key_set(A, B))
    app = trusts(server)

    assert status(app, token(server, "b")) == 200
    assert status(app, token(server, "b", kid="a")) == 401


def test_a_fetch_under_way_stops_nobody_whose_key_is_known(server: FaultyKeyServer) -> None:
    """KEY-6: those who need the fetch share it."""
    server.script("/jwks", GOOD, answers.held(answers.key_set(A, B)))
    app = trusts(server)
    assert status(app, token(server, "a")) == 200

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(status, app, token(server, "b")) for _ in range(8)]
        server.wait_for("/jwks", 2)
        assert status(app, token(server, "a")) == 200
        server.gate.set()
        assert [answer.result() for answer in waiting] == [200] * 8
    assert server.count("/jwks") == 2


def test_unknown_keys_lead_to_three_fetches_in_a_row(server: FaultyKeyServer) -> None:
    """KEY-6."""
    server.script("/jwks", GOOD)
    app = trusts(server)
    unknown = [token(server, "b", kid=f"unknown {number}") for number in range(50)]

    assert {status(app, one) for one in unknown} == {401}
    assert server.count("/jwks") == 3
    assert server.count(DOCUMENT) == 1
    assert status(app, token(server, "a")) == 200


def test_a_token_of_nobody_leads_to_no_fetch(server: FaultyKeyServer) -> None:
    """KEY-7."""
    server.script("/jwks", GOOD)
    app = trusts(server)

    assert status(app, token(server, "a")) == 200
    assert status(app, foreign(iss="https://other.example", name="a", kid="a")) == 401
    assert (server.count(DOCUMENT), server.count("/jwks")) == (1, 1)


def test_a_server_of_ones_own_authority_is_trusted_by_its_certificate(tmp_path: Path) -> None:
    """KEY-5: https asks for nothing else; without the authority nothing is sent."""
    with faulty_key_server(tmp_path, host="localhost") as server:
        server.script(DOCUMENT, answers.discovery(server.url, server.script("/jwks", GOOD)))
        app, stranger = trusts(server, cafile=str(server.authority)), trusts(server)

        assert status(app, token(server, "a")) == 200
        assert status(stranger, token(server, "a")) == 503
        assert (server.count(DOCUMENT), server.count("/jwks")) == (1, 1)
