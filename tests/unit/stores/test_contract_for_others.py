"""A store of one's own inherits the suite that ours pass; where it breaks a promise, it fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

OWN = """
import pytest

from jwtpolicy.stores import MemoryStore, Opening
from jwtpolicy.testing import TokenStoreContract


class OwnStore(MemoryStore):
    {body}


class TestOwnStore(TokenStoreContract):
    @pytest.fixture
    def store(self):
        return OwnStore()
"""

BROKEN = {
    "a_revoked_token_is_revoked": "def revoke_token(self, *ids, **times): pass",
    "revoking_a_subject_ends_its_sessions": "def revoke_subject(self, *ids, **times): pass",
    "of_many_threads_one_consumes": "def consume(self, *ids, **times): return True",
    "a_session_id_is_taken_once": "def open_session(self, session, **more): return Opening.OPENED",
}


def run_contract(folder: Path, body: str) -> str:
    """Run the suite against a store with *body*, in a folder of its own, and return the output."""
    (folder / "test_own.py").write_text(OWN.format(body=body), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return run.stdout


def test_a_store_that_keeps_every_promise_passes(tmp_path: Path) -> None:
    output = run_contract(tmp_path, "pass")

    assert " passed" in output
    assert "failed" not in output


@pytest.mark.parametrize(("promise", "body"), BROKEN.items())
def test_a_broken_promise_is_named(tmp_path: Path, promise: str, body: str) -> None:
    output = run_contract(tmp_path, body)

    assert f"test_{promise}" in output
    assert " failed" in output


def test_a_failing_comparison_shows_both_sides(tmp_path: Path) -> None:
    output = run_contract(tmp_path, BROKEN["a_revoked_token_is_revoked"])

    assert "assert <TokenStatus.GOOD: 'good'> is <TokenStatus.REVOKED: 'revoked'>" in output
