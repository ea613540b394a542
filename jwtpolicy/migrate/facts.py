"""Find out what other files may need to know of a file, before anything is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import libcst as cst

from .configured import settings_in
from .names import PACKAGES, is_reference, own_name
from .source import Source

_NATIVE: Final = frozenset({"jwtpolicy.JWTManager", "jwtpolicy.extension.JWTManager"})


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of one of Flask-JWT-Extended's names.

    Attributes:
        node: The name, or the attribute of the module.
        name: What Flask-JWT-Extended calls it.
        call: The call of it; None where it is used as a value.
    """

    node: cst.Name | cst.Attribute
    name: str
    call: cst.Call | None


@dataclass(frozen=True, slots=True)
class Manager:
    """A place where a manager is made.

    Attributes:
        target: What it is assigned to.
        call: What makes it.
        is_native: Whether it is one of this library already.
    """

    target: cst.Name | cst.Attribute
    call: cst.Call
    is_native: bool


class Facts:
    """What is known of one file.

    Attributes:
        source: The file.
        references: The uses of Flask-JWT-Extended's names.
        managers: The managers that it makes.
        settings: The settings that it writes.
        imported: The modules and names that it imports, in full.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.references = list(_references(source))
        self.managers = list(_managers(source))
        self.settings = list(settings_in(source))
        self.imported = set(source.place.imported(source.module))

    @property
    def is_concerned(self) -> bool:
        """Whether it imports Flask-JWT-Extended, the bridge or this library."""
        packages = {*PACKAGES, "jwtpolicy"}
        return any(
            name == package or name.startswith(f"{package}.")
            for name in self.imported
            for package in packages
        )

    @property
    def has_native(self) -> bool:
        """Whether a manager of it is one of this library already."""
        return any(manager.is_native for manager in self.managers)


def _references(source: Source) -> Iterator[Reference]:
    for node in source.nodes:
        if isinstance(node, cst.Name | cst.Attribute):
            names = {own_name(origin) for origin in source.origins(node)}
            name = names.pop() if len(names) == 1 else None
            if name is not None and is_reference(name):
                parent = source.parent(node)
                is_called = isinstance(parent, cst.Call) and parent.func is node
                yield Reference(node, name, parent if is_called else None)  # type: ignore[arg-type] # it is a Call


def _managers(source: Source) -> Iterator[Manager]:
    for node in source.nodes:
        if isinstance(node, cst.Assign | cst.AnnAssign) and isinstance(node.value, cst.Call):
            function = node.value.func
            names = source.origins(
                function.value if isinstance(function, cst.Subscript) else function
            )
            is_native = bool(names & _NATIVE)
            if is_native or "JWTManager" in map(own_name, names):
                for target in _targets(node):
                    if isinstance(target, cst.Name | cst.Attribute):
                        yield Manager(target, node.value, is_native)


def _targets(node: cst.Assign | cst.AnnAssign) -> Iterable[cst.BaseExpression]:
    if isinstance(node, cst.AnnAssign):
        return (node.target,)
    return (target.target for target in node.targets)
