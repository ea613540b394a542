"""Find what cannot be rewritten because it is no plain use of an imported name."""

from __future__ import annotations

import libcst as cst

from ..names import PACKAGES, own_name
from ..nodes import module_of, string
from ..work import Work


def find_mentions(work: Work) -> None:
    """List star imports, names in texts, and names that mean two things."""
    for node in work.source.nodes:
        if isinstance(node, cst.ImportFrom) and isinstance(node.names, cst.ImportStar):
            if own_name(module_of(node)) is not None:
                work.note(node, "name what is imported instead of *, and run this command again")
        elif isinstance(node, cst.SimpleString):
            if (string(node) or "").startswith(tuple(f"{package}." for package in PACKAGES)):
                work.note(
                    node, "this names Flask-JWT-Extended in a text: tests issue tokens instead"
                )
        elif isinstance(node, cst.Name) and _is_ambiguous(work, node):
            work.note(node, "this name is bound in two ways: leave one, and run this command again")


def _is_ambiguous(work: Work, node: cst.Name) -> bool:
    names = {own_name(origin) for origin in work.source.origins(node)}
    return len(names) > 1 and bool(names - {None, ""})
