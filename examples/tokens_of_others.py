"""How does my application accept the tokens of an identity provider?"""

import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from jwtpolicy import HasScope, IssuedBy, Issuer, JWTManager, KnownUser, current_user, protect

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db = SQLAlchemy(app)


class User(db.Model):
    __table_args__ = (UniqueConstraint("issuer", "subject"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    is_blocked: Mapped[bool] = mapped_column(default=False)


def local_user(token):  # of a verified token, before the view is called
    name = {"issuer": token.issuer, "subject": token.subject}
    by_name = select(User).filter_by(**name)
    if db.session.scalar(by_name) is None:
        db.session.add(User(**name))
        try:
            db.session.commit()
        except IntegrityError:  # another request of the same user was faster
            db.session.rollback()
    user = db.session.scalar(by_name)
    return None if user.is_blocked else user


provider = Issuer.auth0(
    os.environ["AUTH0_DOMAIN"], audience=os.environ["API_AUDIENCE"], user_loader=local_user
)
jwt = JWTManager(baseline=KnownUser())  # asks local_user at each request
jwt.trust(provider)
jwt.init_app(app)


@app.get("/me")
@protect(IssuedBy(provider))
def me():
    return {"id": current_user.id}


@app.get("/orders")
@protect(IssuedBy(provider) & HasScope("orders:read"))
def orders():
    return {"orders": [], "of": current_user.id}
