"""Opaque tokens of servers that answer for real: npm's oidc-provider, and our own view."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from jwtpolicy import HasScope, IssuedBy, Issuer, JWTManager, current_token, protect
from jwtpolicy.endpoints import IntrospectionView
from jwtpolicy.issuers.opaque_tokens import Introspection
from tests.services.oidc_provider import MACHINE, OPAQUE, Provider
from tests.support.applications import SECRET
from tests.support.authorization_code import log_in
from tests.support.issuers import AUDIENCE, application, status
from tests.support.opaque import CLIENT, CLIENT_SECRET
from tests.support.requests import bearer


def asks(provider: Provider, **arguments: Any) -> Flask:
    """Return an application that asks the provider about its tokens."""
    name, secret = MACHINE
    given: dict[str, Any] = {"client_id": name, "client_secret": secret, **arguments}
    issuer = Issuer(
        provider.issuer,
        audience=OPAQUE,
        requires_jti=False,
        allow_http=True,
        machine_when=lambda header, claims: "sub" not in claims,
        introspection=Introspection(f"{provider.issuer}/token/introspection", **given),
    )
    app, _ = application(IssuedBy(issuer) & HasScope("notes:read"), issuers=(issuer,))

    @app.get("/who")
    @protect(IssuedBy(issuer))
    def who() -> dict[str, object]:
        return {"subject": current_token.subject, "is_machine": current_token.is_machine}

    return app


def who(app: Flask, token: str) -> object:
    """Return whom the application takes the bearer of *token* for."""
    return app.test_client().get("/who", headers=bearer(token)).json


def test_a_machine_is_let_in(provider: Provider) -> None:
    app, token = asks(provider), provider.token(OPAQUE)

    assert "." not in token
    assert status(app, token) == 200
    assert who(app, token) == {"subject": "machine", "is_machine": True}


def test_a_person_is_let_in_by_the_access_token_alone(provider: Provider) -> None:
    app, tokens = asks(provider), log_in(provider, OPAQUE, "shop-ES256")

    assert status(app, tokens.access) == 200
    assert who(app, tokens.access) == {"subject": "ada", "is_machine": False}
    assert status(app, tokens.identity) == 401


@pytest.mark.parametrize(
    "token", ["unknown", "eyJhbGciOiJkaXIifQ.a.b.c.d", "eyJhbGciOiJFUzI1NiJ9.e30", "a=="]
)
def test_a_token_that_the_provider_does_not_know_is_refused(
    provider: Provider, token: str
) -> None:
    app = asks(provider)

    assert status(app, token) == 401
    assert status(app, provider.token(OPAQUE)) == 200


def test_a_scope_that_was_not_given_is_missing(provider: Provider) -> None:
    assert status(asks(provider), provider.token(OPAQUE, scope="notes:write")) == 403


def test_a_wrong_secret_is_told_to_the_log_alone(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    app = asks(provider, client_secret="a wrong secret")

    assert status(app, provider.token(OPAQUE)) == 503
    assert "it answers 401 to the client 'machine'; see client_id=" in caplog.text
    assert "a wrong secret" not in caplog.text


class Telling(IntrospectionView):
    clients = {CLIENT: CLIENT_SECRET * 2}  # noqa: RUF012 # as applications write it


@pytest.fixture
def own() -> Iterator[tuple[str, str]]:
    """Return the address of our own introspection view, and a token that it knows.

    The token is a JWT, of which the first dot is left out for those who must not read it.
    """
    app = Flask("telling")
    app.config.update(
        TESTING=True,
        JWT_SECRET_KEY=SECRET,
        JWT_STORE_URL="memory://",
        JWT_ENCODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_AUDIENCE=AUDIENCE,
    )
    jwt = JWTManager[Any](app)
    app.add_url_rule("/introspect", view_func=Telling.as_view("introspect"))
    with app.app_context():
        token = jwt.issue("ada", scope="notes:read")

    def joined(environ: dict[str, Any], start: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = __import__("io").BytesIO(body)
        return app.wsgi_app(environ, start)

    server = make_server("127.0.0.1", 0, joined, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.port}", token
    finally:
        server.shutdown()
        server.server_close()
