"""List the parts of the package and the way of a request, from ``docs/layers.toml``.

``python docs/_ext/layers.py`` prints the map; ``diagrams/layers.py`` draws it.
The test suite imports this module too: only `setup` needs Sphinx.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
MAP = ROOT / "docs/layers.toml"
PACKAGE = ROOT / "jwtpolicy"
PAGE = "project/architecture"


@cache
def the_map() -> dict[str, Any]:
    """Return what ``docs/layers.toml`` says."""
    return tomllib.loads(MAP.read_text(encoding="utf-8"))


def purpose(part: str) -> str:
    """Return the first line of a part's own docstring."""
    folder, module = PACKAGE / part / "__init__.py", PACKAGE / f"{part}.py"
    tree = ast.parse((folder if folder.exists() else module).read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").partition("\n")[0]


def text_lines() -> Iterator[str]:
    """Yield the map for a terminal; parts of one layer have one number."""
    for number, names in enumerate(the_map()["layers"], 1):
        for name in names:
            yield f"{number:2} {name:12} {purpose(name)}"


def table_lines() -> Iterator[str]:
    """Yield the parts as a reStructuredText table."""
    yield from (".. list-table::", "   :header-rows: 1", "   :widths: 15 85", "")
    yield from ("   * - part", "     - what it is for")
    for names in the_map()["layers"]:
        for name in names:
            yield from (f"   * - ``{name}``", f"     - {purpose(name)}")


def request_lines() -> Iterator[str]:
    """Yield where a request goes through as a reStructuredText list; numbers are the picture's."""
    for number, stop in enumerate(the_map()["request"], 1):
        yield f"{number}. ``{stop['part']}``: {stop['does']}"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives of the request's way and of the table."""
    from tables import Table

    class Request(Table):
        """Insert the list of where a request goes through."""

        lines = staticmethod(request_lines)

    class Parts(Table):
        """Insert the table of parts."""

        lines = staticmethod(table_lines)

    app.add_directive("layers-request", Request)
    app.add_directive("layers-table", Parts)
    # The map, or a docstring, may have changed though the page has not.
    app.connect("env-get-outdated", lambda *_: [PAGE])
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    print("\n".join(text_lines()))
