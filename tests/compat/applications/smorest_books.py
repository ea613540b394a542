"""Books on flask-smorest: schemas, method views on blueprints, an OpenAPI page, abort()."""

from __future__ import annotations

from flask import Flask
from flask.views import MethodView
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    current_user,
    get_jwt,
    jwt_required,
)
from flask_smorest import Api, Blueprint, abort
from marshmallow import Schema, fields

SECRET = "the tests of this application sign with this"
USERS = {"ada": {"name": "ada", "role": "librarian"}, "bob": {"name": "bob", "role": "reader"}}
BOOKS: list[dict] = []


class LoginSchema(Schema):
    name = fields.String(required=True)


class BookSchema(Schema):
    title = fields.String(required=True)
    added_by = fields.String(dump_only=True)


users = Blueprint("users", __name__, description="Users")
books = Blueprint("books", __name__, url_prefix="/books", description="Books")


@users.route("/login", methods=["POST"])
@users.arguments(LoginSchema)
def login(given):
    if given["name"] not in USERS:
        abort(401, message="Who?")
    return {"access_token": create_access_token(USERS[given["name"]])}


@books.route("/")
class Books(MethodView):
    @jwt_required()
    @books.response(200, BookSchema(many=True))
    def get(self):
        return BOOKS

    @jwt_required()
    @books.arguments(BookSchema)
    @books.response(201, BookSchema)
    def post(self, given):
        if get_jwt()["role"] != "librarian":
            abort(403, message="Librarians only")
        book = {**given, "added_by": current_user["name"]}
        BOOKS.append(book)
        return book


def create_app():
    app = Flask(__name__)
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    app.config.update(API_TITLE="Books", API_VERSION="v1", OPENAPI_VERSION="3.0.3")
    jwt = JWTManager(app)
    jwt.user_identity_loader(lambda user: user["name"])
    jwt.additional_claims_loader(lambda user: {"role": user["role"]})
    jwt.user_lookup_loader(lambda header, payload: USERS.get(payload["sub"]))

    @jwt.user_lookup_error_loader
    def handle_unknown(header, payload):
        return {"message": "You are gone"}, 404

    api = Api(app)
    api.spec.components.security_scheme("jwt", {"type": "http", "scheme": "bearer"})
    api.register_blueprint(users)
    api.register_blueprint(books)
    BOOKS.clear()
    return app


def log_in(client, name):
    token = client.post("/login", json={"name": name}).json["access_token"]
    return {"Authorization": f"Bearer {token}"}


def test_a_stranger_is_refused_by_smorest(client):
    answer = client.post("/login", json={"name": "eve"})
    assert (answer.status_code, answer.json["message"]) == (401, "Who?")


def test_librarians_add_books(client):
    answer = client.post("/books/", json={"title": "Notes"}, headers=log_in(client, "ada"))
    assert (answer.status_code, answer.json) == (201, {"title": "Notes", "added_by": "ada"})
    assert client.get("/books/", headers=log_in(client, "bob")).json == [answer.json]


def test_readers_do_not(client):
    answer = client.post("/books/", json={"title": "Notes"}, headers=log_in(client, "bob"))
    assert (answer.status_code, answer.json["message"]) == (403, "Librarians only")


def test_the_guard_is_asked_before_the_schema(client):
    answer = client.post("/books/", json={})
    assert (answer.status_code, answer.json) == (401, {"msg": "Missing Authorization Header"})
    assert client.post("/books/", json={}, headers=log_in(client, "ada")).status_code == 422


def test_a_user_who_is_gone_has_an_answer(client, app):
    with app.app_context():
        token = create_access_token({"name": "eve", "role": "reader"})
    answer = client.get("/books/", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json) == (404, {"message": "You are gone"})


def test_the_description_has_the_paths(app):
    spec = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    assert {"/login", "/books/"} <= set(spec["paths"])
