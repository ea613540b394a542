"""Confirming who one is by the ready-made view."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from jwtpolicy import Fresh, current_token, protect
from jwtpolicy.endpoints import LoginView, StepUpView
from jwtpolicy.exceptions import RateLimitedError
from tests.support.cookies import csrf_of
from tests.support.endpoints import (
    HTTPS,
    Mount,
    access_of,
    authenticate,
    cookie_log_in,
    form,
    log_in,
    refresh_of,
)
from tests.support.requests import bearer


@pytest.fixture
def guarded(mount: Mount) -> FlaskClient:
    site = mount({"acr": "confirmed"})
    view = protect(Fresh(within=300, acr="confirmed"))(lambda: current_token.subject)
    site.application.add_url_rule("/final", view_func=view, endpoint="final")
    return site


def test_the_right_password_makes_the_session_fresh(guarded: Any) -> None:
    """STEP-1."""
    pair = log_in(guarded)
    assert guarded.get("/final", headers=access_of(pair)).status_code == 401

    confirmed = guarded.post("/auth/step-up", data=form(), headers=access_of(pair)).json

    assert guarded.get("/final", headers=access_of(confirmed)).text == "ada"
    assert guarded.post("/auth/refresh", headers=refresh_of(confirmed)).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(form("ada", "wrong"), id="a wrong password"),
        pytest.param(form("nobody", "wrong"), id="an unknown name"),
        pytest.param(form("bob"), id="somebody else's right password"),
    ],
)
def test_everything_else_gets_the_same_answer_as_a_failed_login(guarded: Any, fields: Any) -> None:
    headers = access_of(log_in(guarded))

    answer = guarded.post("/auth/step-up", data=fields, headers=headers)

    assert answer.json == guarded.post("/auth/login", data=form("ada", "wrong")).json
    assert guarded.get("/final", headers=headers).status_code == 401


def test_nobody_confirms_without_a_session(guarded: Any) -> None:
    jwt = guarded.application.extensions["jwtpolicy"].manager
    with guarded.application.app_context():
        loose = bearer(jwt.issue("ada"))

    assert guarded.post("/auth/step-up", data=form()).status_code == 401
    assert guarded.post("/auth/step-up", data=form(), headers=loose).status_code == 403
    inside = access_of(log_in(guarded))
    assert guarded.post("/auth/step-up", data=form(), headers=inside).status_code == 200


def test_cookies_are_answered_in_cookies_and_need_the_csrf_value(pages: Any) -> None:
    """CSRF-1."""
    cookie_log_in(pages)
    before = pages.get_cookie("__Host-access_token").value

    assert pages.post("/auth/step-up", data=form(), **HTTPS).status_code == 403
    answer = pages.post("/auth/step-up", data=form(), headers=csrf_of(pages), **HTTPS)

    assert set(answer.json) == {"token_type", "expires_in"}
    assert pages.get_cookie("__Host-access_token").value != before


def test_confirming_is_limited_as_logging_in_is(mount: Any) -> None:
    class Login(LoginView):
        def authenticate(self, credentials: Any) -> Any:
            return authenticate(credentials)

        def limit(self, credentials: Any) -> None:
            if credentials["password"] == "again":
                raise RateLimitedError

    site = mount({"by": Login})
    headers = access_of(log_in(site))

    attempts = [form("ada", "again"), form("ada")]
    answers = [site.post("/auth/step-up", data=data, headers=headers) for data in attempts]
    assert [answer.status_code for answer in answers] == [429, 200]


def test_the_password_alone_can_be_asked_for(mount: Any) -> None:
    class Confirm(StepUpView):
        fields = ("password",)

        def authenticate(self, credentials: Any) -> Any:
            return authenticate({"username": current_token.subject, **credentials})

    site = mount({"views": {"step_up": Confirm}})
    headers = access_of(log_in(site))

    answers = [
        site.post("/auth/step-up", json={"password": password}, headers=headers).status_code
        for password in ("builder", "lovelace")
    ]
    assert answers == [401, 200]
