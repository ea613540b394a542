"""The pytest plugin gives a client of the user's own application, and is light until then."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.paths import ROOT

CONFTEST = """
import secrets
import pytest
from flask import Flask
from jwtpolicy import JWTManager, current_token, protect

@pytest.fixture(scope="module")
def app():
    app = Flask(__name__)
    app.config.update(TESTING=True, JWT_SECRET_KEY=secrets.token_urlsafe(48))
    JWTManager(app)
    app.get("/me")(protect()(lambda: current_token.subject))
    return app
"""

USED = """
def test_first(jwt_client):
    bob = jwt_client.as_user("bob")
    assert bob.get("/me").text == "bob"
    bob.wait(10_000)
    assert bob.get("/me").status_code == 401

def test_the_clock_was_put_back(jwt_client, app):
    import time
    assert app.extensions["jwtpolicy"].parts.clock() < time.time() + 5_000
"""

NOT_USED = """
import sys

def test_nothing_of_ours_is_imported():
    assert "pytest_jwtpolicy" in sys.modules
    assert not [name for name in sys.modules if name.split(".")[0] in ("jwtpolicy", "flask")]
"""

WITHOUT_APP = "def test_it(jwt_client): pass"

BROKEN_APP = """
import pytest

@pytest.fixture
def app(database):
    return database

def test_it(jwt_client): pass
"""


def run(folder: Path, test: str, conftest: str = "") -> str:
    """Run a test file with the plugin alone, in a process of its own; return what pytest says."""
    (folder / "conftest.py").write_text(conftest, encoding="utf-8")
    (folder / "test_it.py").write_text(test, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "pytest_jwtpolicy", "-p", "no:cacheprovider"]
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    done = subprocess.run(
        [*command, "-q", "."],
        cwd=folder,
        env={**os.environ, **alone},
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


def test_the_fixture_is_a_client_of_the_application_with_a_clock(tmp_path: Path) -> None:
    assert "2 passed" in run(tmp_path, USED, CONFTEST)


def test_nothing_is_imported_before_a_test_uses_it(tmp_path: Path) -> None:
    assert "1 passed" in run(tmp_path, NOT_USED)


def test_without_an_application_the_error_says_what_to_write(tmp_path: Path) -> None:
    told = run(tmp_path, WITHOUT_APP)

    assert "jwt_client needs a fixture called app that returns your Flask application" in told
    assert "1 error" in told


def test_an_error_inside_of_the_own_fixture_stays_that_error(tmp_path: Path) -> None:
    told = run(tmp_path, BROKEN_APP)

    assert "fixture 'database' not found" in told
    assert "jwt_client needs" not in told


def test_the_plugin_is_declared_by_the_name_of_its_module() -> None:
    """So that naming it on the command line, too, registers it once."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert project["project"]["entry-points"]["pytest11"] == {
        "pytest_jwtpolicy": "pytest_jwtpolicy"
    }
    assert project["tool"]["setuptools"]["py-modules"] == ["pytest_jwtpolicy"]


@pytest.mark.parametrize("module", ["pytest", "hypothesis", "_pytest"])
def test_the_kit_needs_no_library_of_tests(module: str) -> None:
    code = f"import sys, jwtpolicy.testing; print({module!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "False"


def test_the_contracts_are_there_when_they_are_asked_for() -> None:
    """Twice, too: pytest warns where it cannot rewrite assertions any more."""
    import jwtpolicy.testing as kit

    found = [kit.TokenStoreContract, kit.TokenStoreContract]

    assert [one.__name__ for one in found] == ["TokenStoreContract", "TokenStoreContract"]
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        kit.nothing  # noqa: B018
