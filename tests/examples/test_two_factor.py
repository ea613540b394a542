"""The example of a code after the password."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient

from jwtpolicy.testing import act
from tests.support.examples import running_example
from tests.support.requests import bearer

ADA = "ada@shop.example"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    with running_example("two_factor", tmp_path_factory) as module:
        yield module


@pytest.fixture
def mails(example: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return what was sent: addresses and codes."""
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(example, "send_code", lambda *mail: sent.append(mail))
    return sent


@pytest.fixture
def client(example: ModuleType) -> FlaskClient:
    return example.app.test_client()


@pytest.fixture
def first(client: FlaskClient, mails: list[tuple[str, str]]) -> dict[str, str]:
    """Enter the password, and return the header with the token that asks for the code."""
    form = {"username": ADA, "password": os.environ["ADA_PASSWORD"]}
    return bearer(client.post("/login", data=form).json["code_token"])


def enter(client: Any, first: dict[str, str], code: str) -> Any:
    return client.post("/login/code", data={"code": code}, headers=first)


def test_the_right_code_opens_a_session_that_says_so(client: Any, first: Any, mails: Any) -> None:
    [(address, code)] = mails
    assert (address, len(code)) == (ADA, 6)

    pair = enter(client, first, code).json

    assert client.get("/salary", headers=bearer(pair["access_token"])).status_code == 200
    again = client.post("/auth/refresh", headers=bearer(pair["refresh_token"])).json
    assert client.get("/salary", headers=bearer(again["access_token"])).status_code == 200


def test_a_wrong_password_gets_no_code(client: Any, mails: Any) -> None:
    for name in (ADA, "eve@shop.example"):
        answer = client.post("/login", data={"username": name, "password": "wrong"})
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_credentials")
    assert mails == []


def test_the_password_alone_opens_nothing(client: Any, first: Any) -> None:
    assert client.get("/salary", headers=first).status_code == 401
    assert client.get("/auth/sessions", headers=first).status_code == 401


def test_a_code_works_once(client: Any, first: Any, mails: Any) -> None:
    [(_, code)] = mails

    assert [enter(client, first, code).status_code for _ in range(2)] == [200, 401]


@pytest.mark.parametrize(("guesses", "status"), [(4, 200), (5, 401)])
def test_after_five_wrong_codes_the_right_one_is_refused(
    client: Any, first: Any, mails: Any, guesses: int, status: int
) -> None:
    for guess in ["", "é", "123", "1" * 7, "code"][:guesses]:
        assert enter(client, first, guess).json["error"] == "invalid_credentials"

    assert enter(client, first, mails[0][1]).status_code == status


@pytest.mark.parametrize(("seconds", "status"), [(290, 200), (320, 401)])
def test_there_are_five_minutes_for_the_code(
    example: ModuleType, first: Any, mails: Any, seconds: int, status: int
) -> None:
    late = act(example.app)

    with late.clock:
        late.wait(seconds)
        assert enter(late, first, mails[0][1]).status_code == status


def test_a_code_is_good_for_the_login_that_asked_for_it_alone(
    client: Any, example: ModuleType, first: Any, mails: Any
) -> None:
    with example.app.app_context():
        other = bearer(example.jwt.issue(ADA, kind="password_passed"))

    for code in (mails[0][1], ""):
        assert enter(client, other, code).status_code == 401
    assert enter(client, first, mails[0][1]).status_code == 200


def test_a_session_without_a_code_is_asked_for_one(client: Any, example: ModuleType) -> None:
    with example.app.app_context():
        pair = example.jwt.login(ADA)

    answer = client.get("/salary", headers=bearer(pair.access_token))

    assert answer.status_code == 401
    assert 'acr_values="two-factor"' in answer.headers["WWW-Authenticate"]


def test_a_new_password_ends_the_login_that_waits_for_its_code(
    client: Any, example: ModuleType, first: Any, mails: Any
) -> None:
    with example.app.app_context():
        pair = example.jwt.login(ADA)
    with example.app.test_request_context(headers=bearer(pair.access_token)):
        example.jwt.enforce(example.Fresh(within=300))
        example.jwt.revoke_other_sessions()

    assert enter(client, first, mails[0][1]).status_code == 401
