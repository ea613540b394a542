"""The pages for those who come from Flask-JWT-Extended name everything that they have."""

from __future__ import annotations

import re
from pathlib import Path

import flask_jwt_extended as original
import pytest
from flask import Flask

import jwtpolicy
from jwtpolicy import exceptions
from jwtpolicy.compat.flask_jwt_extended import JWTManager
from jwtpolicy.compat.flask_jwt_extended.config import SWITCHES
from tests.support.paths import DOCS

#: The pages about the change of the import, and of the names.
IMPORT, NAMES_PAGE = (
    (DOCS / "howto" / f"from-flask-jwt-extended{part}.rst").read_text(encoding="utf-8")
    for part in ("", "-names")
)
PARTS = ("from-flask-jwt-extended-routes", "from-flask-jwt-extended-names")
NAMED = set(re.findall(r"\w+", IMPORT + NAMES_PAGE))

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
def test_a_page_names(name: str) -> None:
    assert name in NAMED


@pytest.mark.parametrize("name", LOADERS)
def test_the_bridge_registers_every_loader(name: str) -> None:
    def callback() -> None:
        """Say nothing."""

    assert getattr(JWTManager(), name)(callback) is callback


def test_what_the_table_names_as_ours_is_there() -> None:
    verbs = set(re.findall(r"``@?jwt\.(\w+)", NAMES_PAGE))
    errors = set(re.findall(r"errorhandler\((\w+)\)", NAMES_PAGE))

    assert [name for name in verbs if not hasattr(jwtpolicy.JWTManager, name)] == []
    assert [name for name in errors if not hasattr(exceptions, name)] == []
    assert (len(verbs), len(errors)) >= (14, 7)


def test_the_pages_are_where_readers_look() -> None:
    index = (DOCS / "howto" / "index.rst").read_text("utf-8").split()
    assert {"from-flask-jwt-extended", *PARTS} <= set(index)
    assert all(f":doc:`{part}`" in IMPORT for part in PARTS)
    readme = Path(DOCS.parent / "README.md").read_text(encoding="utf-8")
    assert "docs/howto/from-flask-jwt-extended.rst" in readme
