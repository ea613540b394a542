"""What the page about tests prints is a test module: pytest runs it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.pages import code_of
from tests.support.paths import ROOT

PROMISES = [
    "test_no_broken_token_is_let_in",
    "test_guests_read_no_reports",
    "test_de_morgan",
    "TestOwnStore::test_a_token_is_consumed_once",
    "TestFormField::test_two_tokens_are_refused[the same]",
    "test_bob_sees_his_account_alone",
    "test_a_deletion_asks_for_the_password_again",
]


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what pytest prints of the page."""
    module = tmp_path_factory.mktemp("page") / "test_page.py"
    module.write_text(code_of("howto/test-your-application.rst"), encoding="utf-8")
    # The plugin by its name: whoever runs a checkout may not have installed its entry point.
    options = ["-v", "-p", "no:cacheprovider", "-p", "pytest_jwtpolicy", "--rootdir=."]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(module)],
        cwd=module.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize("promise", PROMISES)
def test_what_the_page_shows_is_found_by_pytest(output: str, promise: str) -> None:
    assert f"test_page.py::{promise} PASSED" in output


def test_nothing_on_the_page_fails(output: str) -> None:
    assert "FAILED" not in output
    assert "ERROR" not in output
