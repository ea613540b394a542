"""What do I do when the secret is out?

export LEAKED_SECRET=$JWT_SECRET_KEY
export JWT_SECRET_KEY=$(python -c "import secrets; print(secrets.token_urlsafe(48))")
unset JWT_SECRET_KEY_FALLBACKS      # the leaked secret must not verify anything
flask --app leaked_key after-leak   # before you start the application again
"""

import os

import click
import jwt as pyjwt
from flask import Flask
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager
from jwtpolicy.endpoints import auth_blueprint, check_password
from jwtpolicy.exceptions import InvalidTokenError

app = Flask(__name__)
app.config.update(
    JWT_SECRET_KEY=os.environ["JWT_SECRET_KEY"],
    JWT_SECRET_KEY_FALLBACKS=os.environ.get("JWT_SECRET_KEY_FALLBACKS", "").split(),
    JWT_STORE_URL=os.environ.get("JWT_STORE_URL"),
)
jwt = JWTManager(app)

HASHES = {"ada": generate_password_hash(os.environ["ADA_PASSWORD"])}  # your table of users


def authenticate(credentials):
    name = credentials["username"]
    return name if check_password(HASHES.get(name), credentials["password"]) else None


app.register_blueprint(auth_blueprint(authenticate))


@app.cli.command("after-leak")
def after_leak():
    """Prove that the leaked secret opens nothing, and end the sessions of all users."""
    claims = pyjwt.decode(jwt.issue("thief"), options={"verify_signature": False})
    try:
        jwt.verify(pyjwt.encode(claims, os.environ["LEAKED_SECRET"], "HS256"))
    except InvalidTokenError:
        click.echo("refused: a token that the leaked secret signed")
    else:
        raise click.ClickException("the leaked secret still verifies: take it out of all settings")
    for name in HASHES:
        jwt.revoke_subject(name)
    click.echo(f"ended: the sessions of {len(HASHES)} user(s)")
