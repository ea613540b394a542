"""How does one service issue tokens that others can verify, but not make?"""

import os

from flask import Flask
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager, TokenPair
from jwtpolicy.endpoints import JWKSView, LoginView, auth_blueprint, check_password

app = Flask(__name__)
app.config.update(
    JWT_ALGORITHM="ES256",
    JWT_PRIVATE_KEY=os.environ["JWT_PRIVATE_KEY"],  # the path of private.pem, or its text
    JWT_ENCODE_ISSUER="https://login.shop.example",
    JWT_ENCODE_AUDIENCE="https://shop.example",
    JWT_ACCESS_TOKEN_EXPIRES=300,  # so long a revoked token passes at services without the store
)
jwt = JWTManager(app)

HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}  # your table of users
SCOPES = {"ada": "orders:read"}


class Login(LoginView[str]):
    def authenticate(self, credentials: dict[str, str]) -> str | None:
        name = credentials["username"]
        return name if check_password(HASHES.get(name), credentials["password"]) else None

    def begin(self, user: str, credentials: dict[str, str]) -> TokenPair:
        return jwt.login(user, scope=SCOPES.get(user), since=self.began)


app.register_blueprint(auth_blueprint(Login))
app.add_url_rule("/.well-known/jwks.json", view_func=JWKSView.as_view("jwks"))
