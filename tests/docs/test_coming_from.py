"""The page for those who come from Flask-JWT-Extended names everything that they have."""

from __future__ import annotations

import re
from pathlib import Path

import flask_jwt_extended as original
import pytest
from flask import Flask

from jwtpolicy.compat.flask_jwt_extended import JWTManager
from jwtpolicy.compat.flask_jwt_extended.config import SWITCHES
from tests.support.paths import DOCS

PAGE = (DOCS / "howto" / "from-flask-jwt-extended.rst").read_text(encoding="utf-8")
NAMED = set(re.findall(r"\w+", PAGE))

NAMES = sorted(name for name in vars(original) if callable(getattr(original, name)))
LOADERS = sorted(name for name in vars(original.JWTManager) if name.endswith("_loader"))


def options() -> list[str]:
    """Return what the original library puts into an application's settings."""
    app = Flask("original")
    before = set(app.config)
    original.JWTManager(app)
    return sorted(set(app.config) - before)


def test_it_has_what_the_original_has() -> None:
    assert (len(NAMES), len(LOADERS), len(options())) == (20, 15, 43)


@pytest.mark.parametrize("name", [*NAMES, *LOADERS, *options(), *SWITCHES])
def test_the_page_names(name: str) -> None:
    assert name in NAMED


@pytest.mark.parametrize("name", LOADERS)
def test_the_bridge_registers_every_loader(name: str) -> None:
    def callback() -> None:
        """Say nothing."""

    assert getattr(JWTManager(), name)(callback) is callback


def test_the_page_is_where_readers_look() -> None:
    assert "from-flask-jwt-extended" in (DOCS / "howto" / "index.rst").read_text("utf-8")
    readme = Path(DOCS.parent / "README.md").read_text(encoding="utf-8")
    assert "docs/howto/from-flask-jwt-extended.rst" in readme
