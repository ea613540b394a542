"""What do production settings look like?

Four workers on each machine, behind nginx:

    gunicorn --workers 4 --threads 4 --bind 127.0.0.1:8000 gunicorn_redis:app
"""

import logging
import os

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager, current_token, protect, public
from jwtpolicy.endpoints import auth_blueprint, check_password

logging.basicConfig(level=logging.INFO)  # one line for each refusal

app = Flask(__name__)
app.config.update(
    JWT_SECRET_KEY=os.environ["JWT_SECRET_KEY"],
    JWT_SECRET_KEY_FALLBACKS=os.environ.get("JWT_SECRET_KEY_FALLBACKS", "").split(),
    JWT_STORE_URL=os.environ["JWT_STORE_URL"],  # redis://sessions.internal:6379/0
    JWT_STORE_LOST="deny",  # if Redis comes back empty, users log in again
    JWT_TOKEN_LOCATION=["cookies"],
    JWT_DEFAULT_DENY=True,  # a view without @protect or @public answers 403
)
# For each "1", nginx sets a header; what a client has put into that header is lost.
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)
jwt = JWTManager(app)

HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}  # your table of users


def authenticate(credentials):
    name = credentials["username"]
    return name if check_password(HASHES.get(name), credentials["password"]) else None


app.register_blueprint(auth_blueprint(authenticate))


@app.get("/me")
@protect()
def me():
    return {"user": current_token.subject}


@app.get("/health/live")
@public
def live():
    return {"process": "ok"}


@app.get("/health/ready")
@public
def ready():
    jwt.sessions("health check")  # asks the store: 503 if it does not answer in time
    return {"store": "ok"}
