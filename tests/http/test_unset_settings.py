"""An application reads settings that another library had filled in: it is told before it fails."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from jwtpolicy.compat.flask_jwt_extended import JWTManager
from tests.support.applications import SECRET

FACTORY = """
from flask import Flask
from .views import bp

def create_app():
    app = Flask(__name__)
    app.register_blueprint(bp)
    return app
"""
VIEWS = """
import os
from flask import Blueprint, current_app
bp = Blueprint("views", __name__)

@bp.get("/")
def index():
    return "in"

@bp.post("/login")
def login():
    {line}
"""
_number = count()


@pytest.fixture
def make_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Flask]:
    """Return a factory of applications whose login has one line; keywords are settings."""

    def make(line: str, **settings: Any) -> Flask:
        name = f"shop{next(_number)}"
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(FACTORY)
        (tmp_path / name / "views.py").write_text(VIEWS.replace("{line}", line))
        monkeypatch.syspath_prepend(tmp_path)
        app: Flask = importlib.import_module(name).create_app()
        app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, **settings)
        JWTManager(app)
        return app

    return make


def warnings_of(app: Flask, caplog: pytest.LogCaptureFixture) -> list[str]:
    with caplog.at_level(logging.WARNING, "jwtpolicy"):
        assert [app.test_client().get("/").text for _ in range(2)] == ["in", "in"]
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("read", "default"),
    [
        ('current_app.config["JWT_IDENTITY_CLAIM"]', "'sub'"),
        ("current_app.config.get('JWT_IDENTITY_CLAIM')", "'sub'"),
        ('current_app.config["JWT_ACCESS_TOKEN_EXPIRES"]', "datetime.timedelta(seconds=900)"),
        ('current_app.config["JWT_COOKIE_DOMAIN"]', "None"),
    ],
)
def test_what_is_read_and_not_set_is_told_by_the_first_request(
    make_shop: Any, caplog: Any, read: str, default: str
) -> None:
    """K35: where it is read and what to write; not first by the login that fails."""
    app = make_shop(read)
    key = read.split('"' if '"' in read else "'")[1]

    told = f"{app.import_name}.views:12 reads {key}, which nobody has set; "
    assert warnings_of(app, caplog) == [
        told + f"write app.config.setdefault({key!r}, {default})",
    ]


@pytest.mark.parametrize(
    "line",
    [
        'current_app.config["JWT_IDENTITY_CLAIM"] = "id"',
        'current_app.config.get("JWT_IDENTITY_CLAIM", "sub")',
        'current_app.config.setdefault("JWT_IDENTITY_CLAIM", "sub")',
        'os.environ["JWT_IDENTITY_CLAIM"]',
        'current_app.config["JWT_OF_OUR_OWN"]',
        '# current_app.config["JWT_IDENTITY_CLAIM"]\n    pass',
        'current_app.config["JWT_HEADER_NAME"]',
    ],
)
def test_what_cannot_fail_is_not_told(make_shop: Any, caplog: Any, line: str) -> None:
    """K35: the accepted twins."""
    assert warnings_of(make_shop(line, JWT_HEADER_NAME="X-Token"), caplog) == []


def test_modules_of_other_packages_are_not_looked_at(make_shop: Any, caplog: Any) -> None:
    make_shop('current_app.config["JWT_IDENTITY_CLAIM"]')

    assert warnings_of(make_shop("pass"), caplog) == []


@pytest.mark.parametrize("source", [None, 'JWT_ config["', "JWT_\0", "JWT_ \x80"])
def test_a_module_without_readable_source_is_passed_over(
    make_shop: Any, caplog: Any, tmp_path: Path, source: str | None
) -> None:
    app = make_shop('current_app.config["JWT_IDENTITY_CLAIM"]')
    path = tmp_path / app.import_name / "views.py"
    path.unlink()
    if source is not None:
        path.write_text(source, "latin-1")

    assert warnings_of(app, caplog) == []
