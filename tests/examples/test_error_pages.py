"""People get pages and programs get JSON, and both get the challenge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.examples import SINGLE_FILES, run_example

#: How a browser asks for a page.
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FORM = {"name": "ada", "password": "lovelace"}


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    path = SINGLE_FILES["error_pages"]
    example = run_example(path, tmp_path, monkeypatch, ADA_PASSWORD=FORM["password"])
    return example.app.test_client()


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, {"Accept": "application/json"}])
@pytest.mark.parametrize(
    ("path", "status", "code"), [("/report", 401, "token_required"), ("/nowhere", 404, "not_found")]
)
def test_a_program_gets_json(
    client: Any, headers: dict[str, str], path: str, status: int, code: str
) -> None:
    answer = client.get(path, headers=headers)

    assert (answer.status_code, answer.json["error"]) == (status, code)
    assert set(answer.json) == {"error", "error_description"}
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize(("path", "status"), [("/report", 401), ("/nowhere", 404)])
def test_a_browser_gets_a_page_with_a_form_where_it_has_to_log_in(
    client: Any, path: str, status: int
) -> None:
    answer = client.get(path, headers=BROWSER)

    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert ("<form" in answer.text) is (status == 401)
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize("headers", [{}, BROWSER])
def test_whoever_asks_gets_what_the_headers_say(client: Any, headers: dict[str, str]) -> None:
    refused = client.get("/report", headers=headers)

    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert refused.headers["Cache-Control"] == "no-store"
    assert "GET" in client.post("/report", headers=headers).headers["Allow"]


@pytest.mark.parametrize(("password", "status"), [("lovelace", 403), ("guessed", 401)])
def test_the_form_logs_in_and_the_page_of_a_403_has_no_form(
    client: Any, password: str, status: int
) -> None:
    client.post("/login", data={**FORM, "password": password})

    answer = client.get("/report", headers=BROWSER)

    assert (answer.status_code, "<form" in answer.text) == (status, status == 401)
