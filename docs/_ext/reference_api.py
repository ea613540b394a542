"""Describe all names of a module, so that a new one appears by itself."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from tables import table_lines
from werkzeug.local import LocalProxy

if TYPE_CHECKING:
    from sphinx.application import Sphinx


_BRIDGE = "jwtpolicy.compat.flask_jwt_extended"


def module_lines(name: str, only: str = "*", but: str = "") -> Iterator[str]:
    """Yield the public names of a module as directives.

    Args:
        name: The module.
        only: Patterns, with spaces between them, of the names that are wanted.
        but: Patterns of those that are not.
    """
    module = import_module(name)
    for public in sorted(module.__all__, key=str.lower):
        if _fits(public, only) and not _fits(public, but):
            yield from name_lines(module, public)


def _fits(name: str, patterns: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns.split())


def name_lines(module: ModuleType, name: str) -> Iterator[str]:
    """Yield the directive that describes one name."""
    value, full = getattr(module, name), f"{module.__name__}.{name}"
    if isinstance(value, type):
        yield from (f".. autoclass:: {full}", "   :members:")
        if tests := ", ".join(each for each in vars(value) if each.startswith("test_")):
            yield f"   :exclude-members: {tests}"
    elif inspect.isroutine(value):
        yield f".. autofunction:: {full}"
    else:
        yield from (f".. data:: {name}", f"   :module: {module.__name__}", "")
        yield f"   {comment_on(module.__name__, name)}"
    yield ""


def comment_on(module: str, name: str) -> str:
    """Return the comment above the definition of a constant, in *module* or a part of it.

    Raises:
        LookupError: There is no such comment, which begins with ``#:``.
    """
    parts = (
        part for found, part in sorted(sys.modules.items()) if f"{found}.".startswith(f"{module}.")
    )
    for comment in (comment_above(name, inspect.getsource(part)) for part in parts):
        if comment:
            return comment
    msg = f"{module}.{name} has no comment: write one above it, after `#: `"
    raise LookupError(msg)


def comment_above(name: str, source: str) -> str:
    """Return the comment with ``#:`` above the assignment to *name*; empty where there is none."""
    found = re.search(rf"((?:^#: .*\n)+){name}(?:: [^=\n]+)? = ", source, re.MULTILINE)
    return "" if found is None else " ".join(found[1].replace("#: ", "").split())


def bridge_rows() -> Iterator[tuple[str, str]]:
    """Yield each name of the bridge to Flask-JWT-Extended, with what its docstring says."""
    yield ("name", "what it does here")
    for name, value in sorted(bridge_names().items()):
        is_proxy = isinstance(value, LocalProxy)
        said = comment_on(_BRIDGE, name) if is_proxy else first_paragraph(value)
        yield (f"``{name}``", said)


def bridge_names() -> dict[str, Any]:
    """Return what an application can import from the bridge."""
    module = import_module(_BRIDGE)
    found = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    return {name: value for name, value in found.items() if not inspect.ismodule(value)}


def first_paragraph(value: Any) -> str:
    """Return the first paragraph of a docstring."""
    return " ".join((inspect.getdoc(value) or "").partition("\n\n")[0].split())


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive of a module's names."""
    from tables import Table

    class Names(Table):
        """Insert all names of the module that the argument is, or those that fit patterns."""

        required_arguments = 1
        option_spec: ClassVar[dict[str, Any]] = {"only": str, "but": str}

        def lines(self) -> Iterator[str]:
            return module_lines(self.arguments[0], **self.options)

    class BridgeNames(Table):
        """Insert all names of the bridge."""

        lines = staticmethod(lambda: table_lines(bridge_rows(), "34 66"))

    app.add_directive("module-names", Names)
    app.add_directive("bridge-names", BridgeNames)
    return {"parallel_read_safe": True}
