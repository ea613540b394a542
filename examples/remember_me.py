"""How does one login last longer than another?"""

import os
from dataclasses import replace
from datetime import timedelta

from flask import Flask, redirect, render_template, request
from werkzeug.security import generate_password_hash

from jwtpolicy import Fresh, JWTManager, current_token, protect
from jwtpolicy.endpoints import LoginView, auth_blueprint, check_password

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
app.config["JWT_TOKEN_LOCATION"] = ["cookies"]
app.config["JWT_ACCESS_TOKEN_EXPIRES"] = timedelta(minutes=30)  # without a request …
app.config["JWT_COOKIE_RENEW_WITHIN"] = timedelta(minutes=25)  # … because this renews the cookie
REMEMBERED = timedelta(days=30)
jwt = JWTManager(app)
HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}  # your table of users


class LogIn(LoginView):
    def get(self):
        return render_template("remember_me/login.html")

    def authenticate(self, credentials):
        name = credentials["username"]
        return name if check_password(HASHES.get(name), credentials["password"]) else None

    def begin(self, user, credentials):
        pair = super().begin(user, credentials)
        if "remember" not in request.form:
            return pair
        fresh = timedelta(minutes=30)
        token = jwt.issue(user, session=pair, expires_in=REMEMBERED, fresh=fresh)
        return replace(pair, access_token=token)

    def answer(self, pair):
        response = redirect("/", 303)
        jwt.set_cookies(response, pair.access_token)
        return response


@app.get("/")
@protect()
def home():
    return {"user": current_token.subject}


@app.get("/salary")
@protect(Fresh(within=timedelta(minutes=30)))
def salary():
    return {"salary": 5_000}


app.register_blueprint(auth_blueprint(LogIn, endpoints=["login", "logout"]))
