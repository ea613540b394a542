"""Give a function other parameters, and its body what stands for the old ones."""

from __future__ import annotations

import libcst as cst

from .mappings import attribute_of, compared_lists, is_changed, is_read
from .nodes import expression, walk
from .work import Work


def plain_parameters(function: cst.FunctionDef) -> list[str]:
    """Return the names of the parameters; none where they are not all plain ones."""
    given = function.params
    others = (*given.kwonly_params, *given.posonly_params, given.star_kwarg)
    is_starred = isinstance(given.star_arg, cst.Param)
    if is_starred or any(others) or any(param.default is not None for param in given.params):
        return []
    return [param.name.value for param in given.params]


def uses(work: Work, function: cst.FunctionDef, name: str) -> list[cst.CSTNode] | None:
    """Return the uses of a parameter; None where it gets another value in between."""
    made = work.source.inner_scope(function).assignments[name]
    found: list[cst.CSTNode] = [use.node for only in made for use in only.references]
    return found if len(made) == 1 else None


def is_unused(work: Work, function: cst.FunctionDef) -> bool:
    """Whether nothing reads the parameters."""
    return all(uses(work, function, name) == [] for name in plain_parameters(function))


def set_parameters(work: Work, function: cst.FunctionDef, *names: str) -> None:
    """Give *function* parameters of these names."""
    parameters = cst.Parameters([cst.Param(cst.Name(name)) for name in names])
    work.edits.replace(function.params, parameters)


def free_parameter(function: cst.FunctionDef, name: str) -> str:
    """Return *name*, or a longer one where *function* uses it already."""
    inside = {node.value for node in walk(function) if isinstance(node, cst.Name)}
    while name in inside:
        name = f"the_{name}"
    return name


def take_token(work: Work, function: cst.FunctionDef) -> bool:
    """Let *function* take a token instead of a header and claims; False where it cannot.

    One parameter alone was the identity, in Flask-JWT-Extended 3.
    """
    names = plain_parameters(function)
    found = {name: uses(work, function, name) for name in names}
    if len(names) not in (1, 2) or None in found.values():
        return False
    token = free_parameter(function, "token")
    parts = ("subject",) if len(names) == 1 else ("header", "claims")
    for name, part in zip(names, parts, strict=True):
        for use in found[name] or ():
            _replace(work, use, token, part)
    set_parameters(work, function, token)
    return True


def _replace(work: Work, use: cst.CSTNode, token: str, part: str) -> None:
    """Replace one use of what was passed by what the token has instead."""
    above, text = work.source.parent(use), f"{token}.{part}"
    for comparison in compared_lists(work.source, use):
        work.note(comparison, "arrays of claims are tuples: compare with a tuple")
    if part == "subject":
        work.edits.replace(use, expression(text))
    elif is_changed(work.source, use):
        work.note(use, "claims are read-only: put what is added somewhere else")
        work.edits.replace(use, expression(text))
    elif part == "claims" and above is not None and (name := attribute_of(work.source, use)):
        work.edits.replace(above, expression(f"{token}.{name}"))
    else:
        read = text if is_read(work.source, use) else f"dict({text})"
        work.edits.replace(use, expression(read))
