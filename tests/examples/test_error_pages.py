"""People get pages and programs get JSON, and both get the challenge."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.examples import running_example

#: How a browser asks for a page.
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FORM = {"username": "ada", "password": "lovelace"}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with running_example("error_pages", tmp_path_factory, ADA_PASSWORD=FORM["password"]) as example:
        yield example


@pytest.fixture
def client(example: ModuleType) -> FlaskClient:
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


@pytest.mark.parametrize(("site", "status"), [("same-origin", 303), ("cross-site", 403)])
def test_the_page_of_another_site_logs_nobody_in(client: Any, site: str, status: int) -> None:
    answer = client.post("/login", data=FORM, headers={"Sec-Fetch-Site": site})

    assert (answer.status_code, "Set-Cookie" in answer.headers) == (status, status == 303)
