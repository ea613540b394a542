"""How do people get pages and programs JSON?"""

import os

from flask import Flask, jsonify, redirect, render_template_string, request
from werkzeug.exceptions import HTTPException
from werkzeug.security import generate_password_hash

from jwtpolicy import HasRole, JWTManager, protect
from jwtpolicy.endpoints import LoginView, check_password
from jwtpolicy.exceptions import AccessError

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
app.config["JWT_TOKEN_LOCATION"] = ["headers", "cookies"]
jwt = JWTManager(app)

HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}
PAGE = """<!doctype html><title>{{ error.name }}</title>
<h1>{{ error.name }}</h1>
<p>{{ error.description }}</p>
{% if error.code == 401 %}<form method="post" action="/login">
  <label>Name <input name="username"></label>
  <label>Password <input name="password" type="password"></label> <button>Log in</button>
</form>{% endif %}
"""


@app.errorhandler(HTTPException)  # every refusal, and every other error
def answer(error):
    response = error.get_response()  # with the challenge of a refusal
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html":
        response.data = render_template_string(PAGE, error=error)
        response.content_type = "text/html; charset=utf-8"
    elif not isinstance(error, AccessError):  # a refusal is JSON already
        code = error.name.lower().replace(" ", "_")  # such as not_found
        response.data = jsonify(error=code, error_description=error.description).data
        response.content_type = "application/json"
    response.vary.add("Accept")
    return response


@app.get("/report")
@protect(HasRole("auditor"))
def report():
    return {"total": 1200}


class LogIn(LoginView):
    def authenticate(self, credentials):
        name = credentials["username"]
        return name if check_password(HASHES.get(name), credentials["password"]) else None

    def answer(self, pair):
        response = redirect("/report", 303)
        jwt.set_cookies(response, pair.access_token)
        return response


app.add_url_rule("/login", view_func=LogIn.as_view("login"))
