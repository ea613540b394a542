"""How does a client refresh once for ten requests, and survive a lost answer?"""

import os
from collections.abc import Callable
from threading import Lock

from flask import Flask
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager, current_token, protect
from jwtpolicy.endpoints import auth_blueprint, check_password

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
jwt = JWTManager(app)
HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}  # your table of users


def authenticate(credentials: dict[str, str]) -> str | None:
    name = credentials["username"]
    return name if check_password(HASHES.get(name), credentials["password"]) else None


app.register_blueprint(auth_blueprint(authenticate))
app.get("/me")(protect(lambda: {"name": current_token.subject}))


class Phone:
    """The part of the client that knows tokens; *send* and *keep* are yours.

    send(method, path, token) returns a status and the JSON, or raises OSError if no answer comes;
    it gives up after 3 seconds. keep(pair) writes to the device's secret storage.
    """

    def __init__(self, send: Callable, keep: Callable, pair: dict) -> None:
        self.send, self.keep, self.pair = send, keep, pair
        self.lock = Lock()

    def call(self, method: str, path: str) -> tuple[int, dict]:
        used = self.pair["access_token"]
        status, body = self.send(method, path, used)
        if status == 401 and body["error"] == "invalid_token" and self.renew(used):
            status, body = self.send(method, path, self.pair["access_token"])
        return status, body

    def renew(self, used: str) -> bool:
        with self.lock:  # the other requests wait here, and find that the token is a new one
            return self.pair["access_token"] != used or self.refresh()

    def refresh(self) -> bool:
        for _ in range(2):
            try:
                status, body = self.send("POST", "/auth/refresh", self.pair["refresh_token"])
            except OSError:
                continue  # the answer may be lost: the same token gets the same pair again
            if status == 200:
                self.pair = body
                self.keep(body)
            return status == 200
        return False
