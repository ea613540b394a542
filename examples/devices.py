"""How do I show and end other logins?"""

import os

from flask import Flask, redirect, render_template, url_for
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager
from jwtpolicy.endpoints import SessionsView, auth_blueprint, check_password

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
app.config["JWT_TOKEN_LOCATION"] = ["cookies"]
app.config["JWT_CSRF_CHECK_FORM"] = True  # forms bring the CSRF value in a hidden field
app.config["JWT_COOKIE_RENEW_WITHIN"] = 600  # whoever uses the site stays logged in
app.config["JWT_SESSION_MAX"] = 20  # a login too many ends the oldest
jwt = JWTManager(app, add_context_processor=True)
HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}  # your table of users


def authenticate(credentials):
    name = credentials["username"]
    return name if check_password(HASHES.get(name), credentials["password"]) else None


class Devices(SessionsView):
    def listed(self, sessions):
        return render_template("devices/devices.html", sessions=sessions)

    def post(self, session_id):
        return self.delete(session_id)  # forms cannot send DELETE

    def ended(self):
        return redirect(url_for("devices"), 303)


devices = Devices.as_view("devices")
app.add_url_rule("/devices", view_func=devices, methods=["GET"])
app.add_url_rule("/devices/<session_id>", view_func=devices, methods=["POST"])
app.register_blueprint(auth_blueprint(authenticate, endpoints=["login", "refresh", "logout"]))
