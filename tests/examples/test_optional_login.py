"""A public page greets who is logged in, and takes everybody else for a stranger."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.examples import running_example

FORM = {"username": "ada", "password": "lovelace"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with running_example("optional_login", tmp_path_factory, ADA_PASSWORD="lovelace") as example:
        yield example


@pytest.fixture
def browser(site: ModuleType) -> FlaskClient:
    """Return a browser in which ada is logged in."""
    browser = site.app.test_client()
    assert browser.post("/login", data=FORM).status_code == 303
    return browser


def test_a_stranger_gets_the_login_form(site: Any) -> None:
    answer = site.app.test_client().get("/")

    assert answer.status_code == 200
    assert 'action="/login"' in answer.text
    assert "Hello" not in answer.text


def test_a_user_is_greeted_and_the_page_is_not_kept_for_others(browser: Any) -> None:
    answer = browser.get("/")

    assert "Hello ada." in answer.text
    assert answer.headers["Vary"] == "Cookie"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("field", "value"), [("password", "guessed"), ("username", "eve")])
def test_whoever_has_not_the_password_is_not_logged_in(site: Any, field: str, value: str) -> None:
    browser = site.app.test_client()

    assert browser.post("/login", data={**FORM, field: value}).status_code == 401

    assert "Hello" not in browser.get("/").text


def test_a_user_whose_session_was_ended_elsewhere_is_a_stranger(site: Any, browser: Any) -> None:
    with site.app.app_context():
        site.jwt.revoke_subject("ada")

    answer = browser.get("/")

    assert answer.status_code == 200
    assert "Hello" not in answer.text


def test_the_button_of_the_page_logs_out_and_a_foreign_page_does_not(browser: Any) -> None:
    value = browser.get_cookie("__Host-csrf_access").value
    assert f'value="{value}"' in browser.get("/").text
    assert browser.post("/logout").status_code == 403

    assert browser.post("/logout", data={"csrf_token": value}).status_code == 303

    assert "Hello" not in browser.get("/").text


@pytest.mark.parametrize(("site_", "status"), [("same-origin", 303), ("cross-site", 403)])
def test_the_page_of_another_site_logs_nobody_in(site: Any, site_: str, status: int) -> None:
    """Else its visitors would work as whoever has made it, and not notice."""
    answer = site.app.test_client().post("/login", data=FORM, headers={"Sec-Fetch-Site": site_})

    assert (answer.status_code, "Set-Cookie" in answer.headers) == (status, status == 303)
