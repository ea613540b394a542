"""Every command that is offered exists."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys

import pytest

from tests.docs.test_readme import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)


def test_every_offered_target_is_phony() -> None:
    """A folder of the same name, such as ``docs`` or ``examples``, would hide it."""
    phony = re.search(r"^\.PHONY:((?:.*\\\n)*.*)", MAKEFILE, re.MULTILINE)

    assert phony is not None
    assert set(TARGETS) == set(phony[1].replace("\\", " ").split())


@pytest.mark.parametrize("module", re.findall(r"python -m ((?:benchmarks|examples)\S*)", MAKEFILE))
def test_every_module_that_make_starts_is_there(module: str) -> None:
    examples = [path.parent.name for path in ROOT.glob("examples/*/__main__.py")]
    for example in examples:
        started = module.replace("$(EXAMPLE)", example)
        assert importlib.util.find_spec(started) is not None
    assert set(examples) == {"notes", "board"}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_every_target_that_a_page_names_is_there(page: str) -> None:
    named = re.findall(r"\bmake ([a-z-]+)\b", (ROOT / page).read_text(encoding="utf-8"))

    assert named
    assert set(named) <= set(TARGETS)


def test_the_load_benchmark_answers_for_both_stores() -> None:
    command = [sys.executable, "-m", "benchmarks.load", "--sizes", "20", "--look-ups", "30"]

    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)

    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["store", "MemoryStore", "SQLiteStore"]
