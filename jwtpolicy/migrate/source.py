"""One parsed file: the bindings of its names, positions in the text, and its edits."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Final

from .files import Unusable

#: The nodes of functions, which have scopes of their own.
Function = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES: Final = (
    ast.Module,
    ast.ClassDef,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)

#: Text, or a part of the file with what changes in it.
Part = str | ast.AST


class Absent(Enum):
    """The type of `ABSENT`."""

    ABSENT = "ABSENT"


#: No literal value, where None is one.
ABSENT: Final = Absent.ABSENT

#: The origin of a name that means two things.
TWICE: Final = "?"


@dataclass(frozen=True, order=True, slots=True)
class Note:
    """A note to a person about a line of the source.

    Attributes:
        line: The line number, counted from 1.
        text: The advice, in a sentence.
    """

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Binding:
    """A binding of a name: an import, an assignment, a parameter or a definition.

    Attributes:
        node: The statement, parameter or name.
        origin: The full name of an imported object; None for any other binding.
    """

    node: ast.AST
    origin: str | None = None


class Source:
    """One parsed file.

    Args:
        name: Its path, as it was given.
        text: Its content.

    Attributes:
        path: Its absolute path.
        tree: Its syntax tree.
        nodes: All of its nodes, in the order of the text.
        bindings: The bindings of names, by scope.
        modules: The modules and names that it imports, in full.

    Raises:
        Unusable: The text is not valid Python.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.path = Path(name).resolve()
        self._parts = self.path.with_suffix("").parts[1:]
        try:
            self.tree = ast.parse(text)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            msg = f"line {line} is no Python of this version: {getattr(error, 'msg', error)}"
            raise Unusable(msg) from None
        self._starts = [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", text))]
        self._edits: list[_Edit] = []
        self._parents: dict[ast.AST, ast.AST] = {}
        self._scope_of: dict[ast.AST, ast.AST] = {}
        self.nodes: list[ast.AST] = []
        self.bindings: dict[ast.AST, dict[str, list[Binding]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self.modules: set[str] = set()
        self._visit(self.tree, self.tree)

    # What is there.

    @property
    def is_package(self) -> bool:
        """Whether the file is the ``__init__`` of a package."""
        return self._parts[-1] == "__init__"

    @property
    def dotted(self) -> str:
        """Its dotted name, with all folders from the root."""
        return ".".join(self._parts[:-1] if self.is_package else self._parts)

    def _visit(self, node: ast.AST, scope: ast.AST) -> None:
        self.nodes.append(node)
        self._scope_of[node] = scope
        self._bind(node, scope)
        inner = node if isinstance(node, _SCOPES) else scope
        for child in ast.iter_child_nodes(node):
            self._parents[child] = node
            self._visit(child, scope if _is_outside(node, child) else inner)

    def _bind(self, node: ast.AST, scope: ast.AST) -> None:
        names = self.bindings[scope]
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.modules.add(alias.name)
                bound = alias.asname or alias.name.partition(".")[0]
                names[bound].append(Binding(node, alias.name if alias.asname else bound))
        elif isinstance(node, ast.ImportFrom):
            module = self.absolute(node)
            self.modules.add(module)
            for alias in node.names:
                self.modules.add(f"{module}.{alias.name}")
                bound = alias.asname or alias.name
                names[bound].append(Binding(node, f"{module}.{alias.name}"))
        elif isinstance(node, Function | ast.ClassDef):
            names[node.name].append(Binding(node))
        elif isinstance(node, ast.arg):
            names[node.arg].append(Binding(node))
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names[node.id].append(Binding(node))
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names[node.name].append(Binding(node))

    def absolute(self, node: ast.ImportFrom) -> str:
        """Return the module that *node* imports from, without the dots of a relative import."""
        folders = self._parts[: -node.level] if node.level else ()
        return ".".join(filter(None, (*folders, node.module or "")))

    def parents(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around *node*, the nearest first."""
        while (above := self._parents.get(node)) is not None:
            yield above
            node = above

    def parent(self, node: ast.AST) -> ast.AST | None:
        """Return the node around *node*; None for the module."""
        return self._parents.get(node)

    def scopes(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the scopes whose names are visible at *node*, the innermost first."""
        first = scope = self._scope_of[node]
        yield first
        while scope is not self.tree:
            scope = self._scope_of[scope]
            if not isinstance(scope, ast.ClassDef):
                yield scope

    def bound(self, name: str, node: ast.AST) -> tuple[ast.AST | None, list[Binding]]:
        """Return the scope that *name* belongs to where *node* stands, and its bindings there."""
        for scope in self.scopes(node):
            if found := self.bindings[scope].get(name):
                return scope, found
        return None, []

    def origin(self, node: ast.AST) -> str | None:
        """Return the imported name that *node* is, in full; `TWICE` where it may be another."""
        if isinstance(node, ast.Attribute):
            base = self.origin(node.value)
            return base if base in (None, TWICE) else f"{base}.{node.attr}"
        if not isinstance(node, ast.Name):
            return None
        origins = {binding.origin for binding in self.bound(node.id, node)[1]}
        return origins.pop() if len(origins) == 1 else (TWICE if any(origins) else None)

    def origins(self, node: ast.Name) -> set[str | None]:
        """Return the origins of all bindings of a name."""
        return {binding.origin for binding in self.bound(node.id, node)[1]}

    @cached_property
    def names(self) -> set[str]:
        """The names that are bound anywhere in the file."""
        return {name for scope in self.bindings.values() for name in scope}

    def uses(self, name: str, scope: ast.AST) -> Iterator[ast.Name]:
        """Yield the nodes that read *name* of *scope*."""
        for node in self.nodes:
            if (
                isinstance(node, ast.Name)
                and node.id == name
                and isinstance(node.ctx, ast.Load)
                and self.bound(name, node)[0] is scope
            ):
                yield node

    def function_around(self, node: ast.AST) -> Function | None:
        """Return the innermost function whose body or signature *node* stands in."""
        return next((n for n in self.parents(node) if isinstance(n, Function)), None)

    # Where it stands.

    def offset(self, line: int, column: int) -> int:
        """Return the place in the text of a line and a column, as syntax trees count them."""
        start = self._starts[line - 1]
        piece = self.text[start : start + column]
        if not piece.isascii():
            end = self._starts[line] if line < len(self._starts) else len(self.text)
            piece = self.text[start:end].encode()[:column].decode()
        return start + len(piece)

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return the start and the end of *node* in the text."""
        start = self.offset(node.lineno, node.col_offset)  # type: ignore[attr-defined] # it has one
        end = self.offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined] # too
        return start, end

    def line_start(self, node: ast.stmt) -> int:
        """Return the start of the line on which *node* begins, its decorators included."""
        decorators: list[ast.expr] = getattr(node, "decorator_list", [])
        return self._starts[min([node.lineno, *(d.lineno for d in decorators)]) - 1]

    def line_end(self, node: ast.stmt) -> int:
        """Return the start of the line after *node*."""
        return (
            self._starts[bisect_right(self._starts, self.span(node)[1] - 1)]
            if (self.span(node)[1] <= self._starts[-1])
            else len(self.text)
        )

    def is_alone(self, node: ast.stmt) -> bool:
        """Whether nothing else stands on the lines of a statement."""
        start, end = self.span(node)
        first = self._starts[bisect_right(self._starts, start) - 1]
        rest = self.text[end : self.line_end(node)]
        return not self.text[first:start].strip() and re.match(r"\s*(#|$)", rest) is not None

    @cached_property
    def newline(self) -> str:
        """The line end of the file: a line feed, a carriage return, or both."""
        found = re.search(r"\r\n|\r|\n", self.text)
        return found.group() if found else "\n"

    # What changes.

    def replace(self, node: ast.AST, *parts: Part) -> None:
        """Replace *node* by text and nodes; edits inside of a node that is kept still apply."""
        self.replace_span(*self.span(node), *parts)

    def replace_span(self, start: int, end: int, *parts: Part) -> None:
        """Replace a piece of the text."""
        self._edits.append(_Edit(start, end, parts))

    def rendered(self) -> str:
        """Return the text with its edits applied."""
        return self._between(0, len(self.text), None)

    def _between(self, start: int, end: int, above: _Edit | None) -> str:
        inside = [e for e in self._edits if e is not above and start <= e.start and e.end <= end]
        pieces: list[str] = []
        # What is put in stands before what is replaced there, and that before its own parts.
        for edit in sorted(inside, key=lambda e: (e.start, e.end > e.start, -e.end)):
            if edit.start >= start:
                pieces.append(self.text[start : edit.start])
                pieces += [self._part(part, edit) for part in edit.parts]
                start = edit.end
        return "".join([*pieces, self.text[start:end]])

    def _part(self, part: Part, edit: _Edit) -> str:
        return part if isinstance(part, str) else self._between(*self.span(part), edit)


def _is_outside(node: ast.AST, child: ast.AST) -> bool:
    """Whether *child* belongs to the scope around *node*: decorators, defaults, bases."""
    if isinstance(node, Function | ast.ClassDef):
        return not isinstance(child, ast.arguments | ast.stmt)
    return False


def literal(node: ast.AST) -> object:
    """Return the value of a literal, or `ABSENT` for any other expression."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError):
        return ABSENT


def last_name(node: ast.AST) -> str:
    """Return the last name of a name, an attribute or the function of a call."""
    node = node.func if isinstance(node, ast.Call) else node
    return str(getattr(node, "attr", getattr(node, "id", "")))


def string(node: ast.AST | None) -> str | None:
    """Return the text of a string literal, or None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def arguments(call: ast.Call | None, parameters: Sequence[str]) -> dict[str, ast.expr] | None:
    """Return the arguments of *call* by the names of the parameters that take them.

    None where they are unknown: it is no call, has stars, or other keywords.
    """
    if call is None or len(call.args) > len(parameters):
        return None
    found = dict(zip(parameters, call.args, strict=False))
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg not in parameters or keyword.arg in found:
            return None
        found[keyword.arg] = keyword.value
    return None if any(isinstance(value, ast.Starred) for value in call.args) else found


def is_tail(module: str, path: str) -> bool:
    """Whether *module*, as an import statement names it, may be the file at *path*."""
    return bool(module) and f".{path}".endswith(f".{module}")
