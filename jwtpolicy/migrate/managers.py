"""Find what the manager is called at a place in a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst
from libcst.metadata import Assignment, BaseAssignment, ImportAssignment

from .facts import Facts
from .nodes import imported_from, module_of
from .project import Project


@dataclass(frozen=True, slots=True)
class Import:
    """A name that has to be imported first.

    Attributes:
        module: From where, as an import statement of the file says it already.
        name: What.
    """

    module: str
    name: str


class Managers:
    """The managers that one file can reach.

    Args:
        facts: What is known of the file.
        project: What is known of the others.
    """

    def __init__(self, facts: Facts, project: Project) -> None:
        self._source = facts.source
        self._project = project
        self._targets = [manager.target for manager in project.managers_of(facts)]
        self._names = list(dict.fromkeys([*self._made(), *sorted(self._imported())]))

    def at(self, node: cst.CSTNode) -> str | Import | None:
        """Return what the manager is called where *node* stands; None where there is none."""
        return next(self.names_at(node), None) or next(self._importable(), None)

    def names_at(self, node: cst.CSTNode) -> Iterator[str]:
        """Yield the names that are managers where *node* stands."""
        scope = self._source.scope(node)
        for name in self._names:
            found = scope[name]
            if found and all(self._is_manager(assignment) for assignment in found):
                yield name

    def _made(self) -> Iterator[str]:
        return (target.value for target in self._targets if isinstance(target, cst.Name))

    def _imported(self) -> set[str]:
        return {
            assignment.name
            for scope in self._source.scopes
            for assignment in scope.assignments
            if isinstance(assignment, ImportAssignment) and self._is_manager(assignment)
        }

    def _is_manager(self, assignment: BaseAssignment) -> bool:
        if not isinstance(assignment, ImportAssignment):
            return isinstance(assignment, Assignment) and assignment.node in self._targets
        names = assignment.get_qualified_names_for(assignment.name)
        return any(self._project.offer(self._source.place.absolute(found.name)) for found in names)

    def _importable(self) -> Iterator[Import]:
        """Yield managers of files from which something else is imported already."""
        for line in self._source.module.body:
            node = imported_from(line)
            if node is not None and not isinstance(node.names, cst.ImportStar):
                module = module_of(node)
                for name in self._project.names_of(self._source.place.absolute(module)):
                    yield Import(module, name)

    def missing(self) -> str:
        """Return how to get at a manager where there is none."""
        offers = self._project.offers
        if not offers:
            return "import the JWTManager here, which none of the files that were named makes"
        places = " or ".join(f"`{offer.name}` of {offer.file}:{offer.line}" for offer in offers)
        return f"import the manager here, {places}, and run this command again"
