"""The example that asks for the password before a deletion."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from jwtpolicy.testing import ActingClient, act
from tests.support.examples import running_example

#: How a browser asks for a page.
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    with running_example("step_up", tmp_path_factory) as module:
        yield module


@pytest.fixture
def ada(example: ModuleType) -> Iterator[ActingClient]:
    """Return a client of ada, who logged in ten minutes ago."""
    client = act(example.app).as_user("ada")
    with client.clock:
        client.wait(600)
        yield client


def confirm(client: Any, username: str = "ada", password: str = "") -> Any:
    fields = {"username": username, "password": password or os.environ["ADA_PASSWORD"]}
    return client.post("/auth/step-up", data=fields, headers=PAGE)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_old_login_is_led_to_the_password(ada: Any, example: ModuleType, method: str) -> None:
    answer = ada.open("/account/delete", method=method, headers=PAGE)

    assert (answer.status_code, answer.location) == (303, "/auth/step-up")
    assert "ada" in example.HASHES
    assert 'value="ada"' in ada.get(answer.location, headers=PAGE).text


def test_a_program_is_told_what_would_help(ada: Any) -> None:
    answer = ada.post("/account/delete")

    assert answer.status_code == 401
    assert answer.json["error"] == "insufficient_user_authentication"
    assert 'max_age="300"' in answer.headers["WWW-Authenticate"]


def test_the_password_leads_back_and_lets_the_account_be_deleted(
    ada: Any, example: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(example.HASHES, "ada", example.HASHES["ada"])  # back after the test
    confirmed = confirm(ada)
    assert (confirmed.status_code, confirmed.location) == (303, "/account/delete")
    assert "Delete the account ada?" in ada.get(confirmed.location, headers=PAGE).text
    assert "ada" in example.HASHES

    assert ada.post("/account/delete", headers=PAGE).status_code == 200

    assert "ada" not in example.HASHES
    assert ada.get("/account/delete").status_code == 401


@pytest.mark.parametrize("fields", [{"password": "wrong"}, {"username": "bob"}])
def test_wrong_credentials_are_told_in_the_form(ada: Any, fields: dict[str, str]) -> None:
    answer = confirm(ada, **fields)

    assert answer.status_code == 401
    assert "Wrong password." in answer.text
    assert ada.get("/account/delete").status_code == 401


def test_after_five_minutes_the_password_is_asked_for_again(ada: Any) -> None:
    confirm(ada)
    ada.wait(290)
    assert ada.get("/account/delete").status_code == 200

    ada.wait(20)

    assert ada.get("/account/delete").status_code == 401


def test_both_forms_need_the_csrf_value(ada: Any) -> None:
    assert ada.post("/auth/step-up", data={"password": "x"}, csrf=False).status_code == 403
    assert ada.post("/account/delete", csrf=False).status_code == 403


def test_of_two_deletions_at_the_same_time_neither_is_an_error(
    ada: Any, example: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirm(ada)
    monkeypatch.delitem(example.HASHES, "ada")  # the other one was quicker

    assert ada.post("/account/delete").status_code == 200
