"""The example that slows guessing down."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.examples import running_example
from tests.support.requests import bearer


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    with running_example("limiter", tmp_path_factory) as module:
        yield module


@pytest.fixture
def client(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Return a client whose attempts are the first; no password costs anything but ada's."""
    module.limiter.reset()
    compare = module.check_password
    monkeypatch.setattr(module, "check_password", lambda *args: args[0] and compare(*args))
    return module.app.test_client()


def guess(client: Any, name: str, password: str = "wrong", address: str = "192.0.2.1") -> Any:
    form = {"username": name, "password": password}
    return client.post("/auth/login", data=form, headers={"X-Forwarded-For": address})


def test_the_sixth_guess_of_a_minute_is_refused_from_any_address(client: Any) -> None:
    answers = [guess(client, "eve", address=f"192.0.2.{number}") for number in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert answers[-1].json["error"] == "rate_limited"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60


def test_the_right_password_waits_too_and_others_do_not(client: Any) -> None:
    for _ in range(5):
        guess(client, "eve")

    assert guess(client, "eve", os.environ["ADA_PASSWORD"]).status_code == 429
    assert guess(client, "ada", os.environ["ADA_PASSWORD"]).status_code == 200


def test_one_address_may_not_try_many_accounts(client: Any) -> None:
    statuses = [guess(client, f"user{number}").status_code for number in range(21)]

    assert statuses == [401] * 20 + [429]
    assert guess(client, "user", address="192.0.2.2").status_code == 401


def test_an_address_that_a_client_has_made_up_does_not_count(client: Any) -> None:
    for number in range(20):
        guess(client, f"user{number}", address=f"203.0.113.{number}, 192.0.2.1")

    assert guess(client, "user", address="203.0.113.99, 192.0.2.1").status_code == 429


def test_a_step_up_counts_for_the_same_account(client: Any) -> None:
    pair = guess(client, "ada", os.environ["ADA_PASSWORD"]).json
    form = {"username": "ada", "password": "wrong"}
    headers = bearer(pair["access_token"])

    statuses = [
        client.post("/auth/step-up", data=form, headers=headers).status_code for _ in range(5)
    ]

    assert statuses == [401] * 4 + [429]
    assert guess(client, "ada").status_code == 429
