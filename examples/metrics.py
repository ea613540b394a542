"""How do I count refusals?

In each process, and `/metrics` answers in the text format of Prometheus. It sends this token:

    flask --app metrics jwtpolicy mint --as prometheus --scope metrics --expires 7776000 --force
"""

import os
from collections import Counter
from functools import partial
from threading import Lock

from flask import Flask, request
from werkzeug.security import generate_password_hash

from jwtpolicy import HasScope, JWTManager, protect
from jwtpolicy.endpoints import auth_blueprint, check_password
from jwtpolicy.exceptions import AccessError
from jwtpolicy.signals import logged_in, logged_out, refresh_reused

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
jwt = JWTManager(app)

COUNTS, LOCK = Counter(), Lock()


def add(name, *sender, **facts):  # signals bring the application, and a token or a session
    with LOCK:
        COUNTS[name] += 1


@app.errorhandler(AccessError)
def refused(error):
    where = f'endpoint="{request.endpoint}",status="{error.code}",error="{error.error}"'
    add(f"jwt_refusals_total{{{where}}}")
    return error.get_response()  # the same answer as without this handler


logged_in.connect(partial(add, "jwt_logins_total"), app, weak=False)
logged_out.connect(partial(add, "jwt_logouts_total"), app, weak=False)
refresh_reused.connect(partial(add, "jwt_refresh_reused_total"), app, weak=False)

HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}  # your table of users


def authenticate(credentials):
    name = credentials["username"]
    return name if check_password(HASHES.get(name), credentials["password"]) else None


app.register_blueprint(auth_blueprint(authenticate))


@app.get("/metrics")
@protect(HasScope("metrics"))
def metrics():
    with LOCK:
        lines = [f"{name} {count}\n" for name, count in sorted(COUNTS.items())]
    return "".join(lines), {"Content-Type": "text/plain; version=0.0.4"}
