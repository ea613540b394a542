"""How does a public page know who is there?"""

import os

from flask import Flask, redirect, render_template_string
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager, OptionalToken, protect
from jwtpolicy.endpoints import LoginView, check_password

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
app.config["JWT_TOKEN_LOCATION"] = ["cookies"]
app.config["JWT_CSRF_CHECK_FORM"] = True
jwt = JWTManager(app, add_context_processor=True)  # current_user in templates

HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}
PAGE = """
<h1>News</h1>
{% if current_user %}
  <p>Hello {{ current_user }}.</p>
  <form method="post" action="/logout">
    <input type="hidden" name="csrf_token" value="{{ current_token.csrf }}">
    <button>Log out</button>
  </form>
{% else %}
  <form method="post" action="/login">
    <label>Name <input name="username"></label>
    <label>Password <input name="password" type="password"></label> <button>Log in</button>
  </form>
{% endif %}
"""


@app.get("/")
@protect(OptionalToken(ignore_invalid=True))
def news():
    return render_template_string(PAGE)


class LogIn(LoginView):
    def authenticate(self, credentials):
        name = credentials["username"]
        return name if check_password(HASHES.get(name), credentials["password"]) else None

    def answer(self, pair):
        response = redirect("/", 303)
        jwt.set_cookies(response, pair.access_token)
        return response


@app.post("/logout")
@protect(OptionalToken(ignore_invalid=True))
def logout():
    response = redirect("/", 303)
    jwt.logout(response)
    return response


app.add_url_rule("/login", view_func=LogIn.as_view("login"))
