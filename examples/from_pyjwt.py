"""How do I replace my own decorator, and log nobody out?"""

import os

import jwt as pyjwt
from flask import Flask
from werkzeug.security import generate_password_hash

from jwtpolicy import HasRole, JWTManager, TokenPair, current_token, protect
from jwtpolicy.endpoints import LoginView, auth_blueprint, check_password

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["NEW_SECRET"]  # another one than that of the old tokens
jwt = JWTManager(app)
HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}  # your table of users
ROLES = {"ada": ["admin"]}
USED = set()  # old tokens that were exchanged; a table of yours with a unique column


@jwt.extra_claims
def roles(user: str, kind: str) -> dict[str, list[str]]:
    return {"roles": ROLES.get(user, [])} if kind == "access" else {}


def authenticate(credentials: dict[str, str]) -> str | None:
    name = credentials["username"]
    return name if check_password(HASHES.get(name), credentials["password"]) else None


class Exchange(LoginView[str]):
    """Takes a token of before in place of a password; remove it when the last one has expired."""

    fields = ("token",)

    def authenticate(self, credentials: dict[str, str]) -> str | None:
        old, needed = os.environ["OLD_SECRET"], {"require": ["exp", "sub"]}
        try:
            claims = pyjwt.decode(credentials["token"], old, algorithms=["HS256"], options=needed)
        except pyjwt.InvalidTokenError:
            return None
        signed = credentials["token"].rpartition(".")[0]  # the signature has several spellings
        if claims["sub"] not in HASHES or signed in USED:
            return None
        USED.add(signed)
        return claims["sub"]

    def begin(self, user: str, credentials: dict[str, str]) -> TokenPair:
        return jwt.login(user, fresh=False, since=self.began)  # nobody typed a password


jwt.user_loader(lambda token: token.subject if token.subject in HASHES else None)
app.register_blueprint(auth_blueprint(authenticate))
app.add_url_rule("/auth/exchange", view_func=Exchange.as_view("exchange"))
app.get("/who")(protect(lambda: current_token.subject))


@app.get("/reports")
@protect(HasRole("admin"))
def reports() -> list[str]:
    return ["A report"]
