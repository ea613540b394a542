"""Tell how code uses a mapping of claims: whether it reads members, changes it or hands it on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Final

import libcst as cst
from libcst.metadata import FunctionScope

from .nodes import string
from .source import Source

#: Claims that a `Token` has an attribute for.
_ATTRIBUTES: Final = {"sub": "subject", "jti": "token_id", "type": "kind"}

_METHODS: Final = frozenset({"get", "items", "keys", "values"})
#: Nodes that only ask whether a mapping is empty, or spread it out.
_ASKING: Final = (
    cst.If,
    cst.IfExp,
    cst.While,
    cst.BooleanOperation,
    cst.UnaryOperation,
    cst.StarredDictElement,
)


def attribute_of(source: Source, node: cst.CSTNode) -> str | None:
    """Return the attribute of a `Token` that ``node["…"]`` is; None where it is another."""
    parent = source.parent(node)
    if not isinstance(parent, cst.Subscript) or parent.value is not node:
        return None
    index = parent.slice[0].slice
    name = string(index.value) if isinstance(index, cst.Index) else None
    return _ATTRIBUTES.get(name or "")


def is_changed(source: Source, node: cst.CSTNode) -> bool:
    """Whether a member of the mapping *node* is assigned or deleted."""
    parent = source.parent(node)
    if not isinstance(parent, cst.Subscript):
        return False
    above = source.parent(parent)
    is_target = isinstance(above, cst.AugAssign) and above.target is parent
    return is_target or isinstance(above, cst.AssignTarget | cst.Del)


def is_read(source: Source, node: cst.CSTNode) -> bool:
    """Whether of the mapping *node* only members are read, there and where it is assigned to."""
    parent = source.parent(node)
    if isinstance(parent, cst.Assign):
        uses = list(_uses_of(source, parent))
        return bool(uses) and all(_is_read_here(source, use) for use in uses)
    return _is_read_here(source, node)


def _is_read_here(source: Source, node: cst.CSTNode) -> bool:
    parent = source.parent(node)
    if isinstance(parent, cst.Subscript):
        return parent.value is node and not is_changed(source, node)
    if isinstance(parent, cst.Attribute):
        return parent.attr.value in _METHODS
    if isinstance(parent, cst.ComparisonTarget):
        return isinstance(parent.operator, cst.In | cst.NotIn)
    if isinstance(parent, cst.Arg):
        return parent.star == "**"
    return isinstance(parent, _ASKING)


def _uses_of(source: Source, node: cst.Assign) -> Iterator[cst.CSTNode]:
    """Yield the uses of the one local variable that *node* makes; nothing where it is not so."""
    target = node.targets[0].target
    scope = source.scope(node)
    if (
        len(node.targets) > 1
        or not isinstance(target, cst.Name)
        or not isinstance(scope, FunctionScope)
    ):
        return
    made = scope.assignments[target.value]
    if len(made) == 1:
        for assignment in made:
            yield from (access.node for access in assignment.references)


def compared_lists(source: Source, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the comparisons of members of *node* with lists; the arrays of claims are tuples."""
    parent = source.parent(node)
    uses = _uses_of(source, parent) if isinstance(parent, cst.Assign) else iter((node,))
    for use in uses:
        for above in takewhile(_is_expression, source.parents(use)):
            if isinstance(above, cst.Comparison) and _names_a_list(above):
                yield above


def _is_expression(node: cst.CSTNode) -> bool:
    return not isinstance(node, cst.BaseStatement | cst.BaseSmallStatement)


def _names_a_list(node: cst.Comparison) -> bool:
    compared = (target.comparator for target in node.comparisons if not _asks_in(target))
    return any(isinstance(side, cst.List) for side in (node.left, *compared))


def _asks_in(target: cst.ComparisonTarget) -> bool:
    return isinstance(target.operator, cst.In | cst.NotIn)
