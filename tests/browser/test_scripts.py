"""Cookies for pages whose scripts call an API: CSRF values from cookies, a narrow refresh path."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, request

from jwtpolicy import Access, JWTManager, Refresh, current_token, protect, public
from jwtpolicy.endpoints import RefreshView
from tests.support.applications import SECRET

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: What an application's own script would do.
CALL = """async ([path, kind]) => {
  const found = document.cookie.match(new RegExp(`__Host-csrf_${kind}=([^;]*)`));
  const headers = found ? {'X-CSRF-TOKEN': found[1]} : {};
  const answer = await fetch(path, {method: 'POST', headers});
  return [answer.status, await answer.text()];
}"""


@pytest.fixture
def url(serve: Callable[[Flask, str], str]) -> str:
    app = Flask("api")
    app.config.update(
        JWT_SECRET_KEY=SECRET,
        JWT_STORE_URL="memory://",
        JWT_TOKEN_LOCATION=["headers", "cookies"],
        JWT_REFRESH_COOKIE_PATH="/auth",
        JWT_COOKIE_PARTITIONED=True,
    )
    jwt: JWTManager[str] = JWTManager(app)
    views: dict[str, Any] = {
        "/login": public(lambda: jwt.login("ada").as_response(cookies=True)),
        "/who": protect()(lambda: current_token.subject),
        "/seen": public(lambda: " ".join(sorted(request.cookies))),
        "/auth/seen": public(lambda: " ".join(sorted(request.cookies))),
        "/auth/refresh": RefreshView.as_view("refresh"),
        "/auth/logout": protect(Access() | Refresh())(lambda: jwt.logout().as_response()),
    }
    for path, view in views.items():
        app.add_url_rule(path, endpoint=path, view_func=view, methods=["POST"])
    app.add_url_rule("/", endpoint="page", view_func=public(lambda: "<p>page</p>"))
    return serve(app, "api")


@pytest.fixture
def script(page: Page, url: str) -> Callable[..., Any]:
    """Return what calls a path from a page of the application, which has just logged in."""
    page.goto(url)

    def call(path: str, kind: str = "access") -> Any:
        return page.evaluate(CALL, [path, kind])

    assert call("/login")[0] == 200
    return call


def test_a_script_reads_the_csrf_value_but_never_the_token(page: Any, script: Any) -> None:
    """COOKIE-1, CSRF-2."""
    readable = page.evaluate("document.cookie")

    assert "__Host-csrf_access=" in readable
    assert "_token=" not in readable
    assert script("/who") == [200, "ada"]
    assert script("/who", "none")[0] == 403


def test_the_refresh_cookie_travels_on_its_narrow_path_alone(script: Any) -> None:
    """COOKIE-2."""
    assert "__Secure-refresh_token" not in script("/seen")[1]
    assert "__Secure-refresh_token" in script("/auth/seen")[1]


def test_cookies_are_partitioned_where_that_was_said(page: Any, script: Any) -> None:
    assert {cookie["name"] for cookie in page.context.cookies()} == {
        "__Host-access_token",
        "__Host-csrf_access",
        "__Secure-refresh_token",
        "__Host-csrf_refresh",
    }
    assert all(cookie.get("partitionKey") for cookie in page.context.cookies())


def test_a_refresh_replaces_the_cookies_and_their_csrf_values(script: Any, page: Any) -> None:
    before = page.evaluate("document.cookie")

    assert script("/auth/refresh")[0] == 403
    assert script("/auth/refresh", "refresh")[0] == 200
    assert page.evaluate("document.cookie") != before
    assert script("/who") == [200, "ada"]


def test_a_logout_leaves_no_cookie(script: Any, page: Any) -> None:
    """COOKIE-3: what is unset mirrors what was set, or the browser would keep it."""
    assert script("/auth/logout")[0] == 204

    assert page.context.cookies() == []
    assert script("/who")[0] == 401


def test_a_logout_works_when_only_the_refresh_cookie_is_left(script: Any, page: Any) -> None:
    """C13."""
    page.context.clear_cookies(name="__Host-access_token")

    assert script("/auth/logout", "access")[0] == 403
    assert script("/auth/logout", "refresh")[0] == 204
    assert page.context.cookies() == []
