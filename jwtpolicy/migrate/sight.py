"""Find the guards that run before a piece of code, those of its callers included."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from itertools import takewhile
from typing import Final

from .application import Application, File
from .demands import ROUTES, Demand
from .source import Function, last_name

#: Decorators below which a function is called by its name alone.
_PLAIN: Final = frozenset({"cached_property", "classmethod", "property", "staticmethod", "wraps"})
#: The attributes in which view classes list decorators.
_LISTED: Final = frozenset({"decorators", "method_decorators"})


class Sight:
    """The guards and the call graph of an application.

    Functions are known by their names alone: of two that share one, the callers of both count.
    """

    def __init__(self, application: Application) -> None:
        self._demands: dict[str, list[Demand]] = defaultdict(list)
        self._uses: dict[str, list[tuple[File, ast.AST]]] = defaultdict(list)
        for file in application.files:
            for guarded, demand in file.demands.by_node.items():
                for name in _guarding(file, guarded):
                    self._demands[name].append(demand)
            for node in file.source.nodes:
                if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                    self._uses[last_name(node)].append((file, node))

    def before(self, file: File, node: ast.AST) -> set[Demand | None]:
        """Return the demands that are made before *node* runs; None among them: perhaps none."""
        return set(self._before(file, node, set()))

    def _before(self, file: File, node: ast.AST, seen: set[ast.AST]) -> Iterator[Demand | None]:
        own = file.demands.around(node)
        function = file.source.function_around(node)
        if own is not None:
            yield own
        elif function is None:
            yield None
        elif function not in seen:
            yield from self._before_function(file, function, seen | {function})

    def _before_function(
        self, file: File, function: Function, seen: set[ast.AST]
    ) -> Iterator[Demand | None]:
        decorators = {last_name(decorator) for decorator in function.decorator_list} - _PLAIN
        guarding = (*(decorators - ROUTES), *_around(file, function))
        found = [demand for name in guarding for demand in self._demands[name]]
        uses = self._uses[function.name]
        if found:
            yield from found
        elif decorators or not uses:
            yield None
        else:
            for user, use in uses:
                yield from self._before(user, use, seen)


def _guarding(file: File, guarded: ast.AST) -> Iterator[str]:
    """Yield the names of *guarded* and of the functions that make it, such as decorators."""
    if isinstance(guarded, ast.ClassDef):
        yield guarded.name
    above = takewhile(lambda n: not isinstance(n, ast.ClassDef), file.source.parents(guarded))
    for node in (guarded, *above):
        cls = file.source.parent(node)
        if isinstance(node, Function) and not isinstance(cls, ast.ClassDef):
            yield node.name
        elif isinstance(cls, ast.ClassDef) and getattr(node, "name", "") == "__call__":
            yield cls.name


def _around(file: File, function: Function) -> Iterator[str]:
    """Yield the names of base classes and ``decorators`` that guard the methods of a class."""
    cls = file.source.parent(function)
    for base in getattr(cls, "bases", ()):
        yield last_name(base)
    for statement in cls.body if isinstance(cls, ast.ClassDef) else ():
        if isinstance(statement, ast.Assign) and last_name(statement.targets[0]) in _LISTED:
            yield from (last_name(node) for node in ast.walk(statement.value))
