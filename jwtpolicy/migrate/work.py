"""Give the rules one file: what they may ask about it, and where they leave what changes."""

from __future__ import annotations

import libcst as cst
from libcst.metadata import ImportAssignment

from .apps import Apps
from .demands import Demands
from .edits import Change, Edits, Note
from .facts import Facts, Reference
from .managers import Import, Managers
from .names import PACKAGES
from .nodes import expression, literal, text_of, walk
from .project import Project


class Work:
    """One file on its way to the native API.

    Attributes:
        facts: What is known of the file.
        source: The file.
        project: What is known of the others.
        managers: How to reach a manager.
        demands: What its guards demand.
        apps: How to reach the application.
        edits: What is to change.
    """

    def __init__(self, facts: Facts, project: Project) -> None:
        self.facts = facts
        self.source = facts.source
        self.project = project
        self.managers = Managers(facts, project)
        self.demands = Demands(facts)
        self.apps = Apps(facts)
        self.edits = Edits()
        self._taken: set[cst.CSTNode] = set()
        self._left: set[cst.CSTNode] = set()
        self._bound, self._natives = _bindings(facts)

    def note(self, node: cst.CSTNode, text: str) -> None:
        """Leave *node* to a person."""
        self.edits.notes.add(Note(self.source.line(node), text))

    def native(self, name: str, module: str = "jwtpolicy") -> str:
        """Return how to write a name of this library here, and have it imported."""
        alias = self._natives.get(f"{module}.{name}") or _alias(name, self._bound)
        self.edits.need(module, name, alias)
        return alias

    def is_gone(self, node: cst.CSTNode) -> bool:
        """Whether a use of an imported name, or the attribute that it begins, is looked after."""
        while node not in self._taken:
            above = self.source.parent(node)
            if not isinstance(above, cst.Attribute) or above.value is not node:
                return False
            node = above
        return True

    def free_name(self, name: str) -> str:
        """Return *name*, or where it means something in the file already one that does not."""
        return _alias(name, self._bound)

    def never(self, lifetime: cst.Arg | None) -> str:
        """Return how to write NEVER here, imported if *lifetime* is the False that means it."""
        is_meant = lifetime is not None and literal(lifetime.value) is False
        return self.native("NEVER") if is_meant else "NEVER"

    def take(self, reference: Reference) -> None:
        """Promise that *reference* is looked after, so that nothing is imported for it."""
        self._taken.add(reference.node)

    def leave(self, part: cst.CSTNode) -> None:
        """Leave *part* as it is, all of it, so that it goes on working by itself."""
        self._left.update(walk(part))

    def is_left(self, node: cst.CSTNode) -> bool:
        """Whether *node* stays as it is."""
        return node in self._left

    def pending(self) -> list[Reference]:
        """Return the references that nobody has looked after or left yet."""
        return [ref for ref in self.kept() if not self.is_left(ref.node)]

    def kept(self) -> list[Reference]:
        """Return the references that nobody has looked after, so that they are still imported."""
        return [ref for ref in self.facts.references if ref.node not in self._taken]

    def become(self, reference: Reference, text: str) -> None:
        """Have the name itself replaced."""
        self.take(reference)
        self.edits.replace(reference.node, expression(text))

    def change_call(self, reference: Reference, change: Change) -> None:
        """Have the call of *reference* changed, where it is one."""
        if reference.call is not None:
            self.edits.change(reference.call, change)

    def move(self, reference: Reference, name: str, module: str = "jwtpolicy") -> None:
        """Have the name that means the same here imported from this library."""
        if isinstance(reference.node, cst.Name):
            self.take(reference)
            self.edits.need(module, name, reference.node.value)
        else:
            self.become(reference, self.native(name, module))

    def manager(self, node: cst.CSTNode) -> str | None:
        """Return what the manager is called where *node* stands; None where there is none."""
        found = self.managers.at(node)
        if isinstance(found, Import):
            self.edits.need(found.module, found.name, found.name)
            return found.name
        return found

    def is_manager(self, node: cst.BaseExpression) -> bool:
        """Whether *node* is a manager that counts."""
        targets = self.project.managers_of(self.facts)
        if isinstance(node, cst.Name):
            return node.value in self.managers.names_at(node)
        return text_of(node) in {text_of(manager.target) for manager in targets}

    def is_bridge(self, node: cst.BaseExpression) -> bool:
        """Whether *node* is a manager of the bridge, beside a native one."""
        targets = {text_of(found.target) for found in self.facts.managers if not found.is_native}
        return self.project.has_native and text_of(node) in targets

    def manager_for(self, reference: Reference, wanted: str) -> str | None:
        """Return what `manager` does, and where there is none say what to do for *wanted*."""
        name = self.manager(reference.node)
        if name is None:
            self.note(reference.node, f"{wanted} needs the manager: {self.managers.missing()}")
        return name


def _bindings(facts: Facts) -> tuple[set[str], dict[str, str]]:
    """Return the names that mean something in the file, and how native ones are called there."""
    bound: set[str] = set()
    natives: dict[str, str] = {}
    for scope in facts.source.scopes:
        for assignment in scope.assignments:
            origins = _imported(assignment)
            if any(origin.startswith(("jwtpolicy.", *PACKAGES)) for origin in origins):
                if scope is facts.source.global_scope:
                    natives.update(dict.fromkeys(origins, assignment.name))
            else:
                bound.add(assignment.name)
    return bound, natives


def _imported(assignment: object) -> list[str]:
    if not isinstance(assignment, ImportAssignment):
        return []
    return [found.name for found in assignment.get_qualified_names_for(assignment.name)]


def _alias(name: str, bound: set[str]) -> str:
    """Return a name for *name* that nothing else has in the file."""
    if name not in bound:
        return name
    alias = f"JWT{name}" if name[0].isupper() else f"jwt_{name}"
    return _alias(alias, bound)
