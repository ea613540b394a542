"""Sliding sessions: an access cookie that ends soon is replaced while the session lives (S17)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, Response

from jwtpolicy import Access, Fresh, HasRole, JWTManager, Refresh, current_token, protect, public
from jwtpolicy.endpoints import RefreshView
from tests.conftest import StandingClock, bearer
from tests.http.test_cookies import add, csrf

SLIDING: dict[str, Any] = {
    "token_location": ["headers", "cookies"],
    "refresh_cookie_path": "/auth",
    "cookie_renew_within": 300,
}


def build(make_app: Any, **settings: Any) -> tuple[Flask, JWTManager[Any]]:
    app, jwt = make_app(**{**SLIDING, **settings})
    add(app, "POST /login", public(lambda: jwt.login("u1").as_response(cookies=True)))
    add(app, "GET /page", protect()(lambda: str(current_token.csrf)))
    add(app, "GET /safe", protect(Fresh())(lambda: "in"))
    add(app, "GET /recent", protect(Fresh(within=10_000))(lambda: "in"))
    add(app, "POST /logout", protect()(lambda: jwt.logout().as_response()))
    app.add_url_rule("/auth/refresh", view_func=RefreshView.as_view("refresh"))
    return app, jwt


@pytest.fixture
def client(make_app: Any) -> Any:
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
    assert csrf(client)["X-CSRF-TOKEN"] == value


def test_a_logout_is_not_undone_by_its_own_answer(client: Any, clock: StandingClock) -> None:
    """S17, and the open request of 2021 that it stands for."""
    clock.advance(600)
    response = client.post("/logout", headers=csrf(client))

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
        assert [session.last_used_at for session in jwt.sessions("u1")] == [clock.now]


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
    from jwtpolicy import NEVER

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
    from jwtpolicy.exceptions import StoreUnavailableError

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
