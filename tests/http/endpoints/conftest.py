"""Offer an application that has all the ready-made endpoints, and people who log in there."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager, current_token, protect
from jwtpolicy.endpoints import PasswordCheck, auth_blueprint
from tests.conftest import bearer

#: The secret of the client "gateway".
CLIENT_SECRET = secrets.token_urlsafe(32)

PASSWORDS = {"ada": "lovelace", "bob": "builder"}


def cheap(password: str) -> str:
    return generate_password_hash(password, "pbkdf2:sha256:1")


HASHES = {name: cheap(password) for name, password in PASSWORDS.items()}
check = PasswordCheck(cheap)


def authenticate(credentials: Any) -> str | None:
    name = credentials["username"]
    return name if check(HASHES.get(name), credentials["password"]) else None


def form(name: str = "ada", password: str | None = None) -> dict[str, str]:
    """Return the fields of a login."""
    return {"username": name, "password": password or PASSWORDS[name]}


Made = tuple[Flask, JWTManager[Any]]


@pytest.fixture
def mount(make_app: Callable[..., Made]) -> Callable[..., Any]:
    """Return a factory of test clients; keywords are settings, ``auth`` those of the blueprint."""

    def make(auth: dict[str, Any] | None = None, **settings: Any) -> Any:
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
def site(mount: Callable[..., Any]) -> Any:
    """Return a client of an application that takes tokens in headers."""
    return mount()


@pytest.fixture
def pages(mount: Callable[..., Any]) -> Any:
    """Return a client, with a jar, of an application that takes tokens in cookies."""
    return mount(token_location=["cookies"], cookie_secure=True)


def log_in(site: Any, name: str = "ada", **headers: str) -> dict[str, Any]:
    """Log in by header; return the pair."""
    answer = site.post("/auth/login", data=form(name), headers=headers)
    assert answer.status_code == 200
    pair: dict[str, Any] = answer.json
    return pair


def access_of(pair: dict[str, Any]) -> dict[str, str]:
    return bearer(pair["access_token"])


def refresh_of(pair: dict[str, Any]) -> dict[str, str]:
    return bearer(pair["refresh_token"])


def cookie_log_in(pages: Any, name: str = "ada") -> None:
    """Log in by cookie; the jar keeps what came."""
    answer = pages.post("/auth/login", data=form(name), base_url="https://localhost")
    assert answer.status_code == 200


def csrf_of(pages: Any, kind: str = "access") -> dict[str, str]:
    """Return the header that a script of the page would send."""
    cookie = pages.get_cookie(f"__Host-csrf_{kind}")
    return {"X-CSRF-TOKEN": cookie.value}


#: Where secure cookies are sent.
HTTPS = {"base_url": "https://localhost"}
