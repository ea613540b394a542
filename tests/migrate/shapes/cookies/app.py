"""A site that keeps its tokens in cookies, and names them."""

import os

from flask import Flask, jsonify
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt_identity,
    jwt_required,
    set_access_cookies,
    set_refresh_cookies,
    unset_jwt_cookies,
)

app = Flask(__name__)
app.config.update(
    JWT_SECRET_KEY=os.environ["JWT_SECRET_KEY"],
    JWT_TOKEN_LOCATION=["cookies"],
    JWT_COOKIE_SECURE=True,
    JWT_ACCESS_COOKIE_NAME="access_token_cookie",
    JWT_ACCESS_CSRF_COOKIE_NAME="csrf_access_token",
    JWT_REFRESH_COOKIE_NAME="refresh_token_cookie",
    JWT_REFRESH_CSRF_COOKIE_NAME="csrf_refresh_token",
    JWT_REFRESH_COOKIE_PATH="/refresh",
    JWT_STORE_URL="memory://",
)
JWTManager(app)


@app.post("/login")
def login():
    response = jsonify(login=True)
    access_token = create_access_token("ada")
    refresh_token = create_refresh_token("ada")
    set_access_cookies(response, access_token)
    set_refresh_cookies(response, encoded_refresh_token=refresh_token)
    return response


@app.post("/refresh")
@jwt_required(refresh=True)
def refresh():
    response = jsonify(refresh=True)
    set_access_cookies(response, create_access_token(identity=get_jwt_identity()))
    return response


@app.post("/logout")
def logout():
    response = jsonify(logout=True)
    unset_jwt_cookies(response)
    return response


@app.route("/me", methods=["GET", "POST"])
@jwt_required()
def me():
    return get_jwt_identity()
