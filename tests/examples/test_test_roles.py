"""The example of tests with a database, as a reader runs it: beside the application it tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.examples import SINGLE_FILES
from tests.support.paths import ROOT


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., str]:
    """Return what runs the tests in an empty folder, and returns what pytest says."""

    def run_tests(url: str = "sqlite://") -> str:
        for name in ("roles_sqlalchemy", "test_roles"):
            source = SINGLE_FILES[name].read_text(encoding="utf-8")
            (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        # The plugin by its name: whoever runs a checkout may not have installed its entry point.
        options = ["-p", "no:cacheprovider", "-p", "pytest_jwtpolicy", "--rootdir=."]
        settings = {"JWT_SECRET_KEY": os.urandom(48).hex(), "DATABASE_URL": url}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, "test_roles.py"],
            cwd=tmp_path,
            env={**os.environ, **settings, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    return run_tests


def test_all_tests_of_the_example_pass(run: Callable[..., str]) -> None:
    assert "2 passed" in run()


def test_they_do_not_touch_the_real_database(run: Callable[..., str], tmp_path: Path) -> None:
    output = run(url=f"sqlite:///{tmp_path}/shop.sqlite3")

    assert "2 errors" in output
    assert not (tmp_path / "shop.sqlite3").exists()
