"""Offer applications as they would go into production."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import JWTManager
from jwtpolicy.compat import flask_jwt_extended as bridge
from tests.support.applications import SECRET
from tests.support.checklists import MakeShop


@pytest.fixture
def make_shop(tmp_path: Path) -> MakeShop:
    """Return a factory of applications whose only endpoint is the static one."""

    def make(manager: dict[str, Any] | None = None, **config: Any) -> Flask:
        app = Flask("tests.shop", instance_path=str(tmp_path))
        app.config.update(JWT_SECRET_KEY=SECRET)
        app.config.update(config)
        JWTManager[Any](app, **(manager or {}))
        return app

    return make


@pytest.fixture
def make_bridge() -> MakeShop:
    """Return a factory of applications that only the bridge guards."""

    def make(**config: Any) -> Flask:
        app = Flask("tests.moving", static_folder=None)
        app.config.update(JWT_SECRET_KEY=SECRET)
        app.config.update(config)
        bridge.JWTManager(app)
        return app

    return make
