"""Rewrite the import statements of a file: remove the old names, add the new ones."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Final

from .names import own_name
from .source import Source

#: A name and what it is imported as.
Name = tuple[str, str]

#: Columns that a statement may have on one line.
_WIDTH: Final = 88


def old_imports(source: Source) -> Iterator[tuple[ast.Import | ast.ImportFrom, list[ast.alias]]]:
    """Yield the statements that import Flask-JWT-Extended or the bridge, with their aliases."""
    for node in source.nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            theirs = [alias for alias in node.names if is_old(source, node, alias)]
            if theirs:
                yield node, theirs


def is_old(source: Source, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> bool:
    """Whether an alias imports Flask-JWT-Extended or the bridge, or a name of theirs."""
    module = f"{source.absolute(node)}." if isinstance(node, ast.ImportFrom) else ""
    return own_name(f"{module}{alias.name}") is not None


def rewrite_imports(source: Source, needed: dict[str, set[Name]]) -> None:
    """Replace the imports of Flask-JWT-Extended by imports of the *needed* names."""
    made = [text for module, names in sorted(needed.items()) for text in _text(module, names)]
    lines = f"{source.newline}".join(line for text in made for line in text.split("\n"))
    for node, theirs in old_imports(source):
        kept = [alias for alias in node.names if alias not in theirs]
        is_anchor = bool(lines) and source.parent(node) is source.tree and source.is_alone(node)
        kept_text = _kept(node, kept)
        if is_anchor:
            joined = source.newline.join(filter(None, [lines, kept_text]))
            source.replace(node, joined)
            lines = ""
        elif kept_text or not source.is_alone(node) or _is_lonely(source, node):
            source.replace(node, kept_text or "pass")
        else:
            source.replace_span(source.line_start(node), source.line_end(node))
    if lines:
        _insert(source, lines)


def _kept(node: ast.Import | ast.ImportFrom, kept: list[ast.alias]) -> str:
    if not kept:
        return ""
    names = ", ".join(ast.unparse(alias) for alias in kept)
    return (
        f"import {names}"
        if isinstance(node, ast.Import)
        else f"from {_module(node)} import {names}"
    )


def _module(node: ast.ImportFrom) -> str:
    return "." * node.level + (node.module or "")


def _is_lonely(source: Source, node: ast.stmt) -> bool:
    """Whether a block would be empty without *node*."""
    parent = source.parent(node)
    blocks = (getattr(parent, name, None) for name in ("body", "orelse", "finalbody"))
    return not isinstance(parent, ast.Module) and [node] in blocks


def _text(module: str, names: Iterable[Name]) -> Iterator[str]:
    """Yield the statement that imports *names* from *module*, sorted as isort does."""
    listed = sorted(
        names, key=lambda n: (0 if n[0].isupper() else 1 if n[0][0].isupper() else 2, n)
    )
    written = [name if name == alias else f"{name} as {alias}" for name, alias in listed]
    text = f"from {module} import {', '.join(written)}"
    if len(text) > _WIDTH:
        text = f"from {module} import (\n" + "".join(f"    {name},\n" for name in written) + ")"
    yield text


def _insert(source: Source, lines: str) -> None:
    """Put new statements behind the first imports, or at the top."""
    above = list(takewhile(_is_head, source.tree.body))
    place = source.line_end(above[-1]) if above else 0
    is_open = place > 0 and not source.text[:place].endswith(("\n", "\r"))
    source.replace_span(place, place, source.newline * is_open, lines, source.newline)


def _is_head(statement: ast.stmt) -> bool:
    is_docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.Import | ast.ImportFrom) or is_docstring
