"""How do I check a socket again and again?"""

import os

from flask import Flask, abort, request
from simple_websocket import ConnectionClosed, Server
from werkzeug.security import generate_password_hash

from jwtpolicy import Access, JWTManager, NotRevoked, current_token, protect
from jwtpolicy.endpoints import auth_blueprint, check_password
from jwtpolicy.exceptions import AccessError

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
app.config["JWT_TOKEN_LOCATION"] = ["cookies"]  # browsers send no header with a socket
jwt = JWTManager(app)

ORIGIN = os.environ["ORIGIN"]  # of your own pages, such as https://chat.example
HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}


def authenticate(credentials):
    name = credentials["username"]
    return name if check_password(HASHES.get(name), credentials["password"]) else None


@app.route("/chat", websocket=True)
@protect()
def chat():
    if request.origin != ORIGIN:
        abort(403)  # the page of another site has opened the socket
    socket = Server.accept(request.environ, max_message_size=4096)  # bytes; else without limit
    try:
        while True:
            message = socket.receive(timeout=5)
            jwt.enforce(Access() & NotRevoked())
            if message is not None:
                socket.send(f"{current_token.subject}: {message}")
    except AccessError as error:
        socket.close(1008, error.error)
    except ConnectionClosed:
        pass
    return ""


app.register_blueprint(auth_blueprint(authenticate))
