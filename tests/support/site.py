"""Build the pages as a reader gets them, once for all processes that share the tests."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import DOCS

#: Pages that Sphinx makes of itself: lists of names, and the source.
_SPHINX = ("_modules/", "genindex.html", "py-modindex.html", "search.html")


def built_pages(shared: Path) -> Path:
    """Return the folder of the rendered pages, below *shared*; the first who asks builds them.

    The test fails where Sphinx has warned of something, or could not build the pages.

    Args:
        shared: A folder that is the same in all processes of one run of the tests, and new.
    """
    pages, said = shared / "pages", shared / "pages.txt"
    with (shared / "pages.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # given back when the file is closed
        if not said.exists():
            command = [sys.executable, "-m", "sphinx", "-n", "-W", "--keep-going", "-q"]
            done = subprocess.run(
                [*command, "-b", "html", "-d", shared / "doctrees", DOCS, pages],
                capture_output=True,
                text=True,
            )
            said.write_text(done.stderr if done.returncode else "", encoding="utf-8")
    if problems := said.read_text(encoding="utf-8"):
        pytest.fail(problems, pytrace=False)
    return pages


def pages_in(site: Path) -> list[str]:
    """Return the names of the pages that somebody has written, from the root of *site*."""
    names = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return [name for name in names if not name.startswith(_SPHINX)]
