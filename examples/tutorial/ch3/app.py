"""Chapter 3: classes."""

import os

import click
from flask import Flask, abort, request
from marshmallow import fields
from models import Tool, User, db
from sqlalchemy import select
from werkzeug.security import generate_password_hash

from jwtpolicy import ClaimSchema, HasRole, JWTManager, ProtectedView, current_user, protect
from jwtpolicy.endpoints import check_password

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


@app.post("/auth/login")
def login():
    user = authenticate(request.form)
    if user is None:
        return {"error": "wrong name or password"}, 401
    return jwt.login(user).as_response()


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
