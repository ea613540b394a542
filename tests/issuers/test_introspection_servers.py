"""Opaque tokens of servers that answer for real: npm's oidc-provider, and our own view."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from flask import Flask
from werkzeug.serving import make_server

from jwtpolicy import HasScope, IssuedBy, Issuer, JWTManager, current_token, protect
from jwtpolicy.endpoints import IntrospectionView
from jwtpolicy.issuers.opaque_tokens import Introspection
from tests.services.oidc_provider import OPAQUE, Provider
from tests.services.redis import wait_until
from tests.support.applications import SECRET
from tests.support.authorization_code import log_in
from tests.support.issuers import AUDIENCE, application, status
from tests.support.opaque import CLIENT, CLIENT_SECRET, PATH, introspection, opaque_issuer
from tests.support.requests import bearer

#: The API, which is the client that asks, too.
API = OPAQUE[0]


def asks(provider: Provider, **arguments: Any) -> Flask:
    """Return an application that asks the provider about its tokens."""
    given: dict[str, Any] = {"client_id": API, "client_secret": OPAQUE[1], **arguments}
    issuer = Issuer(
        provider.issuer,
        audience=API,
        requires_jti=False,
        allow_http=True,
        machine_when=lambda header, claims: "sub" not in claims,
        introspection=Introspection(provider.introspection, **given),
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
    app, token = asks(provider), provider.token(API)

    assert "." not in token
    assert status(app, token) == 200
    assert who(app, token) == {"subject": "machine", "is_machine": True}


def test_a_person_is_let_in_by_the_access_token_alone(provider: Provider) -> None:
    app, tokens = asks(provider), log_in(provider, API, "shop-ES256")

    assert status(app, tokens.access) == 200
    assert who(app, tokens.access) == {"subject": "ada", "is_machine": False}
    assert status(app, tokens.identity) == 401


@pytest.mark.parametrize(
    "token", ["unknown", "eyJhbGciOiJkaXIifQ.a.b.c.d", "eyJhbGciOiJFUzI1NiJ9.e30", "a=="]
)
def test_a_token_that_the_provider_does_not_know_is_refused(provider: Provider, token: str) -> None:
    app = asks(provider)

    assert status(app, token) == 401
    assert status(app, provider.token(API)) == 200


def test_a_scope_that_was_not_given_is_missing(provider: Provider) -> None:
    assert status(asks(provider), provider.token(API, scope="notes:write")) == 403


def test_a_token_that_was_revoked_there_is_refused_at_once_without_a_cache(
    provider: Provider,
) -> None:
    cached, app = asks(provider), asks(provider, cache_seconds=0)
    token = provider.token(API)
    assert [status(one, token) for one in (cached, app)] == [200, 200]

    provider.revoke(token)

    assert [status(one, token) for one in (cached, app)] == [200, 401]


def test_a_provider_that_is_gone_is_503_and_found_again(own_provider: Provider) -> None:
    app = asks(own_provider)
    assert status(app, own_provider.token(API)) == 200

    own_provider.kill()
    assert status(app, "unknown") == 503
    own_provider.start()

    wait_until(lambda: status(app, "unknown") == 401)


def test_a_wrong_secret_is_told_to_the_log_alone(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    app = asks(provider, client_secret="a wrong secret")

    assert status(app, provider.token(API)) == 503
    assert (
        "it answers 401 to the client 'https://api.example/opaque'; see client_id=" in caplog.text
    )
    assert "a wrong secret" not in caplog.text


class Telling(IntrospectionView):
    clients = {CLIENT: CLIENT_SECRET * 2}  # noqa: RUF012 # as applications write it


class Handles:
    """Our own view as the server, for clients who get a handle instead of each JWT."""

    def __init__(self) -> None:
        app = Flask("telling")
        app.config.update(
            TESTING=True,
            JWT_SECRET_KEY=SECRET,
            JWT_STORE_URL="memory://",
            JWT_ENCODE_AUDIENCE=AUDIENCE,
        )
        self._jwt = JWTManager[Any](app)
        app.add_url_rule(PATH, view_func=Telling.as_view("introspect"))
        self._app = app
        self._tokens: dict[str, str] = {}

    def handle(self, **claims: Any) -> str:
        """Return a handle of a new token."""
        with self._app.app_context():
            token = self._jwt.issue("ada", **{"claims": {"client_id": "web"}, **claims})
        handle = f"handle-{len(self._tokens)}"
        self._tokens[handle] = token
        return handle

    def revoke(self, handle: str) -> None:
        with self._app.app_context():
            self._jwt.revoke(self._tokens[handle])

    def __call__(self, environ: Any, start: Any) -> Iterable[bytes]:
        form = dict(parse_qsl(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()))
        form["token"] = self._tokens.get(form["token"], form["token"])
        body = urlencode(form).encode()
        return self._app(
            environ | {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}, start
        )


@pytest.fixture
def handles() -> Iterator[tuple[Handles, str]]:
    """Return our own server, and its address."""
    handles = Handles()
    server = make_server("127.0.0.1", 0, handles, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield handles, f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_our_own_view_answers_what_our_own_client_asks(handles: tuple[Handles, str]) -> None:
    tokens, url = handles
    asked = introspection(url, client_secret=CLIENT_SECRET * 2, cache_seconds=0)
    issuer = opaque_issuer(url, asked, requires_jti=True)
    app, _ = application(IssuedBy(issuer) & HasScope("notes:read"), issuers=(issuer,))
    good, poor = tokens.handle(scope="notes:read"), tokens.handle(scope="notes:write")

    assert [status(app, one) for one in (good, poor, "unknown")] == [200, 403, 401]
    tokens.revoke(good)
    assert status(app, good) == 401
