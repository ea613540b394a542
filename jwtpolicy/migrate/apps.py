"""Find what the application is called at a place in a file."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
from libcst.metadata import Assignment, BaseAssignment

from .facts import Facts


class Apps:
    """The applications of one file.

    Args:
        facts: What is known of the file.
    """

    def __init__(self, facts: Facts) -> None:
        self._source = facts.source
        # What is passed in or imported is an application if it is called so.
        self._names = list(dict.fromkeys([*self._given(), *self._made(), "app"]))

    def at(self, node: cst.CSTNode) -> str | None:
        """Return what the application is called where *node* stands; None where there is none."""
        scope = self._source.scope(node)
        for name in self._names:
            found = scope[name]
            if found and all(self._is_before(assignment, node) for assignment in found):
                return name
        return None

    def _is_before(self, assignment: BaseAssignment, node: cst.CSTNode) -> bool:
        if assignment.scope is not self._source.scope(node):
            return True
        return isinstance(assignment, Assignment) and (
            self._source.line(assignment.node) < self._source.line(node)
        )

    def _given(self) -> Iterator[str]:
        """Yield what managers are made with, or ``init_app`` is called with."""
        for node in self._source.nodes:
            if isinstance(node, cst.Call) and node.args and self._takes_app(node):
                first = node.args[0].value
                if isinstance(first, cst.Name):
                    yield first.value

    def _takes_app(self, call: cst.Call) -> bool:
        if isinstance(call.func, cst.Attribute) and call.func.attr.value == "init_app":
            return True
        return any(origin.endswith(".JWTManager") for origin in self._source.origins(call.func))

    def _made(self) -> Iterator[str]:
        for node in self._source.nodes:
            if isinstance(node, cst.Assign) and isinstance(node.value, cst.Call):
                target = node.targets[0].target
                is_flask = "flask.Flask" in self._source.origins(node.value.func)
                if is_flask and isinstance(target, cst.Name):
                    yield target.value
