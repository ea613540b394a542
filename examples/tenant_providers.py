"""How does my application accept the tokens of each customer's own identity provider?"""

import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from jwtpolicy import HasScope, IssuedBy, Issuer, IssuerResolver, JWTManager, current_token, protect

AUDIENCE = os.environ["API_AUDIENCE"]

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db = SQLAlchemy(app)


class Customer(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    issuer: Mapped[str] = mapped_column(unique=True)  # exactly as the provider writes it in iss
    is_active: Mapped[bool] = mapped_column(default=True)


class Note(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey(Customer.id))
    text: Mapped[str]


def find(url):  # from a token that nobody has verified yet: look it up, and nothing else
    is_customer = select(Customer).filter_by(issuer=url, is_active=True)
    if db.session.scalar(is_customer) is None:
        return None
    return Issuer(url, audience=AUDIENCE)


customers = IssuerResolver(find, audience=AUDIENCE)
jwt = JWTManager(baseline=None)  # without a store: a token is good until it expires
jwt.trust(customers)
jwt.init_app(app)


@app.get("/notes")
@protect(IssuedBy(customers) & HasScope("notes:read"))
def notes():
    of_customer = select(Note).join(Customer).where(Customer.issuer == current_token.issuer)
    return {"notes": [note.text for note in db.session.scalars(of_customer)]}
