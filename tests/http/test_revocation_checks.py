"""What an application knows of revoked tokens, beside the store."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from jwtpolicy import JWTManager, Refresh, current_token, protect
from jwtpolicy.endpoints import RefreshView
from jwtpolicy.exceptions import RateLimitedError, RevokedTokenError, SetupError
from jwtpolicy.sessions.revocation import REVOCATION_CHECKS
from tests.support.clocks import StandingClock
from tests.support.requests import bearer


@pytest.fixture
def view(app: Flask) -> None:
    app.get("/")(protect()(lambda: "in"))


def test_a_check_revokes_what_the_store_lets_pass(
    view: None, app: Any, jwt: Any, client: Any, access: Any
) -> None:
    @jwt.revocation_check
    def is_dismissed(token: Any) -> bool:
        return bool(token.subject == "bob")

    assert client.get("/", headers=access("bob")).json["error"] == "invalid_token"
    assert client.get("/", headers=access("ada")).status_code == 200


def test_every_check_is_asked(view: None, jwt: Any, client: Any, access: Any) -> None:
    jwt.revocation_check(lambda token: token.subject == "bob")
    jwt.revocation_check(lambda token: token.subject == "eve")

    answers = [client.get("/", headers=access(name)) for name in ("bob", "eve", "ada")]
    assert [answer.status_code for answer in answers] == [401, 401, 200]


@pytest.mark.parametrize(
    ("answer", "status"), [(None, 500), (1, 500), ("", 500), (False, 200), (True, 401)]
)
def test_what_is_not_an_answer_admits_nobody(
    view: None, jwt: Any, client: Any, access: Any, answer: Any, status: int
) -> None:
    """HTTP-11, S9."""
    jwt.revocation_check(lambda token: answer)

    assert client.get("/", headers=access()).status_code == status


@pytest.mark.parametrize(
    ("error", "status"), [(OSError("down"), 503), (RateLimitedError(), 429), (KeyError("x"), 503)]
)
def test_a_check_that_raises_admits_nobody(
    view: None, jwt: Any, client: Any, access: Any, error: Exception, status: int
) -> None:
    """REV-1."""

    @jwt.revocation_check
    def check(token: Any) -> bool:
        raise error

    assert client.get("/", headers=access()).status_code == status


def test_an_async_check_is_refused(jwt: Any) -> None:
    """S3: it would be true, whatever it says."""

    async def check(token: Any) -> bool:
        return False

    with pytest.raises(SetupError, match="plain function"):
        jwt.revocation_check(check)


def test_other_extensions_leave_checks_in_the_application(
    view: None, app: Any, jwt: Any, client: Any, access: Any
) -> None:
    app.extensions[REVOCATION_CHECKS] = [lambda token: token.subject == "bob"]

    assert client.get("/", headers=access("bob")).status_code == 401
    assert client.get("/", headers=access("ada")).status_code == 200


def test_a_refresh_token_is_checked_too(app: Any, jwt: Any, client: Any) -> None:
    revoked: set[str] = set()
    jwt.revocation_check(lambda token: token.token_id in revoked)
    app.add_url_rule("/refresh", view_func=RefreshView.as_view("refresh"))
    with app.app_context():
        pair = jwt.login("ada")
        successor = client.post("/refresh", headers=bearer(pair.refresh_token)).json
        revoked.add(jwt.verify(successor["refresh_token"], kind="refresh").token_id)
        with pytest.raises(RevokedTokenError):
            jwt.refresh(successor["refresh_token"])

    assert client.post("/refresh", headers=bearer(successor["refresh_token"])).status_code == 401


def test_a_used_refresh_token_is_still_noticed(app: Any, jwt: Any, client: Any, clock: Any) -> None:
    jwt.revocation_check(lambda token: False)
    app.add_url_rule("/refresh", view_func=RefreshView.as_view("refresh"))
    app.get("/only")(protect(Refresh())(lambda: "in"))
    with app.app_context():
        pair = jwt.login("ada")
    client.post("/refresh", headers=bearer(pair.refresh_token))
    assert client.get("/only", headers=bearer(pair.refresh_token)).text == "in"
    clock.advance(10)

    assert client.get("/only", headers=bearer(pair.refresh_token)).status_code == 401


@pytest.fixture
def asked(app: Flask, jwt: JWTManager[Any], clock: StandingClock) -> list[str]:
    """Mount a view that takes some seconds before it refreshes, and return what a check was asked.

    The check calls whatever it is asked about a second time revoked.
    """
    seen: list[str] = []

    @jwt.revocation_check
    def is_known(token: Any) -> bool:
        seen.append(token.token_id)
        return len(seen) > 1

    @app.post("/slow/<int:seconds>")
    @protect(Refresh())
    def slow(seconds: int) -> Any:
        clock.advance(seconds)
        return jwt.refresh(current_token).as_response()

    return seen


@pytest.mark.parametrize(("seconds", "times", "status"), [(0, 1, 200), (1, 1, 200), (2, 2, 401)])
def test_a_refresh_asks_again_where_the_guard_was_told_long_ago(
    asked: list[str], jwt: Any, client: Any, app: Any, seconds: int, times: int, status: int
) -> None:
    with app.app_context():
        encoded = jwt.login("ada").refresh_token

    answer = client.post(f"/slow/{seconds}", headers=bearer(encoded))

    assert (answer.status_code, len(asked)) == (status, times)


def test_a_refresh_of_another_token_than_the_guards_asks(
    asked: list[str], jwt: Any, client: Any, app: Any
) -> None:
    app.post("/other", endpoint="other")(protect(Refresh())(lambda: jwt.refresh(other).to_json()))
    with app.app_context():
        encoded, other = (jwt.login("ada").refresh_token for _ in range(2))

    assert client.post("/other", headers=bearer(encoded)).status_code == 401
    assert len(asked) == 2


def test_what_a_view_revokes_is_not_refreshed(jwt: Any, client: Any, app: Any) -> None:
    @app.post("/")
    @protect(Refresh())
    def view() -> Any:
        jwt.revoke(current_token)
        return jwt.refresh(current_token).as_response()

    with app.app_context():
        encoded = jwt.login("ada").refresh_token

    assert client.post("/", headers=bearer(encoded)).status_code == 401
