"""Collect what is to change in a file, and change it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import libcst as cst

#: Makes another node of one whose inner parts have been changed already.
Change = Callable[[Any], Any]


@dataclass(frozen=True, order=True, slots=True)
class Note:
    """What a person has to look at.

    Attributes:
        line: Where, counted from 1.
        text: What to do, in a sentence.
    """

    line: int
    text: str


class Edits:
    """What is to change in one file.

    Attributes:
        notes: What a person has to look at.
        needed: The names that are needed, by module, as pairs of name and alias.
    """

    def __init__(self) -> None:
        self._changes: dict[cst.CSTNode, list[Change]] = defaultdict(list)
        self.notes: set[Note] = set()
        self.needed: dict[str, set[tuple[str, str]]] = defaultdict(set)

    def change(self, node: cst.CSTNode, change: Change) -> None:
        """Have *node* changed, after the parts of it, and after what was asked before."""
        self._changes[node].append(change)

    def replace(self, node: cst.CSTNode, other: cst.CSTNode) -> None:
        """Have *node* replaced; what was asked for its parts is lost."""
        self.change(node, lambda _: other)

    def need(self, module: str, name: str, alias: str) -> None:
        """Have *name* imported from *module* as *alias*."""
        self.needed[module].add((name, alias))

    def applied_to(self, module: cst.Module) -> cst.Module:
        """Return *module* with the changes made."""
        return module.visit(_Applier(self._changes))


class _Applier(cst.CSTTransformer):
    def __init__(self, changes: dict[cst.CSTNode, list[Change]]) -> None:
        super().__init__()
        self._changes = changes

    def on_leave(self, original_node: Any, updated_node: Any) -> Any:
        for change in self._changes.get(original_node, ()):
            updated_node = change(updated_node)
        return updated_node
