"""All endpoints in one line."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint, Flask

from jwtpolicy import JWTManager
from jwtpolicy.endpoints import (
    LoginView,
    LogoutView,
    RevocationView,
    SessionsView,
    auth_blueprint,
)
from jwtpolicy.exceptions import ConfigurationError, IssueError, SetupError
from jwtpolicy.stores import MemoryStore
from tests.support.applications import SECRET
from tests.support.cookies import csrf_of
from tests.support.endpoints import HTTPS, access_of, authenticate, cookie_log_in, form


def rules(app: Flask) -> set[str]:
    return {rule.rule for rule in app.url_map.iter_rules()}


def test_the_usual_endpoints_are_there(app: Flask) -> None:
    app.register_blueprint(auth_blueprint(authenticate))

    usual = {"login", "refresh", "step-up", "logout", "sessions", "sessions/<session_id>"}
    assert {f"/auth/{name}" for name in usual} | {"/static/<path:filename>"} == rules(app)


def test_endpoints_can_be_chosen_and_moved(app: Flask) -> None:
    blueprint = auth_blueprint(name="tokens", url_prefix="", endpoints=["refresh", "logout"])
    app.register_blueprint(blueprint)

    assert {"/refresh", "/logout", "/static/<path:filename>"} == rules(app)
    assert "tokens.refresh" in app.view_functions


def test_a_login_view_can_be_passed_and_its_fields_renamed(mount: Any) -> None:
    class Login(LoginView):
        def authenticate(self, credentials: Any) -> Any:
            return credentials["mail"]

        def failed(self, credentials: Any) -> Any:
            raise NotImplementedError

    site = mount({"by": Login, "fields": ["mail"]})

    assert site.post("/auth/login", json={"mail": "ada@example.org"}).status_code == 200
    assert site.post("/auth/login", json={"username": "ada"}).status_code == 400


@pytest.mark.parametrize("base", [LoginView, LoginView[str]], ids=["any user", "a user of a type"])
def test_a_login_view_can_be_passed_as_it_is(mount: Any, base: Any) -> None:
    class Login(base):  # type: ignore[misc]
        fields = ("mail",)

        def authenticate(self, credentials: Any) -> Any:
            return credentials["mail"]

    assert mount({"by": Login}).post("/auth/login", json={"mail": "a"}).status_code == 200


def test_confirming_follows_a_login_view_that_was_put_in_place(mount: Any) -> None:
    class Login(LoginView):
        fields = ("mail",)

        def authenticate(self, credentials: Any) -> Any:
            return credentials["mail"]

    site = mount({"by": None, "views": {"login": Login}})
    headers = access_of(site.post("/auth/login", json={"mail": "a"}).json)

    answers = [
        site.post("/auth/step-up", json={"mail": mail}, headers=headers) for mail in ("a", "b")
    ]
    assert [answer.status_code for answer in answers] == [200, 401]


def test_without_a_store_only_what_needs_none_can_be_had(make_app: Any) -> None:
    app, _ = make_app(store_url="none", manager={"baseline": None})
    app.register_blueprint(auth_blueprint(authenticate, endpoints=["login", "refresh"]))

    with pytest.raises(ConfigurationError, match="logout, sessions, step_up need a token store"):
        app.register_blueprint(auth_blueprint(authenticate, name="all"))


def test_what_the_manager_says_of_the_store_holds(make_app: Any) -> None:
    """And not what stands in the configuration by now."""
    app, _ = make_app(store_url="none", manager={"store": MemoryStore()})
    app.register_blueprint(auth_blueprint(authenticate))

    assert app.test_client().post("/auth/logout").status_code == 204


def test_the_store_may_be_known_to_be_none_later() -> None:
    app = Flask("tests.app")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_STORE_URL="none")
    app.register_blueprint(auth_blueprint(authenticate))
    JWTManager(app, baseline=None)

    with pytest.raises(ConfigurationError, match="StepUp needs a token store"):
        app.test_client().post("/auth/login", data=form())


@pytest.mark.parametrize("view", [LogoutView, SessionsView, RevocationView])
def test_a_view_that_needs_a_store_says_so_wherever_it_stands(make_app: Any, view: Any) -> None:
    """It was a 500 for whoever logged out with a token."""
    app, _ = make_app(store_url="none", manager={"baseline": None})
    app.add_url_rule("/it", view_func=view.as_view("it"))

    with pytest.raises(ConfigurationError, match=f"{view.__name__} needs a token store"):
        app.test_client().post("/it")


def test_a_blueprint_that_comes_too_late_for_its_path_is_a_mistake(make_app: Any) -> None:
    app, _ = make_app(token_location=["cookies"])
    app.register_blueprint(auth_blueprint(authenticate))
    app.extensions["jwtpolicy"].plan(None, "GET")

    with pytest.raises(SetupError, match="too late"):
        app.register_blueprint(auth_blueprint(authenticate, name="late", url_prefix="/late"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"endpoints": ["signup"]}, "there is no signup"),
        ({"views": {"signup": LoginView}}, "there is no signup"),
        ({}, "login and step_up need a function"),
        ({"authenticate": dict}, "need a function"),
    ],
)
def test_what_cannot_work_is_said_at_once(arguments: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        auth_blueprint(**arguments)


def refresh_path(pages: Any, path: str) -> Any:
    return pages.get_cookie("__Secure-refresh_token", path=path)


def test_the_refresh_cookie_is_sent_to_the_blueprint_alone(pages: Any) -> None:
    """COOKIE-1: a narrow path, without a setting."""
    cookie_log_in(pages)

    assert refresh_path(pages, "/auth") is not None
    answer = pages.post("/auth/refresh", headers=csrf_of(pages, "refresh"), **HTTPS)
    assert answer.status_code == 200
    assert "access_token" not in answer.json


def test_the_blueprint_may_come_before_the_manager() -> None:
    app = Flask("tests.app")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_TOKEN_LOCATION=["cookies"])
    app.register_blueprint(auth_blueprint(authenticate))
    JWTManager(app)
    pages = app.test_client()

    assert pages.post("/auth/login", data=form(), **HTTPS).status_code == 200
    assert refresh_path(pages, "/auth") is not None


@pytest.mark.parametrize(
    ("prefix", "root", "path"),
    [
        ("", "/", "/refresh"),
        ("/", "/", "/refresh"),
        ("/auth/", "/", "/auth"),
        ("/a", "/b/", "/b/a"),
    ],
)
def test_the_path_is_the_one_that_browsers_see(
    make_app: Any, prefix: str, root: str, path: str
) -> None:
    app, _ = make_app(token_location=["cookies"])
    app.config["APPLICATION_ROOT"] = root
    app.register_blueprint(auth_blueprint(authenticate, url_prefix=prefix))
    pages = app.test_client()
    base = f"https://localhost{root}"

    answer = pages.post(f"{prefix.rstrip('/')}/login", data=form(), base_url=base)
    assert answer.status_code == 200
    assert any(f"Path={path};" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


def test_a_nested_blueprint_has_the_path_of_both(make_app: Any) -> None:
    app, _ = make_app(token_location=["cookies"])
    outer = Blueprint("outer", __name__, url_prefix="/api")
    outer.register_blueprint(auth_blueprint(authenticate))
    app.register_blueprint(outer)
    pages = app.test_client()

    assert pages.post("/api/auth/login", data=form(), **HTTPS).status_code == 200
    assert refresh_path(pages, "/api/auth") is not None


def test_a_setting_wins_over_the_blueprint(mount: Any) -> None:
    pages = mount(token_location=["cookies"], refresh_cookie_path="/auth/refresh")
    cookie_log_in(pages)

    assert refresh_path(pages, "/auth/refresh") is not None


@pytest.mark.parametrize("prefixes", [["/a", "/b"], ["/<tenant>"]])
def test_where_the_path_cannot_be_told_it_has_to_be_said(
    make_app: Any, prefixes: list[str]
) -> None:
    app, jwt = make_app(token_location=["cookies"])
    for prefix in prefixes:
        blueprint = auth_blueprint(name=prefix[1:], url_prefix=prefix, endpoints=["refresh"])
        app.register_blueprint(blueprint)

    with app.app_context(), pytest.raises(IssueError, match="JWT_REFRESH_COOKIE_PATH"):
        jwt.login("ada").as_response()


def test_two_ways_in_can_answer_differently(make_app: Any) -> None:
    """One for browsers, one for programs; only the first has cookies to be refreshed."""
    app, _ = make_app(token_location=["headers", "cookies"], refresh_cookie_path="/web")
    for name, answer_in in (("web", "cookies"), ("api", "body")):
        blueprint = auth_blueprint(
            authenticate, name=name, url_prefix=f"/{name}", answer_in=answer_in
        )
        app.register_blueprint(blueprint)
    site = app.test_client()

    assert "access_token" not in site.post("/web/login", data=form(), **HTTPS).json
    assert "access_token" in site.post("/api/login", data=form(), **HTTPS).json
