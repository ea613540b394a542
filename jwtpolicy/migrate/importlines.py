"""Write import statements, and add names to those that are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import libcst as cst

from .nodes import text_of

#: A name and what it is imported as.
Name = tuple[str, str]

#: Columns that a statement may have on one line.
_WIDTH = 88


def name_of(alias: cst.ImportAlias) -> Name:
    """Return the name that an alias imports, and what it is imported as."""
    name = text_of(alias.name)
    return name, text_of(alias.asname.name) if alias.asname else name


def lines(
    module: str, names: Iterable[Name], *, one_each: bool
) -> Iterator[cst.SimpleStatementLine]:
    """Yield the statements that import *names* from *module*, sorted."""
    if one_each:
        for name in sorted(names, key=lambda name: (name[0].lower(), name)):
            yield _line(module, [name])
    else:
        yield _line(module, sorted(names, key=_constants_first))


def _constants_first(name: Name) -> tuple[int, Name]:
    """Sort as isort does: constants, then classes, then the rest."""
    rank = 0 if name[0].isupper() else 1 if name[0][0].isupper() else 2
    return rank, name


def _line(module: str, names: list[Name]) -> cst.SimpleStatementLine:
    written = [name if name == alias else f"{name} as {alias}" for name, alias in names]
    text = f"from {module} import {', '.join(written)}"
    if len(text) > _WIDTH:
        text = f"from {module} import (\n" + "".join(f"    {name},\n" for name in written) + ")"
    return cst.ensure_type(cst.parse_statement(text), cst.SimpleStatementLine)


def with_names(line: cst.SimpleStatementLine, module: str, names: Iterable[Name]) -> cst.CSTNode:
    """Return *line*, which imports from *module*, with more names."""
    found = cst.ensure_type(line.body[0], cst.ImportFrom)
    aliases = () if isinstance(found.names, cst.ImportStar) else found.names
    there = {name_of(alias) for alias in aliases}
    if there.issuperset(names):
        return line
    made = next(lines(module, {*there, *names}, one_each=False))
    return line.with_changes(body=made.body)
