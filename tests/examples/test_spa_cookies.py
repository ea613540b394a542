"""What the server of the example answers to its page; a browser uses both in tests/browser."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.cookies import csrf_of
from tests.support.examples import SINGLE_FILES, run_example


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    return run_example(SINGLE_FILES["spa_cookies"], tmp_path, monkeypatch).app.test_client()


def log_in(client: Any, password: str | None = None) -> Any:
    form = {"username": "ada", "password": password or os.environ["ADA_PASSWORD"]}
    return client.post("/auth/login", json=form)


def test_the_body_of_a_login_holds_no_token(client: Any) -> None:
    answer = log_in(client)

    assert answer.status_code == 200
    assert "access_token" not in answer.json
    assert client.get("/api/notes").json == ["Buy bread."]


def test_a_wrong_password_opens_nothing(client: Any) -> None:
    assert log_in(client, "wrong").json["error"] == "invalid_credentials"
    assert client.get("/api/notes").json["error"] == "token_required"


def test_a_change_needs_the_csrf_value(client: Any) -> None:
    log_in(client)
    note = {"text": "Buy milk."}

    assert client.post("/api/notes", json=note).json["error"] == "csrf_failed"
    assert client.post("/api/notes", json=note, headers=csrf_of(client)).json[1] == "Buy milk."


def test_the_page_is_for_everybody(client: Any) -> None:
    with client.get("/") as answer:
        assert "<h1>Notes</h1>" in answer.text


@pytest.mark.parametrize("body", [[], None, 3, "text", {}, {"text": ["a"]}, {"text": None}])
def test_a_body_that_the_page_never_sends_is_the_clients_fault(client: Any, body: Any) -> None:
    log_in(client)

    sent = {"data": json.dumps(body), "content_type": "application/json"}

    answer = client.post("/api/notes", **sent, headers=csrf_of(client))

    assert answer.status_code == 400
    assert client.get("/api/notes").json == ["Buy bread."]
