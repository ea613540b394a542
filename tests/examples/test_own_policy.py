"""Payments are approved by a second person, and the big ones by a director."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from flask import Flask

from jwtpolicy.testing import act, anonymous, assert_policy
from tests.support.examples import running_example
from tests.support.paths import DOCS
from tests.support.requests import bearer

PAGE = (DOCS / "howto/own-policy.rst").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with running_example("own_policy", tmp_path_factory, ADA_PASSWORD="lovelace") as example:
        yield example


@pytest.fixture
def app(example: ModuleType) -> Flask:
    return example.app


@pytest.mark.parametrize(
    ("number", "ada", "bob"), [(1, 403, 200), (2, 200, 403), (3, 403, 403), (4, 404, 404)]
)
def test_who_may_approve_a_payment(app: Any, number: int, ada: int, bob: int) -> None:
    expected = {anonymous: 401, "ada": ada, "bob": bob}

    assert_policy(app, "POST", f"/payments/{number}/approval", expected)


@pytest.mark.parametrize("line", re.findall(r"^   (assert_policy\(.*)", PAGE, re.MULTILINE))
def test_the_tables_of_the_page_hold(app: Any, line: str) -> None:
    eval(line, {"app": app, "anonymous": anonymous, "assert_policy": assert_policy})


def test_the_log_says_why_as_the_page_shows(app: Any, caplog: pytest.LogCaptureFixture) -> None:
    [shown] = re.findall(r"^   (POST approve: .*) \(jti='02ae…'\)$", PAGE, re.MULTILINE)
    caplog.set_level(logging.INFO, "jwtpolicy")

    answer = act(app).as_user("bob").post("/payments/3/approval")

    assert answer.json["error"] == "access_denied"
    assert "1000" not in answer.text
    assert re.sub(r" \(jti=.*\)$", "", caplog.messages[-1]) == shown


def test_a_director_logs_in_and_approves_a_payment(app: Any) -> None:
    form = {"username": "ada", "password": "lovelace"}
    client = app.test_client()
    token = client.post("/auth/login", data=form).json["access_token"]

    answer = client.post("/payments/2/approval", headers=bearer(token))

    assert answer.json["approved_by"] == "ada"


def test_a_role_that_was_taken_is_gone_after_the_refresh(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.test_client()
    pair = client.post("/auth/login", data={"username": "ada", "password": "lovelace"}).json
    monkeypatch.setitem(sys.modules["own_policy"].ROLES, "ada", [])

    renewed = client.post("/auth/refresh", headers=bearer(pair["refresh_token"])).json

    answer = client.post("/payments/2/approval", headers=bearer(renewed["access_token"]))
    assert (answer.status_code, answer.json["error"]) == (403, "access_denied")
