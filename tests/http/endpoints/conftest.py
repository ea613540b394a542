"""Offer an application that has all the ready-made endpoints, and people who log in there."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from jwtpolicy import current_token, protect
from jwtpolicy.endpoints import auth_blueprint
from tests.support.applications import MakeApp
from tests.support.endpoints import CLIENT_SECRET, Mount, authenticate


@pytest.fixture
def mount(make_app: MakeApp) -> Mount:
    """Return a factory of test clients; keywords are settings, ``auth`` those of the blueprint."""

    def make(auth: dict[str, Any] | None = None, **settings: Any) -> FlaskClient:
        app, _ = make_app(**settings)
        arguments: dict[str, Any] = {
            "endpoints": (
                ["login", "refresh", "step_up", "logout", "sessions", "revoke", "introspect"]
            ),
            "clients": {"gateway": CLIENT_SECRET},
            **(auth or {}),
        }
        app.register_blueprint(auth_blueprint(arguments.pop("by", authenticate), **arguments))
        app.get("/me")(protect(lambda: current_token.subject))
        return app.test_client()

    return make


@pytest.fixture
def site(mount: Mount) -> FlaskClient:
    """Return a client of an application that takes tokens in headers."""
    return mount()


@pytest.fixture
def pages(mount: Mount) -> FlaskClient:
    """Return a client, with a jar, of an application that takes tokens in cookies."""
    return mount(token_location=["cookies"], cookie_secure=True)
