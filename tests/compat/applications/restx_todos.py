"""A list of things to do, on Flask-RESTX: namespaces, models, a class's decorators, own errors."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token, get_jwt_identity, jwt_required
from flask_jwt_extended.exceptions import NoAuthorizationError
from flask_restx import Api, Namespace, Resource, fields
from jwt.exceptions import ExpiredSignatureError

SECRET = "the tests of this application sign with this"
KEPT: dict[str, list[str]] = {}
USERS = {"ada": "lovelace", "bob": "builder"}
AUTHORIZATIONS = {"jwt": {"type": "apiKey", "in": "header", "name": "Authorization"}}

auth = Namespace("auth", description="Who you are")
todos = Namespace("todos", description="What you have to do")
credentials = auth.model(
    "Credentials", {"name": fields.String(required=True), "password": fields.String(required=True)}
)
todo = todos.model("Todo", {"text": fields.String(required=True)})


@auth.route("/login")
class Login(Resource):
    @auth.expect(credentials, validate=True)
    def post(self):
        given = auth.payload
        if USERS.get(given["name"]) != given["password"]:
            auth.abort(401, "Bad credentials")
        return {"access_token": create_access_token(identity=given["name"])}


@todos.route("/")
class Todos(Resource):
    method_decorators = (jwt_required(),)

    @todos.doc(security="jwt")
    def get(self):
        return {"todos": KEPT.get(get_jwt_identity(), [])}

    @todos.expect(todo, validate=True)
    @todos.response(201, "Kept")
    def post(self):
        KEPT.setdefault(get_jwt_identity(), []).append(todos.payload["text"])
        return {"message": "kept"}, 201


def create_app():
    app = Flask(__name__)
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    app.config.update(JWT_ACCESS_TOKEN_EXPIRES=timedelta(hours=1), RESTX_MASK_SWAGGER=False)
    JWTManager(app)
    api = Api(app, authorizations=AUTHORIZATIONS, doc="/docs")
    api.add_namespace(auth)
    api.add_namespace(todos)

    @api.errorhandler(NoAuthorizationError)
    def handle_absent(error):
        return {"message": "Please log in", "why": str(error)}, 401

    @api.errorhandler(ExpiredSignatureError)
    def handle_expired(error):
        return {"message": "Please log in again"}, 401

    KEPT.clear()
    return app


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def log_in(client, name):
    answer = client.post("/auth/login", json={"name": name, "password": USERS[name]})
    return bearer(answer.json["access_token"])


def test_a_login_gives_a_token(client):
    assert client.get("/todos/", headers=log_in(client, "ada")).json == {"todos": []}


def test_a_wrong_password_does_not(client):
    answer = client.post("/auth/login", json={"name": "ada", "password": "x"})
    assert (answer.status_code, answer.json) == (401, {"message": "Bad credentials"})


def test_the_model_is_asked_before_the_view(client):
    answer = client.post("/auth/login", json={"name": "ada"})
    assert (answer.status_code, "password" in answer.json["errors"]) == (400, True)


def test_everybody_has_a_list(client):
    ada, bob = log_in(client, "ada"), log_in(client, "bob")
    assert client.post("/todos/", json={"text": "think"}, headers=ada).status_code == 201
    assert client.get("/todos/", headers=ada).json == {"todos": ["think"]}
    assert client.get("/todos/", headers=bob).json == {"todos": []}


def test_the_application_words_the_refusal(client):
    answer = client.get("/todos/")
    assert answer.status_code == 401
    assert answer.json == {"message": "Please log in", "why": "Missing Authorization Header"}


def test_a_token_that_is_over_has_words_of_its_own(client, app):
    with app.app_context():
        over = create_access_token("ada", expires_delta=timedelta(seconds=-1))
    answer = client.get("/todos/", headers=bearer(over))
    assert (answer.status_code, answer.json) == (401, {"message": "Please log in again"})


def test_what_is_no_token_is_answered_by_the_library(client):
    answer = client.get("/todos/", headers=bearer("not.a.token"))
    assert (answer.status_code, "msg" in answer.json) == (422, True)


def test_the_description_is_open(client):
    answer = client.get("/swagger.json")
    assert answer.json["paths"]["/todos/"]["get"]["security"] == [{"jwt": []}]
