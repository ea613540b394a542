"""Take small nodes of a syntax tree apart, and make new ones."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Final

import libcst as cst


class Absent(Enum):
    """The type of `ABSENT`."""

    ABSENT = "ABSENT"


#: No literal value, where None is one.
ABSENT: Final = Absent.ABSENT

_EMPTY: Final = cst.Module([])


def text_of(node: cst.CSTNode) -> str:
    """Return the source text of *node*."""
    return _EMPTY.code_for_node(node)


def expression(text: str) -> cst.BaseExpression:
    """Return the tree of an expression."""
    return cst.parse_expression(text)


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield *node* and everything below it, in the order of the text."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(current.children))


def literal(node: cst.BaseExpression) -> object:
    """Return what a literal stands for, or `ABSENT` for any other expression."""
    try:
        return ast.literal_eval(text_of(node).strip())
    except (ValueError, SyntaxError, TypeError, MemoryError):
        return ABSENT


def string(node: cst.CSTNode) -> str | None:
    """Return the text of a string literal, or None for anything else."""
    found = literal(node) if isinstance(node, cst.SimpleString) else None
    return found if isinstance(found, str) else None


def dotted(node: cst.CSTNode) -> str | None:
    """Return ``a.b.c`` for names and attributes of them, or None for anything else."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute) and (base := dotted(node.value)) is not None:
        return f"{base}.{node.attr.value}"
    return None


def module_of(node: cst.ImportFrom) -> str:
    """Return the module that names are imported from, with the dots of a relative import."""
    return "." * len(node.relative) + (text_of(node.module) if node.module else "")


def imported_from(node: cst.CSTNode) -> cst.ImportFrom | None:
    """Return the only statement of a line, where it imports from a module."""
    if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1:
        found = node.body[0]
        return found if isinstance(found, cst.ImportFrom) else None
    return None


def bound(call: cst.Call, parameters: Sequence[str]) -> dict[str, cst.Arg] | None:
    """Return the arguments of *call* by the names of the parameters that take them.

    None where that cannot be told: there are stars, or names that the function has not.
    """
    found: dict[str, cst.Arg] = {}
    for position, argument in enumerate(call.args):
        name = argument.keyword.value if argument.keyword else None
        if name is None and position < len(parameters):
            name = parameters[position]
        if argument.star or name is None or name not in parameters or name in found:
            return None
        found[name] = argument
    return found


def values(call: cst.Call, names: Iterable[str]) -> dict[str, cst.BaseExpression]:
    """Return the values of the arguments by the names that `bound` found for them."""
    return dict(zip(names, (argument.value for argument in call.args), strict=True))


def keyword(name: str, value: cst.BaseExpression) -> cst.Arg:
    """Return ``name=value`` as an argument."""
    return cst.Arg(
        value,
        cst.Name(name),
        equal=cst.AssignEqual(
            whitespace_before=cst.SimpleWhitespace(""), whitespace_after=cst.SimpleWhitespace("")
        ),
    )


def with_arguments(call: cst.Call, arguments: Sequence[cst.Arg]) -> cst.Call:
    """Return *call* with other arguments, laid out as its own were."""
    if not arguments:
        return call.with_changes(args=[], whitespace_before_args=cst.SimpleWhitespace(""))
    commas = [argument.comma for argument in call.args]
    inner = [*commas[:-1], *[cst.MaybeSentinel.DEFAULT] * len(arguments)]
    ending: dict[str, object] = {"comma": cst.MaybeSentinel.DEFAULT}
    if call.args:
        whitespace = call.args[-1].whitespace_after_arg
        ending = {"comma": commas[-1], "whitespace_after_arg": whitespace}
    spaced = [
        argument.with_changes(comma=inner[position])
        for position, argument in enumerate(arguments[:-1])
    ]
    return call.with_changes(args=[*spaced, arguments[-1].with_changes(**ending)])
