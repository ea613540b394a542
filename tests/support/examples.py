"""The examples of one file each: run one as its reader would, in an empty folder."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.pages import ENVIRONMENT
from tests.support.paths import ROOT

#: Every example of one file, by its name; the others are folders.
SINGLE_FILES = {
    path.stem: path
    for path in sorted((ROOT / "examples").glob("*.py"))
    if path.stem not in {"__init__", "secret"}
}


def run_example(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, **environment: str
) -> ModuleType:
    """Run the file at *path* in *folder*, as ``python file.py`` and ``flask run`` do.

    Secrets and passwords are in the environment, as on a server, and what *environment* adds.
    """
    monkeypatch.chdir(folder)
    for name, size in ENVIRONMENT.items():
        monkeypatch.setenv(name, environment.get(name, secrets.token_urlsafe(size)))
    for name in environment.keys() - ENVIRONMENT.keys():
        monkeypatch.setenv(name, environment[name])
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, path.stem, module)
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), vars(module))
    return module


@contextmanager
def running_example(
    name: str, folders: pytest.TempPathFactory, **environment: str
) -> Iterator[ModuleType]:
    """Run an example once for all tests of a module, since it hashes passwords when it starts."""
    with pytest.MonkeyPatch.context() as patch:
        yield run_example(SINGLE_FILES[name], folders.mktemp(name), patch, **environment)
