"""Chapter 1: log in, and a first protected view."""

import os

from flask import Flask, request
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager, current_token, protect
from jwtpolicy.endpoints import check_password

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
jwt = JWTManager(app)

HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}
TOOLS = ["drill", "ladder"]


@app.post("/auth/login")
def login():
    name, password = request.form["username"], request.form["password"]
    if not check_password(HASHES.get(name), password):
        return {"error": "wrong name or password"}, 401
    return jwt.login(name).as_response()


@app.get("/tools")
@protect()
def tools():
    return {"for": current_token.subject, "tools": TOOLS}
