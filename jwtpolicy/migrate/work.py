"""The state of one file's rewriting, which all rules share."""

from __future__ import annotations

import ast
from collections import defaultdict

from .application import Application, File
from .names import own_name
from .sight import Sight
from .source import Binding, Source, is_tail


class Work:
    """A file that is being rewritten to the native API.

    Attributes:
        file: The file.
        source: Its text and edits.
        application: The application that it belongs to.
        sight: The guards that run before its code.
        needed: The names that are needed, by module, as pairs of name and alias.
    """

    def __init__(self, file: File, application: Application, sight: Sight) -> None:
        self.file = file
        self.source: Source = file.source
        self.application = application
        self.sight = sight
        self.needed: dict[str, set[tuple[str, str]]] = defaultdict(set)

    def hinder(self, node: ast.AST, text: str) -> None:
        """Add a hindrance: a person has to change *node*, and nothing is rewritten before."""
        self.file.hinder(node, text)

    def native(self, name: str, module: str = "jwtpolicy") -> str:
        """Return the expression for a name of this library in this file, and import it."""
        alias = self._alias(name, f"{module}.{name}")
        self.needed[module].add((name, alias))
        return alias

    def _alias(self, name: str, origin: str) -> str:
        """Return *name*, or a longer one where it is bound to another object in the file."""
        meant = {b.origin for s in self.source.bindings.values() for b in s.get(name, ())}
        if all(_is_same(found, name) or found == origin for found in meant):
            return name
        return self._alias(f"JWT{name}" if name[0].isupper() else f"jwt_{name}", origin)

    def free_name(self, name: str) -> str:
        """Return *name*, or a longer one where it is bound in the file."""
        while name in self.source.names:
            name = f"the_{name}"
        return name

    def manager(self, node: ast.AST) -> str:
        """Return the expression for the manager at *node*."""
        for name in sorted(self.source.names):
            _, found = self.source.bound(name, node)
            if len(found) == 1 and self._is_manager(found[0]):
                return name
        return self.native("current_manager")

    def _is_manager(self, binding: Binding) -> bool:
        if binding.origin is None:
            return makes_manager(self.source, self.source.parent(binding.node))
        module, _, name = binding.origin.rpartition(".")
        for file in self.application.files:
            if is_tail(module, file.source.dotted):
                found = file.source.bindings[file.source.tree].get(name, [])
                if len(found) == 1 and found[0].origin is None:
                    return makes_manager(file.source, file.source.parent(found[0].node))
        return False


def _is_same(origin: str | None, name: str) -> bool:
    """Whether *origin* is Flask-JWT-Extended's own *name*, whose import is removed."""
    return (own_name(origin) or "").rpartition(".")[2] == name


def makes_manager(source: Source, statement: ast.AST | None) -> bool:
    """Whether *statement* assigns a new ``JWTManager`` to a name."""
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    if not isinstance(value, ast.Call):
        return False
    function = value.func.value if isinstance(value.func, ast.Subscript) else value.func
    origin = source.origin(function)
    return origin == "jwtpolicy.JWTManager" or own_name(origin) == "JWTManager"
