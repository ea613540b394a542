"""The issuer and the service of the example as two processes, while the key changes."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.support.paths import ROOT

FOLDER = ROOT / "examples"


@pytest.fixture(scope="module")
def output() -> str:
    """Return what the demo prints; it fails if any request is refused."""
    command = [sys.executable, "-m", "key_rotation.start"]
    run = subprocess.run(
        command, cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_new_key_signs_and_both_are_accepted(output: str) -> None:
    signed_by = re.findall(r"signed by (\S+)…", output)
    names = re.findall(r"kid (\S{8})", output)

    assert dict.fromkeys(signed_by) == dict.fromkeys(names)
    assert signed_by[-1] == names[0]
    assert output.count("['A lamp']") == len(signed_by)


@pytest.mark.parametrize("name", ["logins", "orders"])
def test_each_file_asks_the_question_that_it_answers(name: str) -> None:
    lines = (FOLDER / "key_rotation" / f"{name}.py").read_text(encoding="utf-8").splitlines()

    assert lines[0].endswith('?"""')
    assert len(lines) <= 60
