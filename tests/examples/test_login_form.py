"""The example of a login page that returns to where one was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

from jwtpolicy.testing import act
from tests.support.examples import SINGLE_FILES, run_example, running_example

#: How a browser asks for a page.
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    with running_example("login_form", tmp_path_factory) as module:
        yield module


@pytest.fixture
def client(example: ModuleType) -> FlaskClient:
    return example.app.test_client()


def send(client: Any, query: str = "", **changed: str) -> Any:
    """Send the form of the login page that was opened with *query*."""
    form = {"username": "ada", "password": os.environ["ADA_PASSWORD"]}
    return client.post(f"/login{query}", data=form | changed, headers=PAGE)


def test_a_stranger_is_sent_to_the_form_and_back_to_the_page(client: Any) -> None:
    sent = client.get("/account?tab=bills", headers=PAGE)
    assert (sent.status_code, sent.location) == (303, "/login?next=/account?tab%3Dbills")
    assert "Log in" in client.get(sent.location, headers=PAGE).text

    back = send(client, sent.location.removeprefix("/login"))

    assert (back.status_code, back.location) == (303, "/account?tab=bills")
    assert "Hello ada" in client.get(back.location, headers=PAGE).text


def test_below_a_path_every_redirect_stays_below_it(client: FlaskClient) -> None:
    below = {"SCRIPT_NAME": "/shop"}  # as ProxyFix or a server says it
    sent = client.get("/account", headers=PAGE, environ_overrides=below)
    form = {"username": "ada", "password": os.environ["ADA_PASSWORD"]}

    logins = [
        client.post(f"/login{query}", data=form, headers=PAGE, environ_overrides=below).location
        for query in ("?next=/shop/account", "")
    ]

    assert (sent.location, logins) == ("/shop/login?next=/shop/account", ["/shop/account"] * 2)


def test_a_program_is_told_401(client: Any) -> None:
    answer = client.get("/account")

    assert (answer.status_code, answer.json["error"]) == (401, "token_required")


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "https://evil.test/",
        "/%09/evil.test",
        "/%0A/evil.test",
        "%20//evil.test",
        "javascript:alert(1)",
        "evil.test",
        "",
    ],
)
def test_a_login_leads_to_no_other_site(client: Any, wanted: str) -> None:
    assert send(client, f"?next={wanted}").location == "/account"


def test_a_wrong_password_is_told_in_the_form_and_sets_no_cookie(client: Any) -> None:
    for fields in ({"password": "wrong"}, {"username": "nobody"}):
        answer = send(client, "?next=/account", **fields)
        assert answer.status_code == 401
        assert "Wrong name or password." in answer.text
        assert "Set-Cookie" not in answer.headers


def test_a_name_that_is_html_is_shown_as_text(client: Any) -> None:
    answer = send(client, username='"><script>', password="wrong")

    assert "<script>" not in answer.text


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-origin", 303)])
def test_no_other_site_logs_anybody_in(client: Any, site: str, status: int) -> None:
    form = {"username": "ada", "password": os.environ["ADA_PASSWORD"]}
    headers = PAGE | {"Sec-Fetch-Site": site}

    assert client.post("/login", data=form, headers=headers).status_code == status


def test_a_logout_needs_its_csrf_value_and_ends_the_session(example: ModuleType) -> None:
    ada = act(example.app).as_user("ada")

    assert ada.post("/logout", csrf=False, headers=PAGE).status_code == 403
    assert ada.get("/account").status_code == 200
    assert ada.post("/logout", headers=PAGE).location == "/login"
    assert ada.get("/account").status_code == 401


def test_the_handler_of_error_pages_answers_all_but_the_missing_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = run_example(SINGLE_FILES["login_form"], tmp_path, monkeypatch).app
    pages = run_example(SINGLE_FILES["error_pages"], tmp_path, monkeypatch)
    app.register_error_handler(HTTPException, pages.answer)
    ada = act(app).as_user("ada")

    refused, missing = ada.post("/logout", csrf=False, headers=PAGE), ada.get("/x", headers=PAGE)

    assert [refused.status, missing.status] == ["403 FORBIDDEN", "404 NOT FOUND"]
    assert refused.mimetype == missing.mimetype == "text/html"
    assert app.test_client().get("/account", headers=PAGE).status_code == 303
