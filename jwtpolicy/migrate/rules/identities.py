"""Say which claim schema takes the place of ``user_identity_loader``."""

from __future__ import annotations

import libcst as cst

from ..nodes import text_of
from ..parameters import plain_parameters
from ..work import Work


def rewrite_identities(work: Work, function: cst.FunctionDef, decorator: cst.Attribute) -> None:
    """Remove a loader that says what holds anyway, or say which schema to write."""
    names = plain_parameters(function)
    returned = _returned(function)
    text = "" if returned is None else text_of(returned)
    if (
        len(names) == 1
        and text in (names[0], f"str({names[0]})")
        and not _is_called(work, function)
    ):
        work.edits.change(function, lambda _: cst.RemoveFromParent())
        work.note(
            decorator,
            "removed, because text, integers and UUIDs are subjects by themselves: users of any "
            "other type need @jwt.claims_for(type) and a ClaimSchema with `sub`",
        )
        return
    source = _source_of(returned, names)
    work.note(
        decorator,
        f"write a ClaimSchema with `sub = marshmallow.fields.String({source}required=True)` in "
        f"its place, and @jwt.claims_for({_type_of(function)}) above it",
    )


def _returned(function: cst.FunctionDef) -> cst.BaseExpression | None:
    """Return what the only statement of *function* returns, beside its docstring."""
    lines = function.body.body
    last = lines[-1].body[-1] if isinstance(lines[-1], cst.SimpleStatementLine) else None
    has_others = len(lines) > 1 + (function.get_docstring() is not None)
    return last.value if isinstance(last, cst.Return) and not has_others else None


def _is_called(work: Work, function: cst.FunctionDef) -> bool:
    made = work.source.scope(function)[function.name.value]
    return any(assignment.references for assignment in made)


def _source_of(returned: cst.BaseExpression | None, names: list[str]) -> str:
    """Return the argument that makes the field read the same attribute."""
    if isinstance(returned, cst.Call) and text_of(returned.func) == "str" and returned.args:
        returned = returned.args[0].value
    if isinstance(returned, cst.Attribute) and text_of(returned.value) in names:
        return f'attribute="{returned.attr.value}", '
    return 'attribute="…", '


def _type_of(function: cst.FunctionDef) -> str:
    annotation = function.params.params[0].annotation if function.params.params else None
    return "User" if annotation is None else text_of(annotation.annotation)
