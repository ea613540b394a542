"""Metadata, distributions, policies and the changelog say the same, and leave nothing out."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.pages import README
from tests.support.paths import DOCS, ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
INSTALL = (DOCS / "start" / "install.rst").read_text(encoding="utf-8")
STABILITY = (DOCS / "project" / "stability.rst").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def with_addresses() -> Callable[..., str]:
    """Return the function of ``setup.py`` that makes the long description."""
    spec = importlib.util.spec_from_file_location("build_script", ROOT / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Callable[..., str] = module.with_addresses
    return made


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        pytest.param({}, "see Tutorial, [RFC](https://rfc.example) and LICENSE", id="no address"),
        pytest.param(
            {"Documentation": "https://docs.example/"},
            "see [Tutorial](https://docs.example/tutorial/index.html), "
            "[RFC](https://rfc.example) and LICENSE",
            id="pages",
        ),
        pytest.param(
            {"Source": "https://source.example"},
            "see [Tutorial](https://source.example/blob/HEAD/docs/tutorial/index.rst), "
            "[RFC](https://rfc.example) and [LICENSE](https://source.example/blob/HEAD/LICENSE)",
            id="repository",
        ),
    ],
)
def test_a_relative_link_becomes_an_address_or_plain_text(
    with_addresses: Any, urls: dict[str, str], expected: str
) -> None:
    links = "[Tutorial](docs/tutorial/index.rst), [RFC](https://rfc.example) and [LICENSE](LICENSE)"

    assert with_addresses(f"see {links}", urls) == expected


#: Below the folders that are shipped: what running and building leaves there.
MADE = ("_build", "__pycache__", "instance", "results")


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of a source distribution, built from a copy of this checkout."""
    source = tmp_path_factory.mktemp("source") / "copy"
    shutil.copytree(ROOT, source, ignore=_unshipped)
    build = "from setuptools.build_meta import build_sdist; build_sdist('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    with tarfile.open(next(source.glob("dist/*.tar.gz"))) as archive:
        files = [member for member in archive.getmembers() if member.isfile()]
        return {file.name.partition("/")[2]: archive.extractfile(file).read() for file in files}  # type: ignore[union-attr] # they are files


def _unshipped(folder: str, names: list[str]) -> set[str]:
    """Return what nobody wrote; the environment and the repository are large."""
    is_top = Path(folder) == ROOT
    shown = {".ci", ".github", ".gitignore", ".pre-commit-config.yaml"}
    hidden = {name for name in names if name.startswith(".") and name not in shown}
    return hidden | {"build", "dist"} if is_top else {name for name in names if name in MADE}


def test_pages_tests_and_examples_are_in_the_source_distribution(sdist: dict[str, bytes]) -> None:
    written = {
        path.relative_to(ROOT).as_posix()
        for folder in ("benchmarks", "docs", "examples", "tests")
        for path in (ROOT / folder).rglob("*.*")
        if path.is_file() and path.suffix != ".pyc" and not {*MADE} & {*path.parts}
    }

    assert written - sdist.keys() == set()
    assert {"Makefile", ".ci/run", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"} <= sdist.keys()
    assert [name for name in sdist if "__pycache__" in name or ".sqlite3" in name] == []


def test_the_long_description_is_the_readme_without_relative_links(sdist: Any) -> None:
    _, _, description = sdist["PKG-INFO"].decode().partition("\n\n")

    assert re.findall(r"\]\((?!https?://)[^)]*\)", description) == []
    assert description.splitlines()[0] == README.splitlines()[0]
    assert "](docs/" in README


def test_the_pages_and_the_policy_say_whether_there_is_an_address() -> None:
    """Whoever adds the first address to ``[project.urls]`` has to say so in all of them."""
    has_none = PROJECT["urls"] == {}

    assert ("It is not on a package index yet" in README) is has_none
    assert ("The package is not on a package index yet" in INSTALL) is has_none
    assert ("No address for reports exists yet" in SECURITY) is has_none
    assert all(url in SECURITY for name, url in PROJECT["urls"].items() if name == "Security")


def test_the_changelog_begins_with_the_version_of_the_metadata() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = r"^## (\d+\.\d+\.\d+), (?:not released yet|\d{4}-\d\d-\d\d)$"
    first, *_ = re.findall(heading, changelog, re.MULTILINE)

    assert first == PROJECT["version"]
    assert f"version {first}," in README


def test_the_readme_names_the_pythons_that_are_classified() -> None:
    classified = [name.rpartition(" ")[2] for name in PROJECT["classifiers"] if ":: 3." in name]

    assert f"Python {classified[0]} to {classified[-1]}" in README


def test_the_pages_about_the_project_say_where_to_go_on() -> None:
    assert ":doc:`supported-versions`" in STABILITY
    assert "docs/project/supported-versions.rst" in SECURITY
