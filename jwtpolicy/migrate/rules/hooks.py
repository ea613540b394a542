"""The hooks of Flask that run before or after requests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

#: Those that register what runs before or after requests.
_HOOKS: Final = frozenset(
    {"before_request", "before_app_request", "after_request", "after_app_request"}
)


def hooks_of(function: ast.AST | None) -> Iterator[str]:
    """Yield the attributes by which *function* is registered to run around requests."""
    for decorator in getattr(function, "decorator_list", ()):
        if isinstance(decorator, ast.Attribute) and decorator.attr in _HOOKS:
            yield decorator.attr
