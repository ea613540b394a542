"""Render the registered claims with their JSON types."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tables import table_lines

from jwtpolicy.tokens import claims

if TYPE_CHECKING:
    from sphinx.application import Sphinx

TABLE = Path(__file__).parents[1] / "reference/data/claims.toml"

#: What JSON calls the types of Python.
_NAMES = {str: "text", int: "number", float: "number", bool: "boolean", list: "array of text"}


@cache
def the_table() -> dict[str, dict[str, str]]:
    """Return what ``claims.toml`` says, by claim."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def known() -> set[str]:
    """Return the names of all claims that the library knows."""
    return {*claims.RESERVED_CLAIMS, claims.CARRIED, *claims._TYPES}


def claim_rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield a row for each claim."""
    yield ("claim", "JSON", "says", "comes from")
    for name, row in the_table().items():
        yield (f"``{name}``", type_of(name), row["says"], row["from"])


def type_of(name: str) -> str:
    """Return the JSON types that a claim may have; objects are not looked into."""
    types = claims._TYPES.get(name, ())
    names = sorted({_NAMES[each] for each in types}, reverse=True)
    return " or ".join(names) or "object"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive of the claims."""
    from tables import Table

    class Claims(Table):
        """Insert the table of claims."""

        lines = staticmethod(lambda: table_lines(claim_rows(), "12 14 44 30"))

    app.add_directive("claims-table", Claims)
    return {"parallel_read_safe": True}
