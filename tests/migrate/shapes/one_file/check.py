"""What the application promises, whatever library it is on."""

import time
from datetime import timedelta

import jwt
from flask_jwt_extended import create_access_token, decode_token, get_jti

from .app import USERS, app


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def logged_in(name):
    pair = app.test_client().post("/login", json={"name": name}).json
    return bearer(pair["access_token"]), bearer(pair["refresh_token"])


def test_users_see_what_is_theirs():
    access, refresh = logged_in("ada")
    client = app.test_client()
    assert client.get("/me").json == {"code": "nobody", "why": True}
    assert client.get("/me", headers=access).text == "ada 1 HS256 headers"
    assert client.get("/me", headers=refresh).status_code in (401, 422)
    assert client.get("/greeting").text == "hello stranger"
    assert client.get("/greeting", headers=access).text == "hello ada, 1"
    assert client.get("/claims", headers=access).json["seen"] is True
    assert client.get("/maybe").text == "no token"
    assert client.get("/maybe", headers=access).text == "token"


def test_admins_alone_see_users():
    client = app.test_client()
    assert client.get("/users").status_code == 401
    assert client.get("/users", headers=logged_in("bob")[0]).json == {"code": "admins"}
    assert client.get("/users", headers=logged_in("ada")[0]).json == ["ada", "bob"]


def test_tokens_are_refreshed_and_not_fresh_then():
    access, refresh = logged_in("ada")
    client = app.test_client()
    renewed = bearer(client.post("/refresh", headers=refresh).json["access_token"])
    assert client.post("/refresh", headers=access).status_code in (401, 422)
    assert client.put("/name", headers=access).json == {"code": "done"}
    assert client.put("/name", headers=renewed).json == {"code": "again"}
    assert client.get("/users", headers=renewed).json == ["ada", "bob"]


def test_a_logout_ends_the_token():
    access, _ = logged_in("ada")
    client = app.test_client()
    assert client.delete("/logout", headers=access).json == {"code": "bye"}
    assert client.get("/me", headers=access).status_code == 401


def test_old_tokens_and_unknown_users_are_refused():
    with app.app_context():
        now = create_access_token(identity=USERS[2], expires_delta=timedelta(minutes=1))
        assert decode_token(now)["jti"] == get_jti(encoded_token=now)
    then = int(time.time()) - 60
    claims = {"sub": "1", "type": "access", "jti": "a", "iat": then, "nbf": then, "exp": then + 1}
    old = jwt.encode({**claims, "fresh": False}, app.config["JWT_SECRET_KEY"], "HS256")
    client = app.test_client()
    assert client.get("/me", headers=bearer(old)).json == {"code": "late"}
    assert client.get("/me", headers=bearer(now)).text.startswith("bob 2")
