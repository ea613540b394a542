"""A login that began before all sessions were ended, and ends after it, opens nothing (REF-6)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, current_app, jsonify
from werkzeug.test import TestResponse

from jwtpolicy import JWTManager, protect
from jwtpolicy.endpoints import LoginView
from jwtpolicy.exceptions import LoginFailedError
from jwtpolicy.stores.base import MAX_LOGIN
from tests.support.applications import MakeApp
from tests.support.clocks import StandingClock
from tests.support.requests import bearer

During = Callable[[JWTManager[Any]], object]
LogIn = Callable[..., TestResponse]


def revoke_subject(jwt: JWTManager[Any]) -> None:
    jwt.revoke_subject("ada")


def end_others(jwt: JWTManager[Any]) -> None:
    store = jwt_store(jwt)
    store.end_others("", "ada", None, now=jwt._clock())


def jwt_store(jwt: JWTManager[Any]) -> Any:
    return current_app.extensions["jwtpolicy"].parts.store


def elsewhere(app: Flask, act: Callable[[], object]) -> None:
    """Do something while a request is under way, and not in it."""

    def run() -> None:
        with app.app_context():
            act()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


ENDS: list[During] = [revoke_subject, end_others]


@pytest.fixture
def site(make_app: MakeApp, clock: StandingClock) -> tuple[Flask, JWTManager[Any], LogIn]:
    """Return what logs in while something else happens, and gives the answer."""
    app, jwt = make_app()
    app.get("/me")(protect()(lambda: "in"))
    meanwhile: list[During] = []

    class Login(LoginView):
        def authenticate(self, credentials: Any) -> str:
            clock.advance(0.2)  # a slow hash
            for act in meanwhile:
                elsewhere(app, lambda act=act: act(jwt))
            clock.advance(0.2)
            return str(credentials["username"])

    app.add_url_rule("/login", view_func=Login.as_view("login"))

    def log_in(*acts: During, user: str = "ada") -> TestResponse:
        meanwhile[:] = acts
        return app.test_client().post("/login", data={"username": user, "password": "x"})

    return app, jwt, log_in


@pytest.mark.parametrize("end", ENDS)
def test_a_login_that_is_overtaken_is_refused(site: Any, end: During) -> None:
    """K18: whoever learned the old password was comparing it while the new one was set."""
    app, jwt, log_in = site

    answer = log_in(end)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_credentials")
    with app.app_context():
        assert jwt.sessions("ada") == []
    assert log_in().status_code == 200


def test_what_answers_wrong_credentials_answers_for_it(make_app: Any, clock: Any) -> None:
    app, jwt = make_app()

    class Form(LoginView):
        def authenticate(self, credentials: Any) -> str:
            clock.advance(0.2)
            elsewhere(app, lambda: jwt.revoke_subject("ada"))
            return "ada"

        def failed(self, credentials: Any) -> Any:
            return "the form again", 401

    app.add_url_rule("/login", view_func=Form.as_view("login"))
    answer = app.test_client().post("/login", data={"username": "ada", "password": "x"})

    assert (answer.status_code, answer.text) == (401, "the form again")


@pytest.mark.parametrize("end", ENDS)
def test_a_login_of_somebody_else_is_not_meant(site: Any, end: During) -> None:
    app, _, log_in = site
    pair = log_in(end, user="bob").json

    me = app.test_client().get("/me", headers=bearer(pair["access_token"]))
    assert me.status_code == 200


@pytest.mark.parametrize("end", ENDS)
def test_a_login_that_begins_later_in_the_same_second_lives(
    site: Any, clock: StandingClock, end: During
) -> None:
    app, jwt, log_in = site
    clock.now = 1_800_000_000.1
    with app.app_context():
        end(jwt)
    clock.advance(0.1)

    assert log_in().status_code == 200


def test_what_the_very_request_has_ended_does_not_count(make_app: Any) -> None:
    """Who sets a new password ends all sessions, and logs in by that."""
    app, jwt = make_app()

    class Reset(LoginView):
        def authenticate(self, credentials: Any) -> str:
            jwt.revoke_subject("ada")
            return "ada"

    app.add_url_rule("/reset", view_func=Reset.as_view("reset"))
    answer = app.test_client().post("/reset", data={"username": "ada", "password": "x"})

    assert answer.status_code == 200
    with app.app_context():
        assert len(jwt.sessions("ada")) == 1


def test_ending_the_others_in_the_very_request_does_not_count(
    make_app: Any, clock: StandingClock
) -> None:
    app, jwt = make_app()

    @app.post("/change")
    @protect()
    def change() -> Any:
        began = clock()
        clock.advance(0.2)
        jwt.revoke_other_sessions()
        return jwt.login("ada", since=began).as_response()

    with app.app_context():
        headers = bearer(jwt.login("ada").access_token)

    assert app.test_client().post("/change", headers=headers).status_code == 200


@pytest.mark.parametrize("since", [None, 1_800_000_000.0])
def test_without_a_beginning_a_login_begins_when_it_is_called(
    app: Flask, jwt: JWTManager[Any], clock: StandingClock, since: float | None
) -> None:
    with app.app_context():
        jwt.revoke_subject("ada")
        if since is not None:
            clock.advance(1)
        assert jwt.login("ada", since=since).session_id


def test_a_login_that_took_too_long_to_be_judged_is_refused(
    app: Flask, jwt: JWTManager[Any], clock: StandingClock
) -> None:
    """It is not remembered any more what was ended meanwhile."""
    began = clock()
    clock.advance(MAX_LOGIN)
    with app.app_context():
        assert jwt.login("ada", since=began).session_id
        clock.advance(1)
        with pytest.raises(LoginFailedError):
            jwt.login("ada", since=began)


def test_sessions_come_in_pages(app: Flask, jwt: JWTManager[Any], clock: StandingClock) -> None:
    with app.app_context():
        for n in range(5):
            clock.advance(0.1)
            jwt.login("ada", label=str(n))
        first = jwt.sessions("ada", limit=2)
        rest = jwt.sessions("ada", limit=9, before=first[-1])

    assert [one.label for one in (*first, *rest)] == ["4", "3", "2", "1", "0"]


def test_a_page_repeats_nothing_whatever_the_clock_says(
    app: Flask, jwt: JWTManager[Any], clock: StandingClock
) -> None:
    """No fraction of a microsecond that a datetime cannot hold decides what comes next."""
    with app.app_context():
        for n in range(200):
            clock.advance(0.000_000_37 * n)
            jwt.login("ada")
        listed, page = [], jwt.sessions("ada", limit=1)
        while page:
            listed += [one.session_id for one in page]
            page = jwt.sessions("ada", limit=1, before=page[-1])

    assert len(listed) == len(set(listed)) == 200


def test_a_login_that_begins_in_the_future_does_not_outlive_what_ends_before_it(
    app: Flask, jwt: JWTManager[Any], clock: StandingClock
) -> None:
    """Its clock is wrong, or what told the time was the client."""
    with app.app_context():
        clock.advance(1)
        began = clock() - 0.5
        elsewhere(app, lambda: jwt.revoke_subject("ada"))
        with pytest.raises(LoginFailedError):
            jwt.login("ada", since=began)
        assert jwt.login("ada", since=clock() + 3600).session_id
        clock.advance(1)
        elsewhere(app, lambda: jwt.revoke_subject("ada"))
        assert jwt.sessions("ada") == []


def test_a_view_may_show_when_its_login_began(make_app: Any, clock: StandingClock) -> None:
    app, _ = make_app()

    class Login(LoginView):
        def authenticate(self, credentials: Any) -> str:
            clock.advance(1)
            return "ada"

        def answer(self, pair: Any) -> Any:
            return jsonify(self.began)

    app.add_url_rule("/login", view_func=Login.as_view("login"))
    answer = app.test_client().post("/login", data={"username": "ada", "password": "x"})

    assert answer.json == 1_800_000_000
