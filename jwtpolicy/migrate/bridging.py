"""The migration to the bridge: only import statements change."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module

from .application import Application, File
from .imports import old_imports
from .judged import to_set
from .names import BRIDGE, ORIGINAL, own_name
from .source import Note


def rewrite(application: Application) -> None:
    """Plan the changes of all files, and find what hinders them."""
    for file in application.files:
        for node, theirs in old_imports(file.source):
            _check_names(file, node, theirs)
            _rewrite(file, node, theirs)
        for reference in file.references:
            if not _exists(reference.name):
                file.hinder(reference.node, f"{reference.name} is not in the bridge")


def _rewrite(file: File, node: ast.Import | ast.ImportFrom, theirs: list[ast.alias]) -> None:
    source = file.source
    if isinstance(node, ast.ImportFrom):
        start = source.span(node)[0]
        place = (
            source.text.index(ORIGINAL, start) if (node.module or "").startswith(ORIGINAL) else -1
        )
        if place >= 0:
            source.replace_span(place, place + len(ORIGINAL), BRIDGE)
        return
    for alias in theirs:
        if not alias.name.startswith(BRIDGE):
            moved = alias.name.replace(ORIGINAL, BRIDGE, 1) if alias.asname else BRIDGE
            source.replace(alias, f"{moved} as {alias.asname or ORIGINAL}")


def _check_names(file: File, node: ast.Import | ast.ImportFrom, theirs: list[ast.alias]) -> None:
    for alias in theirs:
        module = f"{file.source.absolute(node)}." if isinstance(node, ast.ImportFrom) else ""
        name = own_name(f"{module}{alias.name}") or ""
        if not name.endswith("*") and not _exists(name):
            file.hinder(node, f"{name} is not in the bridge: find another way")


def _exists(name: str) -> bool:
    """Whether the bridge has a counterpart of Flask-JWT-Extended's *name*."""
    package, found = BRIDGE, import_module(BRIDGE)
    for part in filter(None, name.split(".")):
        package = f"{package}.{part}"
        if not hasattr(found, part):
            try:
                import_module(package)
            except ModuleNotFoundError:
                return False
        found = getattr(found, part)
    return True


def reminders(application: Application) -> Iterator[tuple[File, Note]]:
    """Yield reminders: settings that the bridge needs, and strings that name the original."""
    yield from to_set(application)
    for file in application.files:
        for node in file.source.nodes:
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if node.value == ORIGINAL or node.value.startswith(f"{ORIGINAL}."):
                moved = node.value.replace(ORIGINAL, BRIDGE, 1)
                yield file, Note(node.lineno, f"the original is named in a text: write {moved!r}")
