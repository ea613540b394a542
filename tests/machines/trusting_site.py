"""An application that has used the keys of a provider: they come through a fork."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask

from jwtpolicy import IssuedBy, Issuer, JWTManager, current_token, protect, public
from tests.support.requests import bearer

app = Flask(__name__)
app.config.from_prefixed_env()
provider, audience = app.config["PROVIDER"], app.config["AUDIENCE"]
jwt: JWTManager[Any] = JWTManager()
jwt.trust(Issuer(provider, audience=audience, allow_http=True))
jwt.init_app(app)


@app.get("/pid")
@public
def pid() -> str:
    return str(os.getpid())


@app.get("/")
@protect(IssuedBy(provider))
def who() -> Any:
    return {"sub": current_token.subject, "pid": os.getpid()}


with app.test_client() as client:
    assert client.get("/", headers=bearer(app.config["TOKEN"])).status_code == 200
