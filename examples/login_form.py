"""How do I write a login page that returns to where one was?"""

import os
import re

from flask import Flask, redirect, render_template, request, url_for
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager, protect
from jwtpolicy.endpoints import LoginView, LogoutView, auth_blueprint, check_password

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
app.config["JWT_TOKEN_LOCATION"] = ["cookies"]
app.config["JWT_CSRF_CHECK_FORM"] = True  # forms bring the CSRF value in a hidden field
app.config["JWT_COOKIE_RENEW_WITHIN"] = 600  # whoever uses the site stays logged in
jwt = JWTManager(app, add_context_processor=True)
HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}  # your table of users


class LogIn(LoginView):
    def authenticate(self, credentials):
        name = credentials["username"]
        return name if check_password(HASHES.get(name), credentials["password"]) else None

    def get(self):
        return render_template("login_form/login.html")

    def failed(self, credentials):
        return render_template("login_form/login.html", problem="Wrong name or password."), 401

    def answer(self, pair):
        path = re.fullmatch(r"/(?!/)[\w\-./~%?&=+]*", request.args.get("next", ""))
        response = redirect(path[0] if path else url_for("account"), 303)
        jwt.set_cookies(response, pair.access_token)
        return response


class LogOut(LogoutView):
    def answer(self, logout):
        response = redirect(url_for("auth.login"), 303)
        jwt.unset_cookies(response)
        return response


app.register_blueprint(auth_blueprint(LogIn, url_prefix="", views={"logout": LogOut}))


@app.errorhandler(401)
def ask_for_login(error):
    if request.accept_mimetypes.best_match(["application/json", "text/html"]) != "text/html":
        return error.get_response()
    here = request.script_root + request.full_path.rstrip("?")
    return redirect(url_for("auth.login", next=here if request.method == "GET" else None), 303)


@app.get("/account")
@protect()
def account():
    return render_template("login_form/account.html")
