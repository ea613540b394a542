"""Find the settings that a file writes, and those that it reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst
from libcst.metadata import ClassScope

from .nodes import dotted, string
from .source import Source


@dataclass(frozen=True, slots=True)
class Setting:
    """A place where a setting is written.

    Attributes:
        key: ``JWT_…``.
        value: The expression.
        node: What writes it.
    """

    key: str
    value: cst.BaseExpression
    node: cst.CSTNode


def settings_in(source: Source) -> Iterator[Setting]:
    """Yield the settings that *source* writes, in whatever way."""
    for node in source.nodes:
        if isinstance(node, cst.Assign):
            yield from _assigned(node, source)
        elif isinstance(node, cst.AnnAssign) and node.value is not None:
            yield from _named(node.target, node.value, node, source)
        elif isinstance(node, cst.Arg) and node.keyword is not None:
            yield from _setting(node.keyword.value, node.value, node)
        elif isinstance(node, cst.DictElement):
            yield from _setting(string(node.key), node.value, node)
        elif isinstance(node, cst.Call):
            yield from _defaulted(node)


def _setting(key: str | None, value: cst.BaseExpression, node: cst.CSTNode) -> Iterator[Setting]:
    if key is not None and key.startswith("JWT_") and key.isupper():
        yield Setting(key, value, node)


def _assigned(node: cst.Assign, source: Source) -> Iterator[Setting]:
    for target in node.targets:
        if isinstance(target.target, cst.Subscript):
            yield from _setting(config_key(target.target), node.value, node)
        yield from _named(target.target, node.value, node, source)


def _named(
    target: cst.BaseExpression, value: cst.BaseExpression, node: cst.CSTNode, source: Source
) -> Iterator[Setting]:
    """Yield a setting that is a name of a module or a class, for ``from_object``."""
    scope = source.scope(target)
    if isinstance(target, cst.Name) and (
        scope is source.global_scope or isinstance(scope, ClassScope)
    ):
        yield from _setting(target.value, value, node)


def _defaulted(node: cst.Call) -> Iterator[Setting]:
    """Yield the setting of ``app.config.setdefault("JWT_…", …)``."""
    is_default = isinstance(node.func, cst.Attribute) and node.func.attr.value == "setdefault"
    if is_default and len(node.args) == 2:
        yield from _setting(string(node.args[0].value), node.args[1].value, node)


def config_key(node: cst.Subscript) -> str | None:
    """Return the key of ``app.config["JWT_…"]``, or None for anything else."""
    base = dotted(node.value) or ""
    index = node.slice[0].slice
    is_config = base.split(".")[-1].lower().endswith("config")
    if not is_config or len(node.slice) > 1 or not isinstance(index, cst.Index):
        return None
    key = string(index.value)
    return key if key is not None and key.startswith("JWT_") else None


def keys_read(source: Source) -> Iterator[tuple[str, cst.Subscript]]:
    """Yield the keys that *source* reads as ``config["JWT_…"]``, with the expressions."""
    for node in source.nodes:
        key = config_key(node) if isinstance(node, cst.Subscript) else None
        if key is not None and not isinstance(source.parent(node), cst.AssignTarget | cst.Del):
            yield key, node  # type: ignore[misc] # it is a Subscript
