"""``TESTING`` that comes after `init_app`, as Flask's own fixtures set it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from jwtpolicy import JWTManager, protect
from tests.support.applications import SECRET
from tests.support.requests import bearer


def factory(path: Path, **config: Any) -> tuple[Flask, JWTManager[Any]]:
    app = Flask("shop", instance_path=str(path))
    app.config.update(JWT_SECRET_KEY=SECRET, **config)
    jwt: JWTManager[Any] = JWTManager(app)
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    return app, jwt


def asked(app: Flask, jwt: JWTManager[Any]) -> int:
    with app.app_context():
        headers = bearer(jwt.issue("ada"))
    client = app.test_client()
    return {client.get("/", headers=headers).status_code for _ in range(2)}.pop()


def test_it_is_told_that_all_tests_share_a_file(tmp_path: Path, caplog: Any) -> None:
    """K39: a store is part of what a test stands on, like the clock."""
    app, jwt = factory(tmp_path)
    app.config.update(TESTING=True)

    assert asked(app, jwt) == 200
    [record] = caplog.records
    assert "shop: TESTING was set after init_app" in record.getMessage()
    assert str(tmp_path / "jwtpolicy.sqlite3") in record.getMessage()


@pytest.mark.parametrize(
    ("early", "late"),
    [
        pytest.param({"TESTING": True}, {}, id="before"),
        pytest.param({"JWT_STORE_URL": "memory://"}, {"TESTING": True}, id="a store was named"),
        pytest.param({}, {}, id="no test"),
    ],
)
def test_nothing_is_told_where_nobody_shares_by_accident(
    tmp_path: Path, caplog: Any, early: dict[str, Any], late: dict[str, Any]
) -> None:
    app, jwt = factory(tmp_path, **early)
    app.config.update(late)

    assert (asked(app, jwt), caplog.text) == (200, "")
