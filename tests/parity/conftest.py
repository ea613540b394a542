"""Offer an application as it runs in production, where nothing but its answers can be seen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.applications import AppAndManager, MakeApp


@pytest.fixture
def make_site(make_app: MakeApp) -> MakeApp:
    """Return a factory like ``make_app``, of applications that answer 500 instead of raising."""

    def make(**settings: Any) -> AppAndManager:
        app, jwt = make_app(**settings)
        app.config["PROPAGATE_EXCEPTIONS"] = False
        return app, jwt

    return make
