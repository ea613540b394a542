"""How do roles come from tables?"""

import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from marshmallow import fields
from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from jwtpolicy import ClaimSchema, HasRole, JWTManager, policy, protect
from jwtpolicy.endpoints import auth_blueprint, check_password

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET_KEY"]
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
jwt = JWTManager(app)
db = SQLAlchemy(app)


class Grant(db.Model):
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)


class User(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    grants: Mapped[list[Grant]] = relationship()
    roles = property(lambda self: [grant.role for grant in self.grants])


@jwt.claims_for(User)
class UserClaims(ClaimSchema):
    sub = fields.String(attribute="id", required=True)
    roles = fields.List(fields.String(), required=True)


def authenticate(credentials):
    user = db.session.scalar(select(User).filter_by(name=credentials["username"]))
    return user if check_password(user and user.password_hash, credentials["password"]) else None


@policy
def holds_now(access, role):
    return role in access.user.roles or access.deny(f"{role} is no role of the user any more")


@app.delete("/users/<int:number>/roles/<role>")
@protect(HasRole("admin") & holds_now("admin"))
def take_away(number, role):
    db.session.execute(delete(Grant).filter_by(user_id=number, role=role))
    db.session.commit()
    jwt.revoke_subject(number)
    return "", 204


jwt.user_loader(lambda token: db.session.get(User, int(token.subject)))
app.register_blueprint(auth_blueprint(authenticate))
