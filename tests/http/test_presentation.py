"""A check of a presented credential is asked wherever a token is about to count.

What is added here stands for a proof of possession: it needs a class, and a line that says which
endpoints have it.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from flask import Flask, Request, Response
from flask.testing import FlaskClient

from jwtpolicy import JWTManager, OptionalToken, current_token, protect
from jwtpolicy.app.components import Parts
from jwtpolicy.decision import Outcome
from jwtpolicy.exceptions import AccessError, InvalidClientError, NoTokenError, RateLimitedError
from jwtpolicy.guards.csrf import CSRFCheck
from jwtpolicy.guards.presentation import PresentationCheck
from jwtpolicy.tokens.token import Token
from jwtpolicy.transports import Places, Presented
from tests.support.applications import AppAndManager, MakeApp
from tests.support.clocks import StandingClock
from tests.support.cookies import add
from tests.support.requests import bearer


class ProofError(AccessError):
    """The header ``Proof`` is not that of the token."""

    code = 401
    error = "invalid_proof"
    description = "The proof is not that of the token."
    outcome = Outcome.INVALID_TOKEN
    has_challenge = True


class Proof(PresentationCheck):
    """A token comes with a header that repeats the end of it, and not too often."""

    scheme: ClassVar[str] = "DPoP"

    def judge(self, request: Request, token: Token, presented: Presented) -> None:
        proof = request.headers.get("Proof")
        if proof == "again":
            raise RateLimitedError(retry_after=7)
        if proof != presented.encoded[-8:]:
            raise ProofError(f"{presented.place.name} had no proof for {token.token_id}")


@pytest.fixture
def app_and_jwt(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> AppAndManager:
    """Return an application all of whose endpoints have the check beside their own."""
    made = Parts.checks

    def checks(parts: Parts, places: Places, *, csrf: bool) -> tuple[PresentationCheck, ...]:
        return (*made(parts, places, csrf=csrf), Proof())

    monkeypatch.setattr(Parts, "checks", checks)
    return make_app(token_location=["headers", "cookies"])


@pytest.fixture
def token(app: Flask, jwt: JWTManager[Any]) -> str:
    with app.app_context():
        return jwt.login("ada").access_token


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    add(app, "GET /page", protect()(lambda: "in"), "POST")
    return app.test_client()


def proof(token: str) -> dict[str, str]:
    return {"Proof": token[-8:]}


def test_a_token_that_passes_the_check_is_let_in(client: FlaskClient, token: str) -> None:
    response = client.get("/page", headers={**bearer(token), **proof(token)})

    assert (response.status_code, response.text) == (200, "in")


def test_a_refusal_is_challenged_in_the_scheme_of_the_check(
    client: FlaskClient, token: str
) -> None:
    response = client.get("/page", headers=bearer(token))

    assert (response.status_code, response.json["error"]) == (401, "invalid_proof")
    assert response.headers["WWW-Authenticate"] == (
        'DPoP realm="api", error="invalid_proof", '
        'error_description="The proof is not that of the token."'
    )


def test_what_the_check_does_not_refuse_is_challenged_as_ever(client: FlaskClient) -> None:
    response = client.get("/page")

    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_handler_that_forgets_the_headers_gets_the_scheme_back(
    app: Flask, client: FlaskClient, token: str
) -> None:
    app.register_error_handler(RateLimitedError, lambda _: ("later", 401))
    response = client.get("/page", headers={**bearer(token), "Proof": "again"})

    assert (response.text, response.headers["WWW-Authenticate"]) == ("later", 'DPoP realm="api"')


def test_what_is_not_about_the_token_answers_at_once(client: FlaskClient, token: str) -> None:
    response = client.get("/page", headers={**bearer(token), "Proof": "again"})

    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")


def test_so_it_does_where_a_logout_ends_a_token_that_was_overlooked(
    app: Flask, jwt: JWTManager[Any], client: FlaskClient, clock: StandingClock, token: str
) -> None:
    guard = protect(OptionalToken(ignore_invalid=True))
    add(app, "POST /out", guard(lambda: jwt.logout().as_response()))
    clock.advance(86_400)  # the token has expired

    response = client.post("/out", headers={**bearer(token), "Proof": "again"})
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")


def test_all_checks_of_an_endpoint_are_asked(
    app: Flask, jwt: JWTManager[Any], client: FlaskClient, token: str
) -> None:
    with app.app_context():
        csrf = {"X-CSRF-TOKEN": jwt.verify(token).csrf or ""}
    client.set_cookie("__Host-access_token", token)
    sent = [csrf, proof(token), {**csrf, **proof(token)}]

    assert [client.post("/page", headers=headers).status_code for headers in sent] == [
        401,
        403,
        200,
    ]


def test_an_endpoint_that_overlooks_bad_tokens_does_not_overlook_the_check(
    app: Flask, client: FlaskClient, token: str
) -> None:
    guard = protect(OptionalToken(ignore_invalid=True))
    add(app, "GET /open", guard(lambda: f"{current_token.subject}"))

    assert client.get("/open", headers=bearer(token)).status_code == 401
    assert client.get("/open", headers={**bearer(token), **proof(token)}).text == "ada"


def test_the_check_is_asked_where_a_view_enforces(
    app: Flask, jwt: JWTManager[Any], client: FlaskClient, token: str
) -> None:
    def view() -> str:
        jwt.enforce(OptionalToken())
        return f"{current_token.subject}"

    add(app, "GET /bare", view)

    assert client.get("/bare", headers=bearer(token)).status_code == 401
    assert client.get("/bare", headers={**bearer(token), **proof(token)}).text == "ada"


@pytest.mark.parametrize(("sent", "status"), [("", 401), ("again", 429), ("right", 204)])
def test_a_logout_ends_nothing_that_the_check_refuses(
    app: Flask, jwt: JWTManager[Any], client: FlaskClient, token: str, sent: str, status: int
) -> None:
    def logout() -> Response:
        return jwt.logout().as_response()

    add(app, "POST /logout", protect(OptionalToken())(logout))
    headers = {**bearer(token), "Proof": token[-8:] if sent == "right" else sent}

    assert client.post("/logout", headers=headers).status_code == status
    left = client.get("/page", headers={**bearer(token), **proof(token)})
    assert left.status_code == (401 if status == 204 else 200)


@pytest.mark.parametrize(
    ("location", "guard", "classes"),
    [
        pytest.param("headers", {}, [], id="plain headers pay nothing"),
        pytest.param("cookies", {}, [CSRFCheck], id="cookies"),
        pytest.param("cookies", {"csrf": False}, [], id="cookies without CSRF"),
        pytest.param("cookies", {"transports": "headers"}, [], id="headers beside cookies"),
    ],
)
def test_which_checks_an_endpoint_has_is_settled_when_the_application_is_bound(
    make_app: Any, location: str, guard: Any, classes: Any
) -> None:
    app, _ = make_app(token_location=list({"headers": 0, location: 0}))
    add(app, "POST /page", protect(**guard)(lambda: "in"))
    plan = app.extensions["jwtpolicy"].plan("/page", "POST")

    assert [type(check) for check in plan.checks] == classes


@pytest.mark.parametrize(
    ("error", "challenge"),
    [
        (NoTokenError(), 'Bearer realm="shop", resource_metadata="https://shop.test/meta"'),
        (InvalidClientError(), 'Basic realm="shop"'),
    ],
)
def test_the_metadata_of_the_resource_stand_beside_no_other_scheme(
    error: AccessError, challenge: str
) -> None:
    error.addressed("shop", "https://shop.test/meta")

    assert error.challenge == challenge
