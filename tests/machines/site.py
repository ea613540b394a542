"""A small application for servers that several processes serve; its settings come from outside."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask

from jwtpolicy import JWTManager, current_token, protect, public
from jwtpolicy.endpoints import RefreshView

app = Flask(__name__)
app.config.from_prefixed_env()
jwt = JWTManager[Any](app)


@app.get("/pid")
@public
def pid() -> str:
    return str(os.getpid())


@app.post("/login/<name>")
@public
def login(name: str) -> Any:
    return jwt.login(name).as_response()


@app.get("/")
@protect()
def who() -> Any:
    return {"sub": current_token.subject, "pid": os.getpid()}


@app.post("/logout")
@protect()
def logout() -> Any:
    return jwt.logout().as_response()


@app.post("/revoke/<name>")
@public
def revoke(name: str) -> Any:
    jwt.revoke_subject(name)
    return "", 204


app.add_url_rule("/refresh", view_func=RefreshView.as_view("refresh"))
