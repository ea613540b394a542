"""Extras, versions and Pythons stand in the metadata and the matrix, and pages show no others."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.pages import README
from tests.support.paths import DOCS, ROOT

sys.path.insert(0, str(DOCS / "_ext"))

import versions  # the folder of Sphinx's extensions is no package

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
INSTALL = (DOCS / "start" / "install.rst").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^   \$ (.+)\n((?:   [^$\s].*\n)*)", INSTALL, re.MULTILINE)


def test_every_extra_has_a_row_with_what_it_is_for() -> None:
    _, *rows = versions.extra_rows()

    assert list(versions.PURPOSES) == list(PROJECT["optional-dependencies"])
    assert [row[1] for row in rows] == list(versions.PURPOSES.values())


@pytest.mark.parametrize("extra", [name for name in versions.PURPOSES if name != "migrate"])
def test_the_readme_names_every_extra_that_brings_something(extra: str) -> None:
    assert f"[{extra}]" in README


def test_what_is_needed_in_any_case_is_what_the_metadata_say() -> None:
    assert versions.needs() == "``flask>=3.0``, ``pyjwt[crypto]>=2.15``, ``marshmallow>=3.26.2``"
    assert len(PROJECT["dependencies"]) == 3


def test_the_pythons_are_those_of_the_classifiers_and_of_the_matrix() -> None:
    classified = [name.rpartition(" ")[2] for name in PROJECT["classifiers"] if ":: 3." in name]

    assert list(versions.tested_pythons()) == classified
    assert PROJECT["requires-python"] == f">={classified[0]}"
    assert f"Python {classified[0]} or newer" in INSTALL


def test_the_lowest_versions_are_those_that_the_matrix_pins() -> None:
    """An extra whose driver is not pinned there is tested with the newest one."""
    pinned = dict(re.findall(r"([\w\[\]-]+)==([\d.]+)", versions.MATRIX))
    _, *rows = versions.lowest_rows()
    lowest = {name.strip("`"): version for name, version in rows}

    wrong = {
        name: version
        for name, version in lowest.items()
        if name in pinned and not f"{pinned[name]}.0".startswith(f"{version}.")
    }

    assert wrong == {}
    assert {"flask", "pyjwt[crypto]", "marshmallow"} <= pinned.keys()


def run(command: str, folder: Path) -> str:
    """Return what a shell with this environment's programs prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def test_the_page_asks_two_commands() -> None:
    assert len(COMMANDS) == 2


@pytest.mark.parametrize(("command", "expected"), COMMANDS)
def test_a_command_prints_what_the_page_shows(command: str, expected: str, tmp_path: Path) -> None:
    first, *_ = run(command, tmp_path).splitlines()

    assert first == expected.strip()
