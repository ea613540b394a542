"""Run the newest suite with the newest PyJWT in a fresh environment, to see what is coming."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

from tests.support.paths import ROOT

from .comparison import compare
from .figures import table
from .source import PACKAGE, SourceMissingError, download, lay_out
from .suite import SuiteError

NEEDED = ("flask", "pyjwt[crypto]", "pytest", "python-dateutil")


def newest() -> Iterator[str]:
    """Yield the figures of the newest versions; what stands in the way is only said."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            yield from figures_of_newest(Path(folder))
        except (SourceMissingError, SuiteError, subprocess.CalledProcessError, OSError) as error:
            yield f"the newest versions were not run: {error}"


def figures_of_newest(folder: Path) -> Iterator[str]:
    """Yield the versions, the table, and the cases that ended differently."""
    python = make_environment(folder / "venv")
    archive = download(PACKAGE, folder, python=python)
    results = compare(lay_out(archive, folder), python)
    yield f"{archive.name.removesuffix('.tar.gz')}, PyJWT {version(python, 'pyjwt')}"
    yield from table(results)
    yield from (f"  {text}" for result in results for text in result.complaints)


def make_environment(folder: Path) -> str:
    """Return the interpreter of a new environment with the newest of everything and this library.

    Raises:
        subprocess.CalledProcessError: Something could not be installed.
    """
    venv.create(folder, with_pip=True)
    python = str(folder / ("Scripts" if sys.platform == "win32" else "bin") / "python")
    install = [python, "-m", "pip", "install", "--editable", str(ROOT), *NEEDED]
    subprocess.run(install, check=True, capture_output=True)
    return python


def version(python: str, package: str) -> str:
    """Return the version of *package* that is installed for *python*."""
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()
