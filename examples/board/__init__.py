"""A message board of plain pages and forms: the token lives in a cookie, no script sees it.

How do I log users in with a form, keep them logged in while they are there, refuse what other
sites send, show nothing of theirs after the logout, not even by the back button, and let them see
and end what they left open on other devices?
"""

from __future__ import annotations

import os
from typing import Any

from flask import Flask
from werkzeug.security import generate_password_hash

from jwtpolicy import JWTManager
from jwtpolicy.exceptions import InvalidTokenError, NoTokenError, StepUpRequiredError

from ..secret import kept_secret
from ..site import site
from . import accounts, pages


def create_app(instance_path: str | None = None, **config: Any) -> Flask:
    """Return the application; its secret and its sessions are kept in the instance folder.

    With ``DEMO=True`` it has users whose passwords everybody knows: for one's own machine.
    """
    app = Flask(__name__, instance_path=instance_path)
    app.config.from_mapping(
        JWT_SECRET_KEY=os.environ.get("JWT_SECRET_KEY") or kept_secret(app),
        JWT_STORE_URL=os.environ.get("JWT_STORE_URL"),
        JWT_TOKEN_LOCATION=["cookies"],
        # Forms bring the CSRF value in a hidden field.
        JWT_CSRF_CHECK_FORM=True,
        JWT_CSRF_IN_COOKIES=False,
        # Whoever is active stays logged in, for a working day at most.
        JWT_COOKIE_RENEW_WITHIN=600,
        JWT_SESSION_ABSOLUTE=8 * 3600,
        JWT_DEFAULT_DENY=True,
    )
    app.config.update(config)
    JWTManager(app, add_context_processor=True)
    users = accounts.USERS if app.config.get("DEMO") else {}
    app.extensions["hashes"] = {
        name: generate_password_hash(password) for name, password in users.items()
    }
    app.extensions["messages"] = ["Welcome to the board."]
    for blueprint in (site, pages.blueprint, accounts.blueprint):
        app.register_blueprint(blueprint)
    for error in (NoTokenError, InvalidTokenError, StepUpRequiredError):
        app.register_error_handler(error, accounts.ask_for_password)
    return app
