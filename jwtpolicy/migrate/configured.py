"""Find the settings that a file writes, and those that it reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .source import Source, string

#: Methods of ``app.config`` that read settings of which nothing can be seen here.
_ELSEWHERE: Final = frozenset(
    {"from_envvar", "from_file", "from_json", "from_object", "from_prefixed_env", "from_pyfile"}
)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that the source writes.

    Attributes:
        key: ``JWT_…``.
        value: The expression.
        node: The node that writes it.
    """

    key: str
    value: ast.expr
    node: ast.AST


def settings_in(source: Source) -> Iterator[Setting]:
    """Yield the settings that *source* writes: by key, by keyword, or in a config object."""
    for node in source.nodes:
        for key, value in _written(node, source):
            if key is not None and key.startswith("JWT_") and key.isupper():
                yield Setting(key, value, value)


def _written(node: ast.AST, source: Source) -> Iterator[tuple[str | None, ast.expr]]:
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        for target in node.targets if isinstance(node, ast.Assign) else (node.target,):
            if isinstance(target, ast.Subscript):
                yield config_key(target), node.value
            elif isinstance(target, ast.Name) and _is_object(target, source):
                yield target.id, node.value
    elif isinstance(node, ast.keyword):
        yield node.arg, node.value
    elif isinstance(node, ast.Dict):
        yield from ((string(key), value) for key, value in zip(node.keys, node.values, strict=True))
    elif isinstance(node, ast.Call) and len(node.args) == 2 and _calls(node, "setdefault"):
        yield string(node.args[0]), node.args[1]


def _is_object(target: ast.Name, source: Source) -> bool:
    """Whether a name is assigned in a module or a class, which ``from_object`` may read."""
    return isinstance(next(source.scopes(target)), ast.Module | ast.ClassDef)


def _calls(node: ast.Call, name: str) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr == name


def config_key(node: ast.Subscript) -> str | None:
    """Return the key of ``app.config["JWT_…"]``, or None for anything else."""
    base = ast.unparse(node.value)
    key = string(node.slice)
    is_config = base.rpartition(".")[2].lower().endswith("config")
    return key if is_config and key is not None and key.startswith("JWT_") else None


def keys_read(source: Source) -> Iterator[tuple[str, ast.Subscript]]:
    """Yield the keys that *source* reads as ``config["JWT_…"]``, with the expressions."""
    for node in source.nodes:
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            key = config_key(node)
            if key is not None:
                yield key, node


def reads_elsewhere(source: Source) -> bool:
    """Whether settings are also read from a file or the environment, which is not analysed."""
    return any(isinstance(node, ast.Attribute) and node.attr in _ELSEWHERE for node in source.nodes)
