"""The kit works without hypothesis, but for its strategies, which say what to install."""

from __future__ import annotations

import subprocess
import sys

WITHOUT = "import sys; sys.modules['hypothesis'] = None; import jwtpolicy.testing"


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_the_strategies_say_what_to_install() -> None:
    done = run(f"{WITHOUT}; from jwtpolicy.testing import strategies")

    assert "ImportError: jwtpolicy.testing.strategies needs hypothesis" in done.stderr
    assert "pip install 'jwtpolicy[testing]'" in done.stderr


def test_the_rest_needs_none() -> None:
    assert run(f"{WITHOUT}; jwtpolicy.testing.TokenStoreContract").returncode == 0
