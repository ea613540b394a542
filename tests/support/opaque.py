"""Offer a server that is asked about opaque tokens, and applications that ask it."""

from __future__ import annotations

import time
from typing import Any, Final

from flask import Flask

from jwtpolicy import IssuedBy, Issuer, Policy
from jwtpolicy.issuers.opaque_tokens import Introspection
from tests.support.faulty_key_server import FaultyKeyServer
from tests.support.issuers import AUDIENCE, application
from tests.support.key_answers import Reply, document

PATH: Final = "/introspect"
CLIENT: Final = "api"
CLIENT_SECRET: Final = "the secret of: the API & co."
#: A token that says nothing.
TOKEN: Final = "opaque-Zk3_9.token~1"


def introspection(url: str, **arguments: Any) -> Introspection:
    """Return how a server at *url* is asked."""
    given = {"client_id": CLIENT, "client_secret": CLIENT_SECRET, **arguments}
    return Introspection(url + PATH, **given)


def opaque_issuer(
    url: str, asked: Introspection | None = None, *, endpoint: str | None = None, **arguments: Any
) -> Issuer:
    """Return an issuer whose server is on loopback."""
    asked = asked or introspection(endpoint or url)
    given = {"audience": AUDIENCE, "requires_jti": False, "allow_http": True, **arguments}
    return Issuer(url, introspection=asked, **given)


def told(**claims: Any) -> dict[str, Any]:
    """Return what a server says of a token that is active; a claim of None is left out."""
    now = int(time.time())
    usual: dict[str, Any] = {
        "active": True,
        "token_type": "Bearer",
        "aud": AUDIENCE,
        "sub": "ada",
        "client_id": "web",
        "iat": now,
        "exp": now + 300,
    }
    return {name: value for name, value in {**usual, **claims}.items() if value is not None}


def active(**claims: Any) -> Reply:
    """Answer that the token is active."""
    return document(told(**claims))


INACTIVE: Final = document({"active": False})


def asking(server: FaultyKeyServer, *policies: Policy, **arguments: Any) -> Flask:
    """Return an application with a key of its own, and a view for tokens of *server*'s issuer."""
    issuer = opaque_issuer(server.url, **arguments)
    app, _ = application(*(policies or (IssuedBy(issuer),)), issuers=(issuer,))
    return app
