"""How do I protect a view and refuse a stranger?"""

import os

from flask import Flask
from werkzeug.security import generate_password_hash

from jwtpolicy import Fresh, HasScope, JWTManager, Owns, ProtectedView
from jwtpolicy.endpoints import auth_blueprint, check_password

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
jwt = JWTManager(app)

PASSWORDS = {"ada": os.environ["ADA_PASSWORD"], "bob": os.environ["BOB_PASSWORD"]}
HASHES = {name: generate_password_hash(password) for name, password in PASSWORDS.items()}
INVOICES = {1: {"owner": "ada", "total": 120}, 2: {"owner": "bob", "total": 80}}


def authenticate(credentials):
    name = credentials["username"]
    return name if check_password(HASHES.get(name), credentials["password"]) else None


class Invoice(ProtectedView):
    policies = Owns("owner") | HasScope("audit")  # who may see an invoice
    method_policies = {"DELETE": Fresh(within=300)}  # and the password again to delete it

    def load_resource(self, number):
        return INVOICES.get(number)

    def get(self, number):
        return self.resource

    def delete(self, number):
        return INVOICES.pop(number)


app.add_url_rule("/invoices/<int:number>", view_func=Invoice.as_view("invoice"))
app.register_blueprint(auth_blueprint(authenticate))  # /auth/login, refresh, step-up, logout …
