"""Log in at the ready-made endpoints, and use what comes."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash

from jwtpolicy.endpoints import PasswordCheck
from tests.support.requests import bearer

#: The fixture ``mount``; keywords are settings, but ``auth``, which holds the blueprint's.
Mount = Callable[..., FlaskClient]

#: Where secure cookies are sent.
HTTPS = {"base_url": "https://localhost"}

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
    answer = pages.post("/auth/login", data=form(name), **HTTPS)
    assert answer.status_code == 200
