"""Hold one parsed file, and answer what its names mean and where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import libcst as cst
from libcst.metadata import (
    CodeRange,
    FunctionScope,
    GlobalScope,
    MetadataWrapper,
    ParentNodeProvider,
    PositionProvider,
    QualifiedName,
    QualifiedNameProvider,
    Scope,
    ScopeProvider,
)

from .nodes import walk
from .places import Place


class Source:
    """One parsed file.

    Attributes:
        place: Where it is.
        module: Its syntax tree.
        nodes: All of its nodes, in the order of the text.
        scopes: All of them.
    """

    def __init__(self, place: Place, module: cst.Module) -> None:
        wrapper = MetadataWrapper(module)
        self.place = place
        self.module = wrapper.module
        # To walk takes longer than to look at what was found.
        self.nodes = tuple(walk(self.module))
        self._origins = wrapper.resolve(QualifiedNameProvider)
        self._scopes = cast(Mapping[cst.CSTNode, Scope | None], wrapper.resolve(ScopeProvider))
        self._parents = cast(Mapping[cst.CSTNode, cst.CSTNode], wrapper.resolve(ParentNodeProvider))
        self._ranges = cast(Mapping[cst.CSTNode, CodeRange], wrapper.resolve(PositionProvider))
        self.scopes = {scope for scope in self._scopes.values() if scope is not None}
        self._inner = {s.node: s for s in self.scopes if isinstance(s, FunctionScope)}

    def line(self, node: cst.CSTNode) -> int:
        """Return the line on which *node* begins, counted from 1."""
        return self._ranges[node].start.line

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """Return what *node* is a part of; None for the module."""
        return self._parents.get(node)

    def parents(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Yield what *node* is a part of, the nearest first."""
        while (above := self.parent(node)) is not None:
            yield above
            node = above

    def scope(self, node: cst.CSTNode) -> Scope:
        """Return the scope in which *node* stands."""
        scopes = (self._scopes.get(above) for above in (node, *self.parents(node)))
        return next((scope for scope in scopes if scope is not None), self.global_scope)

    @property
    def global_scope(self) -> Scope:
        """The scope of the module."""
        return next(scope for scope in self.scopes if isinstance(scope, GlobalScope))

    def inner_scope(self, function: cst.CSTNode) -> Scope:
        """Return the scope that *function* opens."""
        return self._inner[function]

    def origins(self, node: cst.CSTNode) -> set[str]:
        """Return the qualified names that *node* may have; those of relative imports in full."""
        found = self._origins.get(node, ())
        names = cast(set[QualifiedName], found() if callable(found) else found)
        return {self.place.absolute(name.name) for name in names}

    def function_around(self, node: cst.CSTNode) -> cst.FunctionDef | None:
        """Return the innermost function whose body or signature *node* stands in."""
        parents = self.parents(node)
        return next((found for found in parents if isinstance(found, cst.FunctionDef)), None)
