"""The kit works without hypothesis, but for its strategies, which say what to install."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from jwtpolicy.testing import strategies


def test_the_strategies_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)

    with pytest.raises(ImportError, match=r"pip install 'jwtpolicy\[testing\]'"):
        importlib.reload(strategies)


def test_the_rest_needs_none() -> None:
    without = "import sys; sys.modules['hypothesis'] = None; import jwtpolicy.testing as kit"
    done = subprocess.run([sys.executable, "-c", f"{without}; kit.TransportContract"], check=False)

    assert done.returncode == 0
