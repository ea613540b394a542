"""Applications of several shapes move over, and their own tests pass before and after."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jwtpolicy.cli import jwtpolicy
from tests.support.applications import SECRET

SHAPES = Path(__file__).with_name("shapes")
NAMES = sorted(path.name for path in SHAPES.iterdir() if (path / "check.py").exists())


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """Return what copies an application to where it can be changed and imported."""
    monkeypatch.setenv("JWT_SECRET_KEY", SECRET)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def copy(name: str) -> Path:
        ignored = shutil.ignore_patterns("__pycache__")
        return Path(shutil.copytree(SHAPES / name, tmp_path / f"shape_{name}", ignore=ignored))

    yield copy
    for name in set(sys.modules) - before:
        if name.startswith("shape_"):
            del sys.modules[name]


def migrate(folder: Path, to: str) -> Result:
    return CliRunner().invoke(jwtpolicy, ["migrate", "--write", "--to", to, str(folder)])


def check(folder: Path) -> int:
    """Run the application's own tests, and return how many there are."""
    module = importlib.import_module(f"{folder.name}.check")
    tests = [function for name, function in vars(module).items() if name.startswith("test_")]
    for test in tests:
        test()
    return len(tests)


def sources(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in folder.rglob("*.py")}


@pytest.mark.parametrize("name", NAMES)
def test_before_the_move_it_works(copied: Callable[[str], Path], name: str) -> None:
    assert check(copied(name)) > 0


@pytest.mark.parametrize("name", NAMES)
def test_on_the_bridge_it_works(copied: Callable[[str], Path], name: str) -> None:
    folder = copied(name)

    done = migrate(folder, "bridge")
    assert done.exit_code == 0, done.exception
    assert check(folder) > 0
    assert not any("import flask_jwt" in text for text in sources(folder).values())


@pytest.mark.parametrize("through", ["", "bridge"])
@pytest.mark.parametrize("name", NAMES)
def test_on_the_native_api_it_works(copied: Callable[[str], Path], name: str, through: str) -> None:
    """K42."""
    folder = copied(name)
    if through:
        migrate(folder, through)

    done = migrate(folder, "native")
    assert done.exit_code == 0, (done.output, done.exception)
    assert not any("flask_jwt_extended" in text for text in sources(folder).values())
    assert check(folder) > 0
