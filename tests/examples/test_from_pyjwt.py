"""Users of a decorator made of PyJWT, on the day when it is replaced."""

from __future__ import annotations

import os
import string
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jwt as pyjwt
import pytest
from flask.testing import FlaskClient

from tests.support.examples import SINGLE_FILES, run_example
from tests.support.requests import bearer


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return run_example(SINGLE_FILES["from_pyjwt"], tmp_path, monkeypatch)


@pytest.fixture
def client(example: ModuleType) -> FlaskClient:
    return example.app.test_client()


def old_token(secret: str | None = None, **changes: Any) -> str:
    claims = {"sub": "ada", "exp": int(time.time()) + 3600} | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return pyjwt.encode(kept, secret or os.environ["OLD_SECRET"], "HS256")


def exchange(client: Any, token: str) -> Any:
    return client.post("/auth/exchange", json={"token": token})


def test_an_old_token_is_exchanged_for_a_session(client: Any) -> None:
    pair = exchange(client, old_token()).json

    assert client.get("/who", headers=bearer(pair["access_token"])).text == "ada"
    assert client.get("/reports", headers=bearer(pair["access_token"])).json == ["A report"]
    refreshed = client.post("/auth/refresh", headers=bearer(pair["refresh_token"]))
    assert refreshed.status_code == 200


def test_an_old_token_itself_opens_nothing(client: Any) -> None:
    answer = client.get("/who", headers=bearer(old_token()))

    assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")


@pytest.mark.parametrize(
    "changes", [{"exp": 1}, {"exp": None}, {"secret": "x" * 48}, {"sub": "nobody"}]
)
def test_a_token_that_is_not_good_is_not_exchanged(client: Any, changes: dict[str, Any]) -> None:
    answer = exchange(client, old_token(**changes))

    assert (answer.status_code, answer.json["error"]) == (401, "invalid_credentials")


def test_a_login_with_the_password_is_fresh_and_an_exchange_is_not(client: Any) -> None:
    form = {"username": "ada", "password": os.environ["ADA_PASSWORD"]}
    pairs = [client.post("/auth/login", json=form).json, exchange(client, old_token()).json]
    options = {"verify_signature": False}

    claims = [pyjwt.decode(pair["access_token"], options=options) for pair in pairs]

    assert ["auth_time" in each for each in claims] == [True, False]


def test_a_user_without_the_role_sees_no_reports(client: Any, example: Any) -> None:
    example.ROLES.clear()
    pair = exchange(client, old_token()).json

    answer = client.get("/reports", headers=bearer(pair["access_token"]))

    assert (answer.status_code, answer.json["error"]) == (403, "access_denied")


def respelt(token: str) -> str:
    """Return *token* with another spelling of the same signature: its last bits mean nothing."""
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    return token[:-1] + letters[letters.index(token[-1]) ^ 1]


@pytest.mark.parametrize("spelt", [str, respelt])
def test_an_old_token_is_exchanged_once(client: Any, spelt: Callable[[str], str]) -> None:
    """Else a stolen one would open a new session after each logout and each new password."""
    old = old_token()
    assert exchange(client, old).status_code == 200
    assert exchange(client, old_token(note="another")).status_code == 200

    answer = exchange(client, spelt(old))

    assert (answer.status_code, answer.json["error"]) == (401, "invalid_credentials")


def test_a_role_that_was_taken_is_gone_after_the_refresh(client: Any, example: Any) -> None:
    pair = exchange(client, old_token()).json
    example.ROLES.clear()

    renewed = client.post("/auth/refresh", headers=bearer(pair["refresh_token"])).json

    answer = client.get("/reports", headers=bearer(renewed["access_token"]))
    assert (answer.status_code, answer.json["error"]) == (403, "access_denied")
