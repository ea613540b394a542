"""Behind a proxy that puts a prefix before all paths, cookies come back to where they are read."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client

from jwtpolicy import current_token, protect
from jwtpolicy.endpoints import auth_blueprint
from tests.support.cookies import csrf_of
from tests.support.endpoints import HTTPS, authenticate, form

#: What the proxy sends.
PROXIED: dict[str, Any] = {"headers": {"X-Forwarded-Prefix": "/shop"}, **HTTPS}


def stripping_proxy(app: Flask) -> Client:
    """Return a browser that sees the application at ``/shop``, and the application does not."""
    inner = ProxyFix(app.wsgi_app, x_prefix=1)

    def proxy(environ: dict[str, Any], start_response: Any) -> Any:
        if not environ["PATH_INFO"].startswith("/shop/"):
            return Flask("elsewhere")(environ, start_response)
        path = environ["PATH_INFO"].removeprefix("/shop")
        environ = {**environ, "PATH_INFO": path, "HTTP_X_FORWARDED_PREFIX": "/shop"}
        return inner(environ, start_response)

    return Client(proxy)


def mounting_server(app: Flask) -> Client:
    """Return a browser of a server that has the application at ``/shop``."""
    return Client(DispatcherMiddleware(Flask("elsewhere"), {"/shop": app}))


def build(make_app: Any, **settings: Any) -> Flask:
    app, _ = make_app(token_location=["cookies"], **settings)
    app.register_blueprint(auth_blueprint(authenticate))
    app.get("/me")(protect(lambda: current_token.subject))
    return app


browsers = pytest.mark.parametrize(
    "browse", [stripping_proxy, mounting_server], ids=["a proxy", "a mount"]
)
paths = pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="by the blueprint"),
        pytest.param({"refresh_cookie_path": "/auth"}, id="by the setting"),
        pytest.param({"refresh_cookie_path": "/shop/auth"}, id="by the whole path"),
    ],
)


@browsers
@paths
def test_the_refresh_cookie_comes_back_and_is_unset(
    make_app: Any, browse: Any, settings: Any
) -> None:
    """K36, COOKIE-3."""
    browser = browse(build(make_app, **settings))
    assert browser.post("/shop/auth/login", data=form(), **HTTPS).status_code == 200
    assert browser.get_cookie("__Secure-refresh_token", path="/shop/auth") is not None

    for path in ("/shop/auth/refresh", "/shop/auth/logout"):
        headers = csrf_of(browser, "refresh")
        browser.delete_cookie("__Host-access_token")
        answer = browser.post(path, headers=headers, **HTTPS)
        assert answer.status_code in (200, 204)
    assert not list(browser._cookies)


@browsers
def test_a_cookie_for_the_whole_host_stays_one(make_app: Any, browse: Any) -> None:
    """COOKIE-2: ``__Host-`` demands the path /."""
    app = build(make_app, refresh_cookie_path="/")
    browser = browse(app)
    browser.post("/shop/auth/login", data=form(), **HTTPS)

    assert browser.get_cookie("__Host-refresh_token", path="/") is not None


@browsers
def test_an_access_cookie_with_a_path_follows_too(make_app: Any, browse: Any) -> None:
    browser = browse(build(make_app, access_cookie_path="/me"))
    browser.post("/shop/auth/login", data=form(), **HTTPS)

    assert browser.get("/shop/me", **HTTPS).text == "ada"


def test_without_a_prefix_the_path_is_the_one_of_the_blueprint(make_app: Any) -> None:
    browser = build(make_app).test_client()
    browser.post("/auth/login", data=form(), **HTTPS)

    assert browser.get_cookie("__Secure-refresh_token", path="/auth") is not None


def test_a_prefix_that_nobody_has_vouched_for_moves_nothing(make_app: Any) -> None:
    """Without `ProxyFix` the header is what any client may say."""
    browser = build(make_app).test_client()
    browser.post("/auth/login", data=form(), **PROXIED)

    assert browser.get_cookie("__Secure-refresh_token", path="/auth") is not None


def test_outside_of_a_request_the_setting_of_the_application_counts(make_app: Any) -> None:
    app = build(make_app)
    app.config["APPLICATION_ROOT"] = "/shop"
    manager = app.extensions["jwtpolicy"].manager
    response = app.response_class()
    with app.app_context():
        manager.set_cookies(response, manager.login("ada"))

    cookies = response.headers.getlist("Set-Cookie")
    assert any("Path=/shop/auth;" in cookie for cookie in cookies)
