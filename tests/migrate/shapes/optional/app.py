"""Pages that greet whoever comes, with helpers that look at the token from elsewhere."""

import os

import flask_jwt_extended
from flask import Flask, g
from flask_jwt_extended import JWTManager, jwt_required

app = Flask(__name__)
app.config.update(JWT_SECRET_KEY=os.environ["JWT_SECRET_KEY"], JWT_STORE_URL="memory://")
jwt = JWTManager(app)
BANNED = {"eve"}


@jwt.user_lookup_loader
def find(_header, data):
    return {"name": data["sub"], "banned": data["sub"] in BANNED}


def who():
    return flask_jwt_extended.get_jwt_identity() or "stranger"


def is_banned():
    return bool(flask_jwt_extended.current_user) and flask_jwt_extended.current_user["banned"]


@app.before_request
def remember_the_time():
    g.now = 0


@app.get("/")
@jwt_required(optional=True)
def page():
    if is_banned():
        return "away with you", 403
    return f"hello {who()}"


@app.get("/mine")
@jwt_required()
def mine():
    return who()
