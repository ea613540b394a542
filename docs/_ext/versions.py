"""Show what can be installed, and with which versions it is tested, as tables.

All of it stands in ``pyproject.toml`` and ``.ci/matrix``; only what an extra is for is said here.
The test suite imports this module too: only `setup` needs Sphinx.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tables import table_lines

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
MATRIX = (ROOT / ".ci" / "matrix").read_text(encoding="utf-8")

#: What each extra is for. `tests/docs/test_versions.py` compares the names.
PURPOSES = {
    "async": "policies, loaders and views that are ``async def``",
    "migrate": "nothing any more: ``flask jwtpolicy migrate`` needs no extra",
    "mysql": "sessions in MySQL or MariaDB",
    "postgresql": "sessions in PostgreSQL",
    "redis": "sessions in Redis or Valkey",
    "sqlalchemy": "sessions in a database of which you have the driver already",
    "testing": "property tests, and tests of a store or transport of your own",
    "all": "all of these but ``testing``",
}

NEWEST, LOWEST = "the newest libraries", "the lowest versions that are allowed"


def extra_rows() -> Iterator[tuple[str, ...]]:
    """Yield a row for each extra: what it is for, and what it brings along."""
    yield ("install", "for", "brings along")
    for name, packages in PROJECT["optional-dependencies"].items():
        brings = ", ".join(f"``{package}``" for package in packages) or "nothing"
        yield (f'``pip install "jwtpolicy[{name}]"``', PURPOSES[name], brings)


def needs() -> str:
    """Return what is installed in any case, with the lowest versions that are allowed."""
    return ", ".join(f"``{package}``" for package in PROJECT["dependencies"])


def tested_pythons() -> dict[str, list[str]]:
    """Return the Pythons that are tested, each with the libraries that it is tested with."""
    (lowest,) = re.findall(r"find_python (3\.\d+)", MATRIX)
    (others,) = re.findall(r"for version in ([\d. ]+);", MATRIX)
    return {lowest: [NEWEST, LOWEST], **{other: [NEWEST] for other in others.split()}}


def python_rows() -> Iterator[tuple[str, ...]]:
    """Yield a row for each Python that is tested."""
    yield ("Python", "tested with")
    for python, libraries in tested_pythons().items():
        yield (python, " and ".join(libraries))


def lowest_rows() -> Iterator[tuple[str, ...]]:
    """Yield a row for each library whose lowest version is tested."""
    yield ("library", "lowest version")
    for package in _packages():
        name, _, version = package.partition(">=")
        yield (f"``{name}``", version)


def _packages() -> Iterator[str]:
    """Yield what the package and its extras need, without what tests need and our own extras."""
    yield from PROJECT["dependencies"]
    for name, packages in PROJECT["optional-dependencies"].items():
        if name != "testing":
            yield from (each for each in packages if not each.startswith("jwtpolicy["))


#: The tables, by the directive that inserts them.
TABLES = {
    "extras-table": (extra_rows, "34 33 33"),
    "pythons-table": (python_rows, "20 80"),
    "lowest-table": (lowest_rows, "50 50"),
}


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    from tables import Table

    for name, (rows, widths) in TABLES.items():
        lines = staticmethod(lambda rows=rows, widths=widths: table_lines(rows(), widths))
        app.add_directive(name, type(name, (Table,), {"lines": lines}))
    app.add_directive(
        "needed", type("Needed", (Table,), {"lines": staticmethod(lambda: iter([needs()]))})
    )
    return {"parallel_read_safe": True}
