"""A small application that people could use: notes that belong to their authors.

How do I log users in, show them only what is theirs, let an admin see more, ask for the password
before something final, log them out so that they stay logged out, and log their other devices out
when the password changes?
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from flask import Flask, render_template

from jwtpolicy import public

from . import accounts, notes
from .database import Database
from .tokens import jwt


def create_app(instance_path: str | None = None, **config: Any) -> Flask:
    """Return the application; its data and its secret are kept in the instance folder."""
    app = Flask(__name__, instance_path=instance_path)
    Path(app.instance_path).mkdir(parents=True, exist_ok=True)
    app.config["JWT_SECRET_KEY"] = os.environ.get("JWT_SECRET_KEY") or _kept_secret(app)
    app.config["JWT_STORE_URL"] = os.environ.get("JWT_STORE_URL")
    # Whoever adds an endpoint and forgets its guard gets 403, not a leak.
    app.config["JWT_DEFAULT_DENY"] = True
    app.config.update(config)
    app.extensions["database"] = Database(Path(app.instance_path) / "notes.sqlite3")
    jwt.init_app(app)
    app.register_blueprint(accounts.auth)
    app.register_blueprint(accounts.blueprint)
    app.register_blueprint(notes.blueprint)
    app.add_url_rule("/", view_func=page, endpoint="page")
    return app


@public
def page() -> str:
    """Show the page that tries everything."""
    return render_template("page.html")


def _kept_secret(app: Flask) -> str:
    """Return a secret that was made at the first start and is readable by its owner alone."""
    path = Path(app.instance_path) / "secret"
    if not path.exists():
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text(encoding="utf-8")
