"""Pages with cookies that slide: the documented ``after_request``, CSRF values, forms, a logout."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Flask, jsonify, render_template_string, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_csrf_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
    set_access_cookies,
    set_refresh_cookies,
    unset_access_cookies,
    unset_jwt_cookies,
)

SECRET = "the tests of this application sign with this"
PAGE = "{% if current_user %}Hello, {{ current_user.name }}{% else %}Log in{% endif %}"


def create_app():
    app = Flask(__name__)
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    app.config.update(
        JWT_TOKEN_LOCATION=["cookies"],
        JWT_COOKIE_SECURE=False,
        JWT_CSRF_CHECK_FORM=True,
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(hours=1),
        JWT_REFRESH_COOKIE_PATH="/token",
    )
    jwt = JWTManager(app, add_context_processor=True)
    jwt.user_lookup_loader(lambda header, payload: {"name": payload["sub"].title()})

    @app.after_request
    def refresh_expiring_jwts(response):
        try:
            exp_timestamp = get_jwt()["exp"]
            target_timestamp = datetime.timestamp(datetime.now(UTC) + timedelta(minutes=30))
            if target_timestamp > exp_timestamp:
                set_access_cookies(response, create_access_token(identity=get_jwt_identity()))
            return response
        except (RuntimeError, KeyError):
            return response

    @jwt.expired_token_loader
    def expired(header, payload):
        response = jsonify(msg="Your session is over")
        unset_access_cookies(response)
        return response, 401

    @app.post("/login")
    def login():
        name = request.json["name"]
        access = create_access_token(name)
        response = jsonify(csrf=get_csrf_token(access))
        set_access_cookies(response, access)
        set_refresh_cookies(response, create_refresh_token(name))
        return response

    @app.post("/token/refresh")
    @jwt_required(refresh=True)
    def refresh():
        response = jsonify(refreshed=True)
        set_access_cookies(response, create_access_token(get_jwt_identity()))
        return response

    @app.post("/logout")
    def logout():
        response = jsonify(msg="logged out")
        unset_jwt_cookies(response)
        return response

    @app.post("/comment")
    @jwt_required()
    def comment():
        return jsonify(by=get_jwt_identity())

    @app.get("/")
    @jwt_required(optional=True)
    def page():
        return render_template_string(PAGE)

    return app


def log_in(client):
    return client.post("/login", json={"name": "ada"}).json["csrf"]


def set_by(answer):
    return [cookie.partition("=")[0] for cookie in answer.headers.getlist("Set-Cookie")]


def test_a_login_sets_four_cookies(client):
    answer = client.post("/login", json={"name": "ada"})
    names = [
        "access_token_cookie",
        "csrf_access_token",
        "refresh_token_cookie",
        "csrf_refresh_token",
    ]
    assert set_by(answer) == names
    assert client.get_cookie("access_token_cookie").http_only
    assert client.get_cookie("refresh_token_cookie", path="/token") is not None


def test_a_page_greets_who_is_there(client):
    assert client.get("/").text == "Log in"
    log_in(client)
    assert client.get("/").text == "Hello, Ada"


def test_a_comment_needs_the_csrf_value(client):
    csrf = log_in(client)
    refused = client.post("/comment")
    assert (refused.status_code, refused.json) == (401, {"msg": "Missing CSRF token"})
    assert client.post("/comment", headers={"X-CSRF-TOKEN": csrf}).json == {"by": "ada"}
    assert client.post("/comment", data={"csrf_token": csrf}).json == {"by": "ada"}
    assert client.post("/comment", headers={"X-CSRF-TOKEN": "x"}).status_code == 401


def test_a_session_slides_near_its_end(client, app):
    log_in(client)
    assert set_by(client.get("/")) == []
    with app.app_context():
        short = create_access_token("ada", expires_delta=timedelta(minutes=5))
    client.set_cookie("access_token_cookie", short)
    assert set_by(client.get("/")) == ["access_token_cookie", "csrf_access_token"]
    assert client.get_cookie("access_token_cookie").value != short
    assert client.get("/").text == "Hello, Ada"


def test_a_session_that_is_over_takes_its_cookie_along(client, app):
    with app.app_context():
        over = create_access_token("ada", expires_delta=timedelta(seconds=-1))
    client.set_cookie("access_token_cookie", over)
    answer = client.get("/")
    assert (answer.status_code, answer.json) == (401, {"msg": "Your session is over"})
    assert client.get_cookie("access_token_cookie") is None


def test_the_refresh_cookie_makes_a_new_access_cookie(client):
    log_in(client)
    csrf = client.get_cookie("csrf_refresh_token").value
    answer = client.post("/token/refresh", headers={"X-CSRF-TOKEN": csrf})
    assert answer.json == {"refreshed": True}
    assert "access_token_cookie" in set_by(answer)
    assert client.post("/token/refresh").status_code == 401


def test_a_logout_takes_all_cookies_along(client):
    log_in(client)
    client.post("/logout")
    assert client.get("/").text == "Log in"
    assert client.get_cookie("refresh_token_cookie", path="/token") is None
