"""Write the expression of ``user_identity_loader`` at each token, and remove the loader."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass

from ..source import Function, Part
from ..work import Work
from .parameters import plain_parameters

#: Expressions that need no parentheses before an attribute.
_TIGHT = ast.Name | ast.Attribute | ast.Call | ast.Subscript


@dataclass(frozen=True, slots=True)
class Identity:
    """The expression of an application's ``user_identity_loader``.

    Attributes:
        parameter: The name of its parameter.
        returned: The expression that it returns.
    """

    parameter: str
    returned: ast.expr


def identity_of(work: Work, function: Function, decorator: ast.AST) -> Identity | None:
    """Return the identity of a loader, and remove it; None where it has to stay."""
    returned, names = _returned(function), plain_parameters(function)
    others = ("additional_claims_loader", "additional_headers_loader")
    is_plain = returned is not None and len(names) == 1 and _is_of(returned, names[0])
    is_called = any(work.source.uses(function.name, next(work.source.scopes(function))))
    if returned is None or not is_plain or is_called or len(function.decorator_list) > 1:
        work.hinder(
            decorator,
            "remove it, and pass what it returns where tokens are made: create_access_token(…)",
        )
        return None
    if any(map(work.application.registers, others)):
        work.hinder(
            decorator,
            "the loaders of claims and headers get what tokens are made for: remove this one, pass "
            "what it returns where tokens are made, and look the user up in the others",
        )
        return None
    start, end = work.source.line_start(function), work.source.line_end(function)
    work.source.replace_span(start, end)
    return Identity(names[0], returned)


def _returned(function: Function) -> ast.expr | None:
    """Return the expression of *function*'s only statement, if that is a return."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    only = body[0] if len(body) == 1 else None
    return only.value if isinstance(only, ast.Return) else None


def _is_of(returned: ast.expr, parameter: str) -> bool:
    """Whether an expression is about the parameter, once, and about nothing else of the file."""
    names = [node.id for node in ast.walk(returned) if isinstance(node, ast.Name)]
    return names.count(parameter) == 1 and all(
        name == parameter or hasattr(builtins, name) for name in names
    )


def said_by(work: Work, identity: Identity, given: ast.expr) -> tuple[Part, ...]:
    """Return the loader's expression with *given* in the place of its parameter."""
    before, _, after = _text(identity).partition("\0")
    if isinstance(given, _TIGHT) or before == after == "":
        return (before, given, after)
    return (f"{before}(", given, f"){after}")


def _text(identity: Identity) -> str:
    class Mark(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            return ast.Name("\0") if node.id == identity.parameter else node

    copied = ast.parse(ast.unparse(identity.returned), mode="eval")
    return ast.unparse(Mark().visit(copied))
