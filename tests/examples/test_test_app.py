"""The example of tests, as a reader runs it: beside the application that it tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.examples import SINGLE_FILES
from tests.support.pages import ENVIRONMENT
from tests.support.paths import ROOT


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., str]:
    """Return what runs the tests in an empty folder, and returns what pytest says."""

    def run_tests(*options: str, old: str = "", new: str = "") -> str:
        for name in ("owner", "test_app"):
            source = SINGLE_FILES[name].read_text(encoding="utf-8").replace(old, new)
            (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        # The plugin by its name: whoever runs a checkout may not have installed its entry point.
        command = ["-m", "pytest", "-p", "no:cacheprovider", "-p", "pytest_jwtpolicy", *options]
        secrets = {name: "x" * size for name, size in ENVIRONMENT.items()}
        environment = {**os.environ, **secrets, "JWT_SECRET_KEY": os.urandom(48).hex()}
        done = subprocess.run(
            [sys.executable, *command, "--rootdir=.", "test_app.py"],
            cwd=tmp_path,
            env={**environment, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    return run_tests


def test_all_tests_of_the_example_pass(run: Callable[..., str]) -> None:
    assert "12 passed" in run()


def test_a_policy_that_admits_too_many_is_noticed(run: Callable[..., str]) -> None:
    policy = 'method_policies = {"DELETE": Owns("owner")}'

    output = run("-k", "who_may", old=policy, new="method_policies = {}")

    assert "'ada': expected 403, found: the view would run" in output
    assert "1 failed, 5 passed" in output
