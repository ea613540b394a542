"""Make applications to act in, with the system's clock and whatever places tokens may have."""

from __future__ import annotations

from typing import Any

from flask import Flask

from jwtpolicy import Fresh, HasScope, JWTManager, Refresh, TokenKind, current_token, protect
from tests.support.applications import SECRET


def acting_app(**settings: Any) -> Flask:
    """Return an application of five guarded endpoints; keywords are settings without ``JWT_``."""
    app = Flask("tests.acting", static_folder=None)
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, JWT_REFRESH_COOKIE_PATH="/auth")
    app.config.update({f"JWT_{name.upper()}": value for name, value in settings.items()})
    JWTManager(app)
    for path, guard in {
        "/me": protect(),
        "/transfers": protect(Fresh(within=300)),
        "/reports": protect(HasScope("reports:read")),
        "/auth/device": protect(Refresh()),
        "/downloads": protect(TokenKind("download")),
    }.items():
        view = guard(lambda: current_token.subject)
        app.add_url_rule(path, path, view, methods=["GET", "POST", "DELETE"])
    return app
