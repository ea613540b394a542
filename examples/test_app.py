"""How do I test all this?"""

import os

import pytest
from owner import app as application

from jwtpolicy.testing import anonymous, assert_all_routes_guarded, assert_policy

TABLE = {
    "GET /notes": {anonymous: 401, "ada": 200, "bob": 200},
    "GET /notes/1": {anonymous: 401, "ada": 200, "bob": 403},
    "GET /notes/3": {anonymous: 401, "ada": 200, "bob": 200},  # it is shared
    "GET /notes/9": {anonymous: 401, "ada": 404, "bob": 404},
    "DELETE /notes/3": {anonymous: 401, "ada": 403, "bob": 200},
    "POST /notes/3/share": {anonymous: 401, "ada": 403, "bob": 200},
}


@pytest.fixture
def app():
    return application


def test_no_route_was_forgotten(app):
    assert_all_routes_guarded(app)


@pytest.mark.parametrize("request_", TABLE)
def test_who_may_do_what(app, request_):
    method, path = request_.split()
    assert_policy(app, method, path, TABLE[request_])


def test_everybody_lists_only_their_own_notes(jwt_client):
    with jwt_client.as_user("ada"):
        assert [note["text"] for note in jwt_client.get("/notes").json] == ["Buy paper"]


def test_a_client_stays_logged_in_by_a_refresh(jwt_client):
    phone = jwt_client.as_user("ada")
    jwt_client.wait(16 * 60)
    assert phone.get("/notes").status_code == 401
    phone.refresh()
    assert phone.get("/notes").status_code == 200


def test_a_copied_token_is_refused_after_the_logout(jwt_client):
    phone = jwt_client.as_user("ada")
    phone.log_out()
    assert phone.get("/notes").json["error"] == "invalid_token"


@pytest.mark.parametrize("is_right", [True, False])
def test_a_login_needs_the_password(app, is_right):
    password = os.environ["ADA_PASSWORD"] if is_right else "wrong"
    form = {"username": "ada", "password": password}
    answer = app.test_client().post("/auth/login", data=form)
    assert answer.status_code == (200 if is_right else 401)
