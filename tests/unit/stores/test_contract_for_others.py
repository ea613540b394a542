"""A store of one's own inherits the suite that ours pass; where it breaks a promise, it fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAD = """
import pytest

from jwtpolicy.stores import MemoryStore, Opening
from jwtpolicy.testing import TokenStoreContract
"""

OWN = """

class {name}(MemoryStore):
    {body}


class Test{name}(TokenStoreContract):
    @pytest.fixture
    def store(self):
        return {name}()
"""

BROKEN = {
    "a_revoked_token_is_revoked": "def revoke_token(self, *ids, **times): pass",
    "revoking_a_subject_ends_its_sessions": "def revoke_subject(self, *ids, **times): pass",
    "of_many_threads_one_consumes": "def consume(self, *ids, **times): return True",
    "an_adopted_token_that_was_revoked_is_not_adopted_again": (
        "def adopt(self, ref, session, **more): return super().adopt(ref, session, **more) or "
        "self.session(session.issuer, session.session_id, now=session.last_used_at)"
    ),
    "a_session_id_is_taken_once": "def open_session(self, session, **more): return Opening.OPENED",
}


def run_contract(folder: Path, stores: dict[str, str], *options: str) -> str:
    """Run the suite against stores of these names and bodies, in a folder; return the output."""
    classes = [OWN.format(name=name, body=body) for name, body in stores.items()]
    (folder / "test_own.py").write_text("".join([HEAD, *classes]), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."]
    run = subprocess.run(
        [*command, *options], cwd=folder, capture_output=True, text=True, check=False
    )
    return run.stdout


@pytest.fixture(scope="module")
def of_broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the output for stores that break a promise each, whose names are the promises."""
    asked = " or ".join(f"(Test{promise} and test_{promise})" for promise in BROKEN)
    return run_contract(tmp_path_factory.mktemp("broken"), BROKEN, "-k", asked)


def test_a_store_that_keeps_every_promise_passes(tmp_path: Path) -> None:
    output = run_contract(tmp_path, {"Own": "pass"})

    assert " passed" in output
    assert "failed" not in output


@pytest.mark.parametrize("promise", BROKEN)
def test_a_broken_promise_is_named(of_broken: str, promise: str) -> None:
    assert f"FAILED test_own.py::Test{promise}::test_{promise}" in of_broken


def test_a_failing_comparison_shows_both_sides(of_broken: str) -> None:
    assert "assert <TokenStatus.GOOD: 'good'> is <TokenStatus.REVOKED: 'revoked'>" in of_broken
