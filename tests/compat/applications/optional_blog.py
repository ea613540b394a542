"""A blog that everybody reads and users like: optional views, and a user who may be nobody."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Flask, jsonify, request
from flask.views import MethodView
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    current_user,
    get_current_user,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)

SECRET = "the tests of this application sign with this"
jwt = JWTManager()
blog = Blueprint("blog", __name__, url_prefix="/api/articles")


class User:
    def __init__(self, key, name):
        self.key, self.name, self.likes = key, name, set()


USERS: dict[int, User] = {}


@jwt.user_identity_loader
def user_identity_lookup(user):
    return str(user.key)


@jwt.user_lookup_loader
def user_lookup_callback(header, payload):
    return USERS.get(int(payload["sub"]))


def shown(slug):
    return {"slug": slug, "liked": bool(current_user) and slug in current_user.likes}


@blog.get("")
@jwt_required(optional=True)
def articles():
    reader = current_user.name if current_user else None
    return jsonify(articles=[shown("first")], reader=reader, claims=sorted(get_jwt()))


@blog.get("/<slug>")
@jwt_required(optional=True)
def article(slug):
    return jsonify(article=shown(slug), by=get_jwt_identity())


class Like(MethodView):
    decorators = (jwt_required(),)

    def post(self, slug):
        current_user.likes.add(slug)
        return jsonify(article=shown(slug))

    def delete(self, slug):
        get_current_user().likes.discard(slug)
        return jsonify(article=shown(slug))


blog.add_url_rule("/<slug>/like", view_func=Like.as_view("like"))


def create_app():
    app = Flask(__name__)
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_HEADER_TYPE="Token")
    app.config["JWT_ERROR_MESSAGE_KEY"] = "message"
    jwt.init_app(app)
    app.register_blueprint(blog)
    USERS.clear()
    USERS.update({1: User(1, "ada"), 2: User(2, "bob")})

    @app.post("/api/users/login")
    def login():
        user = next(one for one in USERS.values() if one.name == request.json["name"])
        return jsonify(user={"token": create_access_token(user), "name": user.name})

    return app


def log_in(client, name="ada"):
    answer = client.post("/api/users/login", json={"name": name})
    return {"Authorization": f"Token {answer.json['user']['token']}"}


def test_a_reader_without_a_token_reads(client):
    answer = client.get("/api/articles")
    assert answer.json == {
        "articles": [{"slug": "first", "liked": False}],
        "reader": None,
        "claims": [],
    }


def test_a_user_sees_what_he_likes(client):
    headers = log_in(client)
    client.post("/api/articles/first/like", headers=headers)
    assert client.get("/api/articles", headers=headers).json["articles"][0]["liked"]
    assert not client.get("/api/articles", headers=log_in(client, "bob")).json["articles"][0][
        "liked"
    ]
    answer = client.delete("/api/articles/first/like", headers=headers)
    assert answer.json == {"article": {"slug": "first", "liked": False}}


def test_likes_need_a_user(client):
    answer = client.post("/api/articles/first/like")
    assert (answer.status_code, answer.json) == (401, {"message": "Missing Authorization Header"})


def test_another_scheme_is_no_token(client):
    headers = {"Authorization": log_in(client)["Authorization"].replace("Token", "Bearer")}
    assert client.get("/api/articles/first", headers=headers).json["by"] is None
    assert client.post("/api/articles/first/like", headers=headers).status_code == 401


def test_a_bad_token_is_refused_where_none_is_fine(client, app):
    with app.app_context():
        over = create_access_token(USERS[1], expires_delta=timedelta(seconds=-1))
    for token, status in ((over, 401), ("x.y.z", 422)):
        answer = client.get("/api/articles", headers={"Authorization": f"Token {token}"})
        assert (answer.status_code, "message" in answer.json) == (status, True)


def test_a_user_who_is_gone_is_refused(client):
    headers = log_in(client)
    del USERS[1]
    answer = client.get("/api/articles", headers=headers)
    assert (answer.status_code, answer.json) == (401, {"message": "Error loading the user 1"})
