"""Know where a file is among the modules, and what it imports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import libcst as cst

from .nodes import module_of, text_of, walk


class Place:
    """A file among the modules.

    Attributes:
        name: Its path, as it was given.
        dotted: Its dotted name, with all folders from the root.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        path = Path(name).resolve().with_suffix("")
        self._parts = path.parts[1:]
        self.dotted = ".".join(self._parts[:-1] if self.is_package else self._parts)

    @property
    def is_package(self) -> bool:
        """Whether other modules are below it."""
        return self._parts[-1] == "__init__"

    def absolute(self, name: str) -> str:
        """Return *name*, which may begin with the dots of a relative import, without them."""
        bare = name.lstrip(".")
        level = len(name) - len(bare)
        folders = self._parts[:-level] if level else ()
        return ".".join(filter(None, (*folders, bare)))

    def imported(self, module: cst.Module) -> Iterator[str]:
        """Yield the modules and names that the file imports, in full."""
        for node in walk(module):
            if isinstance(node, cst.Import):
                yield from (text_of(alias.name) for alias in node.names)
            elif isinstance(node, cst.ImportFrom):
                source = module_of(node)
                names = () if isinstance(node.names, cst.ImportStar) else node.names
                yield self.absolute(source)
                separator = "" if source.endswith(".") else "."
                yield from (self.absolute(f"{source}{separator}{text_of(n.name)}") for n in names)
