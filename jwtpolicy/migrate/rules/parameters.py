"""Replace the parameters of a function, and their uses in its body."""

from __future__ import annotations

import ast

from ..source import Function
from ..work import Work
from .reading import is_changed


def plain_parameters(function: Function) -> list[str]:
    """Return the names of the parameters; none where they are not all plain ones."""
    given = function.args
    others = (given.vararg, given.kwarg, *given.kwonlyargs, *given.posonlyargs, *given.defaults)
    return [] if any(others) else [parameter.arg for parameter in given.args]


def uses(work: Work, function: Function, name: str) -> list[ast.Name] | None:
    """Return the uses of a parameter; None where it gets another value in between."""
    made = work.source.bindings[function][name]
    return list(work.source.uses(name, function)) if len(made) == 1 else None


def set_parameters(work: Work, function: Function, text: str) -> None:
    """Give *function* other parameters."""
    parameters = function.args.args
    start = work.source.span(parameters[0])[0]
    work.source.replace_span(start, work.source.span(parameters[-1])[1], text)


def free_parameter(function: Function, name: str) -> str:
    """Return *name*, or a longer one where *function* uses it already."""
    inside = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    while name in inside:
        name = f"the_{name}"
    return name


def take_token(work: Work, function: Function) -> bool:
    """Let *function* take a token instead of a header and claims; False where it cannot."""
    names = plain_parameters(function)
    found = [uses(work, function, name) for name in names]
    if len(names) != 2 or None in found:
        return False
    token = free_parameter(function, "token")
    for uses_here, part in zip(found, ("header", "claims"), strict=True):
        for use in uses_here or ():
            if is_changed(work, use):
                work.hinder(use, "claims are read-only: put what is added somewhere else")
            work.source.replace(use, f"{token}.{part}")
    set_parameters(work, function, token)
    return True
