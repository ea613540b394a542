"""A small application that people could use: notes that belong to their authors.

How do I log users in, show them only what is theirs, let an admin see more, ask for the password
before something final, log them out so that they stay logged out, and log their other devices out
when the password changes?
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from flask import Flask

from ..secret import kept_secret
from ..site import site
from . import accounts, demo, notes
from .database import DEMO_USERS, Database
from .tokens import jwt


def create_app(instance_path: str | None = None, **config: Any) -> Flask:
    """Return the application; its data and its secret are kept in the instance folder.

    With ``DEMO=True`` it has users whose passwords everybody knows, and the page that explains its
    guards to whoever asks: for one's own machine.
    """
    app = Flask(__name__, instance_path=instance_path)
    Path(app.instance_path).mkdir(parents=True, exist_ok=True)
    app.config["JWT_SECRET_KEY"] = os.environ.get("JWT_SECRET_KEY") or kept_secret(app)
    app.config["JWT_STORE_URL"] = os.environ.get("JWT_STORE_URL")
    # Whoever adds an endpoint and forgets its guard gets 403, not a leak.
    app.config["JWT_DEFAULT_DENY"] = True
    app.config.update(config)
    is_demo = bool(app.config.get("DEMO"))
    path = Path(app.instance_path) / "notes.sqlite3"
    app.extensions["database"] = Database(path, DEMO_USERS if is_demo else ())
    jwt.init_app(app)
    for blueprint in (site, accounts.auth, accounts.blueprint, notes.blueprint):
        app.register_blueprint(blueprint)
    if is_demo:
        app.register_blueprint(demo.blueprint)
    return app
