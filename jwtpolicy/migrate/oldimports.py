"""Find the import statements of Flask-JWT-Extended, and what of them is still used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst
from libcst.metadata import ImportAssignment

from .importlines import name_of
from .names import BRIDGE, own_name
from .nodes import module_of, string, walk
from .work import Work


@dataclass(frozen=True, slots=True)
class Old:
    """An import statement that names Flask-JWT-Extended or the bridge.

    Attributes:
        node: The statement.
        line: The line that is nothing else; None where it stands among others.
        is_top: Whether that line is one of the module's own.
        names: What it imports.
        kept: The names that it has to import still, others than Flask-JWT-Extended's included.
        is_changed: Whether it cannot stay as it is.
    """

    node: cst.Import | cst.ImportFrom
    line: cst.SimpleStatementLine | None
    is_top: bool
    names: Sequence[cst.ImportAlias]
    kept: Sequence[cst.ImportAlias]
    is_changed: bool


def old_imports(work: Work) -> Iterator[Old]:
    """Yield the statements of *work*, in the order of the text."""
    for node in work.source.nodes:
        if isinstance(node, cst.Import | cst.ImportFrom) and not isinstance(
            node.names, cst.ImportStar
        ):
            concerned = [alias for alias in node.names if is_old(node, alias)]
            if concerned:
                kept = [alias for alias in node.names if _is_kept(work, node, alias)]
                is_changed = len(kept) < len(node.names) or not _is_bridge(node, concerned)
                line = _line_of(work, node)
                is_top = line in work.source.module.body
                yield Old(node, line, is_top, node.names, kept, is_changed)


def full_name(node: cst.Import | cst.ImportFrom, alias: cst.ImportAlias) -> str:
    """Return what an alias imports, with its module."""
    name = name_of(alias)[0]
    return name if isinstance(node, cst.Import) else f"{module_of(node)}.{name}"


def is_old(node: cst.Import | cst.ImportFrom, alias: cst.ImportAlias) -> bool:
    """Whether an alias imports Flask-JWT-Extended, the bridge, or something of theirs."""
    return own_name(full_name(node, alias)) is not None


def _is_bridge(node: cst.Import | cst.ImportFrom, aliases: Sequence[cst.ImportAlias]) -> bool:
    return all(full_name(node, alias).startswith(BRIDGE) for alias in aliases)


def _line_of(work: Work, node: cst.CSTNode) -> cst.SimpleStatementLine | None:
    line = work.source.parent(node)
    is_alone = isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1
    return line if is_alone else None  # type: ignore[return-value] # it is one


def _is_kept(work: Work, node: cst.Import | cst.ImportFrom, alias: cst.ImportAlias) -> bool:
    """Whether a name is used after all, here or through this file elsewhere."""
    if not is_old(node, alias):
        return True
    name = name_of(alias)[1]
    uses = list(_uses(work, node, name))
    if uses:
        return not all(work.is_gone(use) for use in uses)
    if not _is_handed_on(work, name):
        return False
    work.note(alias, f"{name} is imported from here elsewhere: import it from where it is")
    return True


def _uses(work: Work, node: cst.CSTNode, name: str) -> Iterator[cst.CSTNode]:
    for scope in work.source.scopes:
        for assignment in scope.assignments[name]:
            if isinstance(assignment, ImportAssignment) and assignment.node is node:
                yield from (access.node for access in assignment.references)


def _is_handed_on(work: Work, name: str) -> bool:
    return (
        work.source.place.is_package
        or work.project.is_imported(work.facts, name)
        or any(
            string(part) == name
            for line in work.source.module.body
            for part in (walk(line) if _is_all(line) else ())
        )
    )


def _is_all(line: cst.CSTNode) -> bool:
    first = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
    target = first.targets[0].target if isinstance(first, cst.Assign) else None
    return isinstance(target, cst.Name) and target.value == "__all__"
