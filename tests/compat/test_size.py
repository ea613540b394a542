"""Hold the bridge below the size that it may have."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import jwtpolicy.compat

LIMIT = 920
#: Tokens that do not make a line one of code.
SILENT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def code_lines(source: str) -> int:
    """Return how many lines have code: no blank ones, comments or docstrings."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    spoken = [range(t.start[0], t.end[0] + 1) for t in tokens if t.type not in SILENT]
    return len(set().union(*spoken) - docstring_lines(source))


def docstring_lines(source: str) -> set[int]:
    texts = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    return {n for node in texts for n in range(node.lineno, (node.end_lineno or 0) + 1)}


def test_only_code_is_counted() -> None:
    source = '"""Docs.\n\nMore."""\n\n# why\nx = (\n    1,  # one\n)\n\n\ndef f():\n    """Do."""\n'

    assert code_lines(source) == 4


def test_the_bridge_is_small() -> None:
    (folder,) = jwtpolicy.compat.__path__
    sizes = {str(path): code_lines(path.read_text("utf-8")) for path in Path(folder).rglob("*.py")}

    assert len(sizes) > 10
    assert sum(sizes.values()) < LIMIT, sizes
