"""What the page about Flask-Login says of both sides."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, session

from tests.support.pages import run_page


@pytest.fixture
def printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    return run_page("howto/from-flask-login.rst", tmp_path, monkeypatch)


def test_a_copied_session_cookie_of_flask_still_works_after_the_logout() -> None:
    """Flask-Login keeps the id of the user in this session, and removes it at the logout."""
    app = Flask("site")
    app.secret_key = os.urandom(16)
    app.add_url_rule("/login", "login", lambda: session.update(_user_id="ada") or "")
    app.add_url_rule("/logout", "logout", lambda: session.pop("_user_id"))
    app.add_url_rule("/who", "who", lambda: session.get("_user_id", "nobody"))
    browser, thief = app.test_client(), app.test_client()
    browser.get("/login")
    copied = browser.get_cookie("session")
    assert copied

    browser.get("/logout")
    thief.set_cookie("session", copied.value)

    assert (browser.get("/who").text, thief.get("/who").text) == ("nobody", "ada")


def test_a_user_who_is_not_active_any_more_is_sent_to_the_login(printed: Any) -> None:
    browser = printed["app"].test_client()
    browser.post("/login", data={"username": "ada", "password": os.environ["ADA_PASSWORD"]})
    assert browser.get("/profile").text == "ada"

    printed["USERS"]["ada"].is_active = False

    assert browser.get("/profile").location == "/login"
