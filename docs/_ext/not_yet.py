"""Show what this version lacks, from the one list of it.

The test suite imports this module too: only `setup` needs Sphinx.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FILE = Path(__file__).parents[1] / "reference" / "data" / "not-yet.toml"


def lacks() -> dict[str, dict[str, Any]]:
    """Return what is not built yet, by a short name."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def lines() -> Iterator[str]:
    """Yield what is lacking as reStructuredText: what it is, and what can be done instead."""
    for entry in lacks().values():
        yield f"**{entry['title']}.** {entry['says']} *Instead:* {entry['instead']}"
        yield ""


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    from tables import Table

    app.add_directive("not-yet", type("NotYet", (Table,), {"lines": staticmethod(lines)}))
    return {"parallel_read_safe": True}
