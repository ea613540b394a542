"""Describe all names of a module, so that a new one appears by itself."""

from __future__ import annotations

import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tables import table_lines
from werkzeug.local import LocalProxy

if TYPE_CHECKING:
    from sphinx.application import Sphinx


_BRIDGE = "jwtpolicy.compat.flask_jwt_extended"


def module_lines(name: str) -> Iterator[str]:
    """Yield the public names of a module, and those of its public packages, as directives."""
    module = import_module(name)
    for public in sorted(module.__all__, key=str.lower):
        yield from name_lines(module, public)
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        inner = f"{name}.{found.name}"
        if found.ispkg and hasattr(import_module(inner), "__all__"):
            yield from (inner, "-" * len(inner), "", first_paragraph(import_module(inner)), "")
            yield from module_lines(inner)


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
        """Insert all names of the module that the argument is."""

        required_arguments = 1

        def lines(self) -> Iterator[str]:
            return module_lines(self.arguments[0])

    class BridgeNames(Table):
        """Insert all names of the bridge."""

        lines = staticmethod(lambda: table_lines(bridge_rows(), "34 66"))

    app.add_directive("module-names", Names)
    app.add_directive("bridge-names", BridgeNames)
    return {"parallel_read_safe": True}
