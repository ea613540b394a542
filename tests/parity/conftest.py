"""Offer an application as it runs in production, where nothing but its answers can be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import JWTManager


@pytest.fixture
def make_site(make_app: Any) -> Callable[..., tuple[Flask, JWTManager[Any]]]:
    """Return a factory like ``make_app``, of applications that answer 500 instead of raising."""

    def make(**settings: Any) -> tuple[Flask, JWTManager[Any]]:
        app, jwt = make_app(**settings)
        app.config["PROPAGATE_EXCEPTIONS"] = False
        return app, jwt

    return make
