"""How does a page in JavaScript stay logged in without holding a token?"""

import os

from flask import Flask, Response, abort, request, send_from_directory
from werkzeug.security import generate_password_hash

from jwtpolicy import Fresh, JWTManager, current_token, protect, public
from jwtpolicy.endpoints import auth_blueprint, check_password

app = Flask(__name__)
app.config.update(
    JWT_SECRET_KEY=os.environ["JWT_SECRET_KEY"],
    JWT_TOKEN_LOCATION=["cookies"],
)
jwt = JWTManager(app)

HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}  # your table of users
NOTES = {"ada": ["Buy bread."]}  # and one of notes


def authenticate(credentials: dict[str, str]) -> str | None:
    name = credentials["username"]
    return name if check_password(HASHES.get(name), credentials["password"]) else None


app.register_blueprint(auth_blueprint(authenticate))


@app.get("/")
@public
def page() -> Response:
    return send_from_directory(app.root_path, "spa_cookies.html")


@app.get("/api/notes")
@protect()
def read() -> list[str]:
    return NOTES[current_token.subject]


@app.post("/api/notes")
@protect()
def write() -> list[str]:
    body = request.get_json()
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str):
        abort(400, "Send a text.")
    NOTES[current_token.subject].append(text)
    return NOTES[current_token.subject]


@app.delete("/api/notes")
@protect(Fresh(within=300))
def clear() -> list[str]:
    NOTES[current_token.subject].clear()
    return []
