"""What the ready-made endpoints say, to the client and in the log, of what they refuse."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from jwtpolicy.exceptions import InvalidFieldError
from tests.support.endpoints import access_of, form, log_in


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Return what says the lines that were logged."""
    caplog.set_level(logging.INFO, "jwtpolicy")
    return lambda: [r.getMessage() for r in caplog.records if r.name == "jwtpolicy"]


FIELDS = [
    pytest.param({"data": {"username": "ada"}}, "password", "missing; the body was", id="none"),
    pytest.param({"json": {"email": "ada"}}, "username", "was read as JSON", id="another name"),
    pytest.param({"json": {"username": 1, "password": "x"}}, "username", "not text", id="no text"),
    pytest.param({"json": {"username": "", "password": "x"}}, "username", "empty", id="empty"),
    pytest.param({"json": {"username": "\0", "password": "x"}}, "username", "NUL", id="no name"),
    pytest.param({"data": {"username": ["a", "b"]}}, "username", "more than once", id="two"),
    pytest.param({"data": form("ada", "x" * 4097)}, "password", "is too long", id="too long"),
    pytest.param({"data": "{}"}, "username", "was read as a form", id="no content type"),
]


@pytest.mark.parametrize(("sent", "field", "fault"), FIELDS)
def test_a_bad_login_names_the_field(
    site: Any, lines: Any, sent: Any, field: str, fault: str
) -> None:
    """K38: to the client, whose developer has written the form, and in the log."""
    answer = site.post("/auth/login", **sent)

    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    assert f"field '{field}' is missing, empty" in answer.json["error_description"]
    assert "WWW-Authenticate" not in answer.headers
    assert len(lines()) == 1
    assert f"POST auth.login: 400 invalid_request: the field '{field}' " in lines()[0]
    assert fault in lines()[0]


@pytest.mark.parametrize(
    ("sent", "said"), [({"json": {}}, "is JSON"), ({"data": {"x": "y"}}, "is a form")]
)
def test_a_refresh_token_in_the_body_is_said_to_be_in_the_wrong_place(
    site: Any, lines: Any, sent: Any, said: str
) -> None:
    """K38: clients of OAuth post it there."""
    assert site.post("/auth/refresh", **sent).status_code == 401
    assert f"no token was sent; the body, which {said}, was not searched" in lines()[0]


def test_a_body_that_is_looked_at_is_not_named(mount: Any, lines: Any) -> None:
    site = mount(token_location=["json"])

    for sent in ({"json": {"x": "y"}}, {"data": b"x", "content_type": "text/plain"}, {}):
        assert site.post("/auth/refresh", **sent).status_code == 401
    assert ["no token was sent: Refresh()" in line for line in lines()] == [True] * 3


def test_a_name_of_a_field_may_be_in_any_alphabet(mount: Any) -> None:
    site = mount({"fields": ["имя", "password"], "endpoints": ["login"]})

    answer = site.post("/auth/login", data={"password": "x"})
    assert (answer.status_code, "'имя'" in answer.json["error_description"]) == (400, True)


def test_a_handler_can_show_the_field(mount: Any) -> None:
    site = mount()
    site.application.register_error_handler(InvalidFieldError, lambda error: (error.field, 422))

    answer = site.post("/auth/login", data={"username": "ada"})
    assert (answer.status_code, answer.text) == (422, "password")


def test_the_right_credentials_log_no_refusal(site: Any, lines: Any) -> None:
    assert site.post("/auth/login", data=form()).status_code == 200
    assert lines() == []


REFUSED = [
    pytest.param("POST", "login", {"data": form("ada", "no")}, "401 invalid_credentials", id="401"),
    pytest.param("POST", "revoke", {"data": {}}, "400 invalid_request", id="no token to revoke"),
    pytest.param("DELETE", "sessions/x", {}, "404 not_found", id="no such session"),
    pytest.param("POST", "introspect", {"data": {}}, "401 invalid_client", id="no client"),
    pytest.param("POST", "step-up", {"data": {}}, "400 invalid_request", id="step-up"),
]


@pytest.mark.parametrize(("method", "path", "sent", "refusal"), REFUSED)
def test_every_refusal_of_an_endpoint_is_logged_once(
    site: Any, lines: Any, method: str, path: str, sent: Any, refusal: str
) -> None:
    """K38."""
    headers = {} if path == "login" else access_of(log_in(site))
    answer = site.open(f"/auth/{path}", method=method, headers=headers, **sent)

    assert answer.status_code == int(refusal[:3])
    assert [refusal in line for line in lines()] == [True]


def test_a_login_from_another_site_is_logged(mount: Any, lines: Any) -> None:
    site = mount(token_location=["cookies"])

    answer = site.post("/auth/login", data=form(), headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert ["403 csrf_failed" in line for line in lines()] == [True]
