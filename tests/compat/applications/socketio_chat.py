"""A chat on Flask-SocketIO: tokens in the handshake, guards and own decorators on events."""

from __future__ import annotations

from datetime import timedelta
from functools import wraps

from flask import Flask, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    decode_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
    verify_jwt_in_request,
)
from flask_jwt_extended.exceptions import JWTExtendedException
from flask_socketio import ConnectionRefusedError, SocketIO, disconnect, emit, join_room
from jwt.exceptions import PyJWTError

SECRET = "the tests of this application sign with this"
socketio = SocketIO(async_mode="threading")
NAMES: dict[str, str] = {}


@socketio.on("connect")
def handle_connect(auth=None):
    if auth:
        NAMES[request.sid] = decode_token(auth["token"])["sub"]
        return
    try:
        verify_jwt_in_request(locations=["headers", "query_string"])
    except (JWTExtendedException, PyJWTError) as error:
        raise ConnectionRefusedError("unauthorized") from error
    NAMES[request.sid] = get_jwt_identity()


@socketio.on("join")
@jwt_required()
def handle_join(data):
    join_room(data["room"])
    emit("joined", {"who": get_jwt_identity(), "room": data["room"]}, to=data["room"])


def admin_only(function):
    @wraps(function)
    def decorated(*args, **kwargs):
        try:
            verify_jwt_in_request()
        except (JWTExtendedException, PyJWTError):
            disconnect()
            return None
        if get_jwt().get("role") != "admin":
            return emit("error", {"msg": "admins only"})
        return function(*args, **kwargs)

    return decorated


@socketio.on("announce")
@admin_only
def handle_announce(text):
    emit("announcement", text, broadcast=True)


@socketio.on("whoami")
def handle_whoami():
    return NAMES[request.sid]


def create_app():
    app = Flask(__name__)
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    app.config["JWT_TOKEN_LOCATION"] = ["headers", "query_string"]
    JWTManager(app)
    socketio.init_app(app)
    app.get("/me")(jwt_required()(lambda: {"name": get_jwt_identity()}))
    return app


def token_of(app, name, **arguments):
    with app.app_context():
        return create_access_token(name, **arguments)


def connect(app, token=None, **arguments):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return socketio.test_client(app, headers=headers, **arguments)


def test_a_token_in_the_header_connects(app):
    caller = connect(app, token_of(app, "ada"))
    assert caller.is_connected()
    assert caller.emit("whoami", callback=True) == "ada"


def test_a_token_in_the_query_string_does_too(app):
    caller = connect(app, query_string=f"jwt={token_of(app, 'bob')}")
    assert caller.emit("whoami", callback=True) == "bob"


def test_a_token_in_the_payload_of_the_handshake_does_too(app):
    caller = connect(app, auth={"token": token_of(app, "eve")})
    assert caller.emit("whoami", callback=True) == "eve"


def test_nobody_connects_without_one(app):
    assert not connect(app).is_connected()
    assert not connect(app, "not.a.token").is_connected()
    over = token_of(app, "ada", expires_delta=timedelta(seconds=-1))
    assert not connect(app, over).is_connected()


def test_an_event_knows_who_sent_it(app):
    ada, bob = connect(app, token_of(app, "ada")), connect(app, token_of(app, "bob"))
    ada.emit("join", {"room": "tea"})
    bob.emit("join", {"room": "tea"})
    seen = [one["args"][0]["who"] for one in ada.get_received()]
    assert seen == ["ada", "bob"]


def test_announcements_are_for_admins(app):
    user = connect(app, token_of(app, "bob"))
    admin = connect(app, token_of(app, "ada", additional_claims={"role": "admin"}))
    user.emit("announce", "spam")
    assert user.get_received()[0]["args"] == [{"msg": "admins only"}]
    admin.emit("announce", "tea is ready")
    assert user.get_received()[0]["args"] == ["tea is ready"]


def test_views_beside_the_socket_are_guarded_as_ever(app, client):
    token = token_of(app, "ada")
    assert client.get("/me", headers={"Authorization": f"Bearer {token}"}).json == {"name": "ada"}
    assert client.get("/me").status_code == 401
