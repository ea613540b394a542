"""Sliding sessions: an access cookie that ends soon is replaced while the session lives (S17)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Response, abort, request, stream_with_context
from flask.testing import FlaskClient

from jwtpolicy import NEVER, Access, Fresh, HasRole, Refresh, current_token, protect, public
from jwtpolicy.endpoints import RefreshView
from jwtpolicy.exceptions import ConfigurationError, StoreUnavailableError
from tests.support.applications import AppAndManager, MakeApp
from tests.support.clocks import StandingClock
from tests.support.cookies import add, csrf_of
from tests.support.requests import bearer

SLIDING: dict[str, Any] = {
    "token_location": ["headers", "cookies"],
    "refresh_cookie_path": "/auth",
    "cookie_renew_within": 300,
}


def build(make_app: MakeApp, **settings: Any) -> AppAndManager:
    app, jwt = make_app(**{**SLIDING, **settings})
    add(app, "POST /login", public(lambda: jwt.login("u1").as_response(cookies=True)))
    add(app, "GET /page", protect()(lambda: str(current_token.csrf)))
    add(app, "GET /safe", protect(Fresh())(lambda: "in"))
    add(app, "GET /recent", protect(Fresh(within=10_000))(lambda: "in"))
    add(app, "POST /logout", protect()(lambda: jwt.logout().as_response()))
    app.add_url_rule("/auth/refresh", view_func=RefreshView.as_view("refresh"))
    return app, jwt


@pytest.fixture
def client(make_app: MakeApp) -> FlaskClient:
    client = build(make_app)[0].test_client()
    client.post("/login")
    return client


def token_of(client: Any) -> str:
    return str(client.get_cookie("__Host-access_token").value)


def test_a_cookie_that_ends_soon_is_replaced(client: Any, clock: StandingClock) -> None:
    first = token_of(client)
    clock.advance(599)
    client.get("/page")
    assert token_of(client) == first

    clock.advance(1)
    client.get("/page")
    assert token_of(client) != first
    clock.advance(899)
    assert client.get("/page").status_code == 200


def test_pages_that_are_open_keep_their_csrf_value(client: Any, clock: StandingClock) -> None:
    value = client.get("/page").text
    clock.advance(600)
    client.get("/page")

    assert client.get("/page").text == value
    assert csrf_of(client)["X-CSRF-TOKEN"] == value


def test_a_logout_is_not_undone_by_its_own_answer(client: Any, clock: StandingClock) -> None:
    """S17, and the open request of 2021 that it stands for."""
    clock.advance(600)
    response = client.post("/logout", headers=csrf_of(client))

    cookies = response.headers.getlist("Set-Cookie")
    assert all("Max-Age=0" in cookie for cookie in cookies)
    assert client.get("/page").status_code == 401


def test_a_view_that_sets_its_own_cookie_is_left_alone(make_app: Any, clock: Any) -> None:
    app, jwt = build(make_app)

    @app.get("/switch")
    @protect()
    def switch() -> Response:
        response = Response("in")
        jwt.set_cookies(response, jwt.issue("u2"))
        return response

    client = app.test_client()
    client.post("/login")
    clock.advance(600)
    assert len(client.get("/switch").headers.getlist("Set-Cookie")) == 2


@pytest.mark.parametrize("verb", ["logout", "unset_cookies"])
def test_whoever_leaves_is_not_even_asked_for(
    make_app: Any, clock: Any, verb: str, caplog: pytest.LogCaptureFixture
) -> None:
    """S17: although the answer is another than the one whose cookies were unset."""
    app, jwt = build(make_app)

    @app.get("/leave")
    @protect()
    def leave() -> str:
        getattr(jwt, verb)(Response())
        return "bye"

    client = app.test_client()
    client.post("/login")
    clock.advance(600)
    response = client.get("/leave")

    assert response.text == "bye"
    assert "Set-Cookie" not in response.headers
    assert "was not renewed" not in caplog.text


def test_a_token_that_was_revoked_alone_does_not_slide(make_app: Any, clock: Any) -> None:
    """S17: its session lives on, for the other tokens."""
    app, jwt = build(make_app)

    @app.get("/drop")
    @protect()
    def drop() -> str:
        jwt.revoke(current_token._get_current_object())  # type: ignore[attr-defined] # the proxy's
        return "dropped"

    client = app.test_client()
    client.post("/login")
    clock.advance(600)
    assert "Set-Cookie" not in client.get("/drop").headers
    with app.app_context():
        assert len(jwt.sessions("u1")) == 1


def test_a_refresh_token_never_becomes_an_access_token_by_sliding(
    make_app: Any, clock: StandingClock
) -> None:
    """REF-1: only a refresh uses it up."""
    app, _ = build(make_app)
    add(app, "GET /auth/any", protect(Access() | Refresh())(lambda: current_token.kind))
    client = app.test_client()
    client.post("/login")
    token = client.get_cookie("__Secure-refresh_token", path="/auth").value
    clock.advance(30 * 86_400 - 60)
    client = app.test_client()
    client.set_cookie("__Secure-refresh_token", token)
    response = client.get("/auth/any")

    assert response.text == "refresh"
    assert "Set-Cookie" not in response.headers


def test_a_session_never_slides_into_a_shared_cache(make_app: Any, clock: StandingClock) -> None:
    """HTTP-9: the view may have allowed caches what it shows, but not the session."""
    app, _ = build(make_app)
    public_for_a_day = {"Cache-Control": "public, max-age=86400"}
    add(app, "GET /news", protect()(lambda: ("news", public_for_a_day)))
    client = app.test_client()
    client.post("/login")
    assert client.get("/news").headers["Cache-Control"] == "public, max-age=86400"

    clock.advance(600)
    response = client.get("/news")
    assert "Set-Cookie" in response.headers
    assert response.headers["Cache-Control"] == "no-store"


def test_what_an_application_does_to_all_its_answers_is_known(make_app: Any, clock: Any) -> None:
    """S17, HTTP-9: its own hooks run before the session slides, in whatever order they came."""
    app, jwt = build(make_app)
    add(app, "GET /leave", protect()(lambda: "bye"))

    @app.after_request
    def after(response: Response) -> Response:
        response.headers["Cache-Control"] = "public, max-age=60"
        if request.path == "/leave":
            jwt.unset_cookies(response)
        return response

    client = app.test_client()
    client.post("/login")
    clock.advance(600)
    assert client.get("/page").headers["Cache-Control"] == "no-store"
    clock.advance(600)
    cookies = client.get("/leave").headers.getlist("Set-Cookie")
    assert all("Max-Age=0" in cookie for cookie in cookies)


def test_requests_at_the_same_time_all_get_a_living_cookie(
    make_app: Any, clock: StandingClock, tmp_path: Any
) -> None:
    app, _ = build(make_app, store_url=f"sqlite:///{tmp_path}/store.sqlite3")
    client = app.test_client()
    client.post("/login")
    clock.advance(600)
    clients = [app.test_client() for _ in range(16)]
    for each in clients:
        each.set_cookie("__Host-access_token", token_of(client))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda each: each.get("/page"), clients))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    clock.advance(800)
    assert {each.get("/page").status_code for each in clients} == {200}


def test_a_logout_ends_what_slid_in_the_meantime(make_app: Any, clock: StandingClock) -> None:
    """S17: an answer that overtook the logout brings a cookie of a dead session."""
    app, _ = build(make_app)
    client, other = app.test_client(), app.test_client()
    client.post("/login")
    other.set_cookie("__Host-access_token", token_of(client))
    clock.advance(600)
    other.get("/page")
    client.post("/logout", headers=csrf_of(client))

    assert token_of(other)
    assert other.get("/page").status_code == 401


def test_an_answer_that_streams_slides_and_knows_who_came(make_app: Any, clock: Any) -> None:
    """HTTP-10."""
    app, jwt = build(make_app)

    @app.get("/stream")
    @protect()
    def stream() -> Response:
        def lines() -> Iterator[str]:
            yield current_token.subject
            yield str(jwt.current_transport)

        return Response(stream_with_context(lines()))

    client = app.test_client()
    client.post("/login")
    clock.advance(600)
    before = token_of(client)

    assert client.get("/stream", buffered=True).text == "u1cookies"
    assert token_of(client) != before


def test_a_session_slides_under_an_error_page(make_app: Any, clock: StandingClock) -> None:
    app, _ = build(make_app)
    add(app, "GET /lost", protect()(lambda: abort(404)))
    client = app.test_client()
    client.post("/login")
    clock.advance(600)
    response = client.get("/lost")

    assert response.status_code == 404
    assert "Set-Cookie" in response.headers


def test_a_request_that_was_refused_does_not_slide(make_app: Any, clock: StandingClock) -> None:
    client = build(make_app)[0].test_client()
    client.post("/login")
    clock.advance(600)
    response = client.post("/logout")

    assert response.status_code == 403
    assert "Set-Cookie" not in response.headers


def test_a_cookie_within_the_leeway_slides_too(make_app: Any, clock: StandingClock) -> None:
    """C22: leeway is for every time that is compared."""
    client = build(make_app, decode_leeway=30)[0].test_client()
    client.post("/login")
    token = token_of(client)
    clock.advance(920)
    client.set_cookie("__Host-access_token", token)

    assert client.get("/page").status_code == 200
    assert token_of(client) != token


def test_tokens_of_headers_are_never_turned_into_cookies(make_app: Any, clock: Any) -> None:
    """S17."""
    app, jwt = build(make_app)
    with app.app_context():
        headers = bearer(jwt.login("u1").access_token)
    clock.advance(600)
    response = app.test_client().get("/page", headers=headers)

    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers


def test_a_session_that_was_ended_elsewhere_does_not_slide(make_app: Any, clock: Any) -> None:
    app, jwt = build(make_app)
    add(app, "GET /out", protect()(lambda: jwt.revoke_subject("u1") or "out"))
    client = app.test_client()
    client.post("/login")
    clock.advance(600)

    assert "Set-Cookie" not in client.get("/out").headers
    assert client.get("/page").status_code == 401


def test_sliding_ends_with_the_session(make_app: Any, clock: StandingClock) -> None:
    """REF-5."""
    client = build(make_app, session_absolute=1200)[0].test_client()
    client.post("/login")
    clock.advance(600)
    client.get("/page")
    assert client.get_cookie("__Host-access_token").max_age == 600

    clock.advance(599)
    assert client.get("/page").status_code == 200
    clock.advance(1)
    assert client.get("/page").status_code == 401


def test_sliding_keeps_a_session_from_idling(make_app: Any, clock: StandingClock) -> None:
    """REF-6."""
    app, jwt = build(make_app, session_idle=1000)
    client = app.test_client()
    client.post("/login")
    for _ in range(4):
        clock.advance(800)
        client.get("/page")

    with app.app_context():
        assert [session.last_used_at.timestamp() for session in jwt.sessions("u1")] == [clock.now]


def test_a_renewed_token_is_not_fresh_but_remembers_the_login(client: Any, clock: Any) -> None:
    """REF-5, CLAIM-8."""
    assert client.get("/safe").text == "in"
    clock.advance(600)
    client.get("/page")

    assert client.get("/safe").status_code == 401
    assert client.get("/recent").text == "in"


def test_the_user_is_loaded_again(make_app: Any, clock: StandingClock) -> None:
    """S17, CLAIM-12."""
    app, jwt = build(make_app)
    roles = ["admin"]
    jwt.user_loader(lambda token: token.subject if roles else None)
    jwt.extra_claims(lambda user, kind: {"roles": roles} if kind == "access" else {})
    add(app, "GET /admin", protect(HasRole("admin"))(lambda: "in"))
    client = app.test_client()
    client.post("/login")
    assert client.get("/admin").text == "in"

    roles[0] = "guest"
    clock.advance(600)
    client.get("/page")
    assert client.get("/admin").status_code == 403


def test_without_a_loader_the_claims_stay(make_app: Any, clock: StandingClock) -> None:
    app, jwt = build(make_app)
    login = public(lambda: jwt.login("u1", claims={"roles": ["admin"]}).as_response(cookies=True))
    add(app, "POST /admins", login)
    add(app, "GET /admin", protect(HasRole("admin"))(lambda: "in"))
    client = app.test_client()
    client.post("/admins")
    clock.advance(600)
    client.get("/page")

    assert client.get("/admin").text == "in"


@pytest.mark.parametrize("kind", ["a refresh token", "a token outside of sessions", "no end"])
def test_other_tokens_do_not_slide(make_app: Any, clock: Any, kind: str) -> None:
    app, jwt = build(make_app, require_exp=False)
    add(app, "GET /any", protect(Access() | Refresh())(lambda: "in"))
    with app.app_context():
        tokens = {
            "a refresh token": ("__Secure-refresh_token", jwt.login("u1").refresh_token),
            "a token outside of sessions": ("__Host-access_token", jwt.issue("u1", expires_in=60)),
            "no end": ("__Host-access_token", jwt.issue("u1", expires_in=NEVER)),
        }
    client = app.test_client()
    client.set_cookie(*tokens[kind])

    response = client.get("/any")
    assert response.text == "in"
    assert "Set-Cookie" not in response.headers


def test_a_store_that_fails_does_not_fail_the_request(
    make_app: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _ = build(make_app)
    client = app.test_client()
    client.post("/login")
    clock.advance(600)

    def fails(*args: Any, **kwargs: Any) -> None:
        raise StoreUnavailableError

    monkeypatch.setattr(app.extensions["jwtpolicy"].parts.store, "touch", fails)
    response = client.get("/page")
    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"token_location": "headers"}, "add 'cookies'"),
        ({"cookie_renew_within": 900}, "shorter than"),
        ({"access_token_expires": NEVER}, "has to have an end"),
        ({"session_idle": 600}, "comes too late"),
        ({"store_url": "none", "manager": {"baseline": None}}, "needs a token store"),
    ],
)
def test_sliding_that_could_not_work_is_an_error_at_the_start(
    make_app: Any, settings: dict[str, Any], why: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"JWT_COOKIE_RENEW_WITHIN .*{why}"):
        make_app(**{**SLIDING, **settings})

    assert make_app(**SLIDING, session_idle=601)


def test_nothing_slides_unless_it_was_switched_on(make_app: Any, clock: StandingClock) -> None:
    client = build(make_app, cookie_renew_within=None)[0].test_client()
    client.post("/login")
    clock.advance(899)

    assert "Set-Cookie" not in client.get("/page").headers


def test_a_session_that_ends_in_between_does_not_slide(
    make_app: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _ = build(make_app)
    client = app.test_client()
    client.post("/login")
    clock.advance(600)
    monkeypatch.setattr(app.extensions["jwtpolicy"].parts.store, "touch", lambda *a, **k: None)

    assert "Set-Cookie" not in client.get("/page").headers
