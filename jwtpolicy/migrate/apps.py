"""Find the name of the Flask application at a place in a file."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .names import own_name
from .source import Source


def app_at(source: Source, node: ast.expr) -> str | None:
    """Return the name of the Flask application at *node*; None where there is none."""
    # What is passed in or imported is an application if it is called so.
    for name in dict.fromkeys([*_given(source), *_made(source), "app"]):
        scope, found = source.bound(name, node)
        here = next(source.scopes(node))
        if found and all(
            scope is not here or getattr(b.node, "lineno", 0) < node.lineno for b in found
        ):
            return name
    return None


def _given(source: Source) -> Iterator[str]:
    """Yield the names of applications passed to ``JWTManager`` or ``init_app``."""
    for node in source.nodes:
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Name):
            is_init = isinstance(node.func, ast.Attribute) and node.func.attr == "init_app"
            if is_init or own_name(source.origin(node.func)) == "JWTManager":
                yield node.args[0].id


def _made(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            target = node.targets[0]
            if source.origin(node.value.func) == "flask.Flask" and isinstance(target, ast.Name):
                yield target.id
