"""Offer applications that are protected by the bridge, written as for Flask-JWT-Extended."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from jwtpolicy.compat.flask_jwt_extended import JWTManager, jwt_required
from tests.support.applications import SECRET
from tests.support.bridge import GUARDS, METHODS, Bridged, MakeBridged, who


@pytest.fixture
def make_bridged() -> MakeBridged:
    """Return a factory of applications; keywords are settings without ``JWT_``."""

    def make(**settings: Any) -> Bridged:
        app = Flask("tests.bridged")
        app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
        app.config.update({f"JWT_{name.upper()}": value for name, value in settings.items()})
        manager = JWTManager(app)
        for path, guard in GUARDS.items():
            view = jwt_required(**guard)(who)
            app.add_url_rule(path, path, view, methods=METHODS)
        app.add_url_rule("/open", "open", lambda: "in", methods=METHODS)
        return Bridged(app, manager)

    return make


@pytest.fixture
def bridged(make_bridged: MakeBridged) -> Bridged:
    return make_bridged()
