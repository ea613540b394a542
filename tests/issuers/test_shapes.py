"""Of the tokens that providers sign, the access tokens for this API pass, and no other.

Accepting by issuer and audience alone would take ID tokens, logout tokens and security events, too.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from jwtpolicy import IssuedBy, current_token, protect
from tests.support.issuers import application
from tests.support.token_shapes import (
    API,
    ENTRA_API,
    ISSUERS,
    POOL_CLIENT,
    SHAPES,
    Meaning,
    Shape,
    accepted_shapes,
)

ACCEPTED = [*accepted_shapes()]


def trusting(*urls: str) -> Flask:
    """Return an application that trusts these issuers, and shows what it reads of their tokens."""
    app, _ = application(issuers=tuple(ISSUERS[url]() for url in urls))

    @app.get("/meaning")
    @protect(IssuedBy(*urls))
    def meaning() -> dict[str, Any]:
        return {
            "subject": current_token.subject,
            "scopes": sorted(current_token.scopes),
            "roles": current_token.claims.get("roles"),
            "is_machine": current_token.is_machine,
        }

    return app


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return trusting(*ISSUERS).test_client()


@pytest.fixture(scope="module")
def clients() -> dict[str, FlaskClient]:
    """Return clients of applications that trust one issuer each."""
    return {url: trusting(url).test_client() for url in ISSUERS}


def answer(client: FlaskClient, encoded: str) -> tuple[int, Any]:
    response = client.get("/meaning", headers={"Authorization": f"Bearer {encoded}"})
    return response.status_code, response.get_json()


def read(found: dict[str, Any]) -> Meaning:
    roles = None if found["roles"] is None else tuple(found["roles"])
    return Meaning(found["subject"], tuple(found["scopes"]), roles, found["is_machine"])


@pytest.mark.parametrize("shape", ACCEPTED, ids=lambda shape: shape.name)
def test_an_access_token_for_this_api_is_accepted_and_read(
    shape: Shape, client: FlaskClient
) -> None:
    """AT-1, KEY-7."""
    status, found = answer(client, shape.encoded())

    assert (status, read(found)) == (200, shape.meaning)


@pytest.mark.parametrize(
    "shape", [one for one in SHAPES if one.meaning is None], ids=lambda shape: shape.name
)
def test_any_other_token_of_a_provider_is_refused(shape: Shape, client: FlaskClient) -> None:
    """CLAIM-6, CLAIM-7."""
    status, found = answer(client, shape.encoded())

    assert (status, found["error"]) == (401, "invalid_token")


def test_of_the_good_ones_only_the_one_without_a_subject_is_refused() -> None:
    refused = [shape.name for shape in SHAPES if shape.is_good and shape.meaning is None]

    assert refused == ["Keycloak lightweight access token, which names no subject"]
    assert [shape.name for shape in ACCEPTED if not shape.is_good] == []


@pytest.mark.parametrize("url", ISSUERS)
def test_no_token_of_a_provider_is_one_of_another(
    url: str, clients: dict[str, FlaskClient]
) -> None:
    """KEY-7. The key and its ``kid`` are the same everywhere: ``iss`` alone tells them apart."""
    others = [shape for shape in SHAPES if shape.issuer != url]

    assert {answer(clients[url], shape.encoded())[0] for shape in others} == {401}


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://other.example", "client_id": "other"},
        {"aud": None, "client_id": None},
        {"aud": [], "client_id": "other"},
        {"aud": 5},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"iat": 253_402_300_000},
        {"nbf": 253_402_300_000},
        {"nonce": "n"},
        {"events": {}},
        {"cnf": {}},
        {"typ": "ID"},
        {"typ": 5},
        {"token_use": "id"},
        {"sub": None, "uid": None},
        {"sub": "", "uid": ""},
        {"sub": 7, "uid": 7},
        {"iss": "https://nobody.example"},
    ],
    ids=str,
)
def test_an_accepted_token_with_one_wrong_claim_is_refused(
    changes: dict[str, Any], client: FlaskClient
) -> None:
    """CLAIM-7, CLAIM-9."""
    passing = [shape for shape in ACCEPTED if answer(client, shape.encoded(**changes))[0] != 401]

    assert passing == []


@pytest.mark.parametrize("typ", ["logout+jwt", "secevent+jwt", "dpop+jwt", "id+jwt", "jose"])
def test_an_accepted_token_with_another_media_type_is_refused(
    typ: str, client: FlaskClient
) -> None:
    """CLAIM-7."""
    changed = [Shape(one.name, one.issuer, one.claims, typ) for one in ACCEPTED]

    assert {answer(client, shape.encoded())[0] for shape in changed} == {401}


#: What each provider writes as the audience of this API, or as its listed client.
ADDRESSES = {API, "orders-api", POOL_CLIENT, ENTRA_API, f"api://{ENTRA_API}", "api://default"}


def is_addressed(shape: Shape) -> bool:
    """Whether a shape has the right issuer and audience, which is all that many services check."""
    claims = shape.payload()
    audience = claims.get("aud", claims.get("client_id"))
    held = {audience} if isinstance(audience, str) else set(audience)
    return claims["iss"] == shape.issuer and not ADDRESSES.isdisjoint(held)


def test_issuer_and_audience_alone_would_accept_every_second_wrong_one() -> None:
    wrong = [shape for shape in SHAPES if not shape.is_good]
    passing = [shape for shape in wrong if is_addressed(shape)]

    assert len(passing) > len(wrong) / 2


def test_the_header_of_rfc9068_alone_would_refuse_most_good_ones() -> None:
    all_good = [shape for shape in SHAPES if shape.is_good]
    typed = [shape for shape in all_good if "at+jwt" in str(shape.typ).lower()]

    assert len(typed) < len(all_good) / 2
