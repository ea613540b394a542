"""Chapter 7: the password again before what cannot be undone."""

import os

import click
from flask import Flask, abort, request
from marshmallow import fields
from models import Loan, Tool, User, db
from sqlalchemy import func, select
from werkzeug.security import generate_password_hash

from jwtpolicy import (
    ClaimSchema,
    Fresh,
    HasRole,
    JWTManager,
    Owns,
    ProtectedView,
    current_token,
    current_user,
    policy,
    protect,
)
from jwtpolicy.endpoints import auth_blueprint, check_password

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
jwt = JWTManager(app)


@jwt.claims_for(User)
class UserClaims(ClaimSchema):
    sub = fields.String(attribute="id", required=True)
    roles = fields.List(fields.String(), required=True)


@jwt.user_loader
def load_user(token):
    return db.get(User, int(token.subject))


@app.teardown_appcontext
def close_database(error):
    db.remove()


@app.cli.command("add-user")
@click.argument("name")
@click.option("--role", "roles", multiple=True)
@click.password_option()
def add_user(name, roles, password):
    db.add(User(name=name, roles=list(roles), password_hash=generate_password_hash(password)))
    db.commit()


def authenticate(credentials):
    user = db.scalar(select(User).filter_by(name=credentials["username"]))
    is_right = check_password(user and user.password_hash, credentials["password"])
    return user if is_right else None


app.register_blueprint(auth_blueprint(authenticate, acr="confirmed"))


@app.get("/members")
@protect(HasRole("keeper"))
def members():
    return {"members": [user.name for user in db.scalars(select(User))]}


class Tools(ProtectedView):
    method_policies = {"POST": HasRole("keeper")}

    def get(self):
        names = db.scalars(select(Tool.name).order_by(Tool.name))
        return {"for": current_user.name, "tools": list(names)}

    def post(self):
        name = request.form["name"] or abort(400)
        if db.get(Tool, name):
            return {"error": "the tool is there already"}, 409
        db.add(Tool(name=name))
        db.commit()
        return {"tool": name}, 201


app.add_url_rule("/tools", view_func=Tools.as_view("tools"))


@policy
def fewer_loans_than(access, number):
    count = select(func.count()).select_from(Loan)
    at_home = db.scalar(count.filter_by(borrower_id=access.user.id))
    if at_home < number:
        return True
    return access.deny(f"tools at home: {at_home}")


class Loans(ProtectedView):
    method_policies = {"POST": fewer_loans_than(2) | HasRole("keeper")}

    def get(self):
        loans = db.scalars(select(Loan).filter_by(borrower_id=current_user.id))
        return {"loans": [{"id": loan.id, "tool": loan.tool} for loan in loans]}

    def post(self):
        name = request.form["tool"]
        if not db.get(Tool, name):
            return {"error": "there is no such tool"}, 404
        if db.scalar(select(Loan).filter_by(tool=name)):
            return {"error": "somebody has it"}, 409
        loan = Loan(tool=name, borrower_id=current_user.id)
        db.add(loan)
        db.commit()
        return {"loan": loan.id}, 201


class OneLoan(ProtectedView[Loan]):
    policies = Owns("borrower_id") | HasRole("keeper")

    def load_resource(self, loan_id):
        return db.get(Loan, loan_id)

    def get(self, loan_id):
        return {"tool": self.resource.tool, "borrower": self.resource.borrower_id}

    def delete(self, loan_id):
        db.delete(self.resource)
        db.commit()
        return "", 204


app.add_url_rule("/loans", view_func=Loans.as_view("loans"))
app.add_url_rule("/loans/<int:loan_id>", view_func=OneLoan.as_view("loan"))


class Account(ProtectedView):
    method_policies = {
        "PUT": Fresh(within=300),
        "DELETE": Fresh(within=300, acr="confirmed") & fewer_loans_than(1),
    }

    def get(self):
        return {"name": current_user.name, "roles": current_user.roles}

    def put(self):
        password = request.form["password"] or abort(400)
        current_user.password_hash = generate_password_hash(password)
        db.commit()
        return {"logged_out": jwt.revoke_other_sessions()}

    def delete(self):
        db.delete(db.get(User, current_user.id))
        db.commit()
        jwt.revoke_subject(current_token.subject)
        return "", 204


app.add_url_rule("/account", view_func=Account.as_view("account"))
