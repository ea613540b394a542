"""Every command that is offered exists."""

from __future__ import annotations

import csv
import importlib.util
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.load.__main__ import PLACES
from tests.support.paths import ROOT

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


def test_the_load_benchmark_measures_the_stores_that_it_is_told_to(tmp_path: Path) -> None:
    """Whatever is not installed is left out, so that the servers may be missing here."""
    stores = ["memory", "sqlite", "sqlalchemy-sqlite", "postgresql-partitioned", "redis"]
    command = [sys.executable, "-m", "benchmarks.load", "--quick", "--sizes", "20", "40"]

    done = subprocess.run(
        [*command, "--to", str(tmp_path), "--stores", *stores],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )

    left_out = re.findall(r"^left out: (\S+):", done.stderr, re.MULTILINE)
    with (tmp_path / "figures.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["store"]: row for row in csv.DictReader(file)}
    for title in (place.title for place in PLACES if place.name in {*stores} - {*left_out}):
        row = rows[title]
        assert all(row[column] for column in ("µs among 20", "µs among 40", "bytes: session"))
        assert "0" not in {row["look-ups/s"], row["rotations/s"]}
    assert (tmp_path / "setup.inc.rst").read_text("utf-8").startswith(platform.system())
