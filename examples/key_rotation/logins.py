"""How does an issuer change its key while it runs?"""

import os

from flask import Flask
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager, TokenPair
from jwtpolicy.endpoints import JWKSView, LoginView, auth_blueprint, check_password

app = Flask(__name__)
app.config.update(
    JWT_ALGORITHM="ES256",
    JWT_KEYS=os.environ["JWT_KEYS"],  # a folder: all of its keys verify, and one signs
    JWT_ACCESS_TOKEN_PROFILE="rfc9068",
    JWT_ENCODE_ISSUER=os.environ["ISSUER_URL"],
    JWT_ENCODE_AUDIENCE="https://shop.example",
    JWT_CLIENT_ID="web",
)
app.config.from_prefixed_env()  # FLASK_JWT_…: what the demo sets shorter than you would
jwt = JWTManager(app)

HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}  # your table of users


class Login(LoginView[str]):
    def authenticate(self, credentials: dict[str, str]) -> str | None:
        name = credentials["username"]
        return name if check_password(HASHES.get(name), credentials["password"]) else None

    def begin(self, user: str, credentials: dict[str, str]) -> TokenPair:
        return jwt.login(user, scope="orders:read", since=self.began)


app.register_blueprint(auth_blueprint(Login))
app.add_url_rule("/.well-known/jwks.json", view_func=JWKSView.as_view("jwks"))
