"""Find list operations on arrays in claims, which are tuples in this library."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from ..application import Application, File
from ..names import own_name
from ..source import Function, last_name

_READING: Final = frozenset({"get_jwt", "get_jwt_header"})
#: Loaders that get claims as their second parameter.
_TAKING: Final = frozenset({"token_in_blocklist_loader", "user_lookup_loader"})
_OF_LISTS: Final = frozenset({"append", "extend", "insert", "remove", "reverse", "sort"})
#: Functions that return claims as they are, or members of them.
_PASSING: Final = frozenset({"copy", "deepcopy", "dict", "get", "pop"})

_TEXT: Final = (
    "an array among claims is a tuple here: write list(…) around it where it is compared, added to "
    "or changed"
)


class Claims:
    """The expressions that hold claims, or a member of them, in an application's files.

    It errs on the side of finding too much: functions are known by their names alone.
    """

    def __init__(self, application: Application) -> None:
        self._functions: dict[str, list[tuple[File, Function]]] = defaultdict(list)
        self._names: set[tuple[ast.AST | None, str]] = set()
        self._returning: set[str] = set()
        for file in application.files:
            for node in file.source.nodes:
                if isinstance(node, Function):
                    self._functions[node.name].append((file, node))
                    self._names.update((node, name) for name in _given(node))
        before = -1
        while before != len(self._names) + len(self._returning):
            before = len(self._names) + len(self._returning)
            for file in application.files:
                self._spread(file)

    def _spread(self, file: File) -> None:
        """Follow assignments, returns and arguments one step."""
        for node in file.source.nodes:
            around = file.source.function_around(node)
            if isinstance(node, ast.Return) and around is not None and self._is(file, node.value):
                self._returning.add(around.name)
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
                if self._is(file, node.value):
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                    names = (t.id for t in targets if isinstance(t, ast.Name))
                    self._names.update((around, name) for name in names)
            elif isinstance(node, ast.Call):
                self._hand_on(file, node)

    def _hand_on(self, file: File, call: ast.Call) -> None:
        given = [position for position, arg in enumerate(call.args) if self._is(file, arg)]
        for _, function in self._functions.get(last_name(call.func), ()) if given else ():
            names = [parameter.arg for parameter in function.args.args]
            self._names.update((function, names[p]) for p in given if p < len(names))

    def _is(self, file: File, node: ast.AST | None) -> bool:
        """Whether *node* is claims, or a member of them."""
        if isinstance(node, ast.Name):
            around = file.source.function_around(node)
            above = (n for n in file.source.parents(node) if isinstance(n, Function))
            return any((scope, node.id) in self._names for scope in (around, *above, None))
        if isinstance(node, ast.Call):
            return self._is_call(file, node)
        return any(self._is(file, part) for part in _parts(node))

    def _is_call(self, file: File, call: ast.Call) -> bool:
        name = last_name(call.func)
        if own_name(file.source.origin(call.func)) in _READING or name in self._returning:
            return True
        passed = [*call.args, getattr(call.func, "value", None)]
        return name in _PASSING and any(self._is(file, part) for part in passed)

    def hinder(self, file: File) -> None:
        """Add hindrances for operations that need a list, in one file."""
        for node in file.source.nodes:
            if any(self._is(file, part) for part in _wanting_lists(node)):
                file.hinder(node, _TEXT)


def _given(function: Function) -> Iterator[str]:
    """Yield the parameters that are claims from the beginning."""
    attributes = {getattr(decorator, "attr", "") for decorator in function.decorator_list}
    if attributes & _TAKING:
        yield from (parameter.arg for parameter in function.args.args[1:2])


def _parts(node: ast.AST | None) -> Iterable[ast.AST | None]:
    """Return the expressions that *node* may be the value or a member of."""
    if isinstance(node, ast.Subscript | ast.NamedExpr):
        return (node.value,)
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.IfExp):
        return node.body, node.orelse
    if isinstance(node, ast.Dict):
        return (v for key, v in zip(node.keys, node.values, strict=True) if key is None)
    return ()


def _wanting_lists(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the expressions in *node* that have to be lists."""
    if isinstance(node, ast.Compare):
        sides = (node.left, *node.comparators)
        if any(map(_names_list, sides[:1])) or any(
            any(map(_names_list, getattr(side, "elts", ())))
            if isinstance(op, ast.In | ast.NotIn)
            else _names_list(side)
            for op, side in zip(node.ops, node.comparators, strict=True)
        ):
            yield from sides
        for side in sides:
            if isinstance(side, ast.Call) and last_name(side.func) == "type":
                yield from side.args
    elif isinstance(node, ast.BinOp):
        if _names_list(node.left) or _names_list(node.right):
            yield from (node.left, node.right)
    elif isinstance(node, ast.AugAssign):
        if _names_list(node.value):
            yield node.target
    elif isinstance(node, ast.Call):
        function = node.func
        if last_name(function) == "isinstance" and "list" in ast.unparse(node.args[-1]):
            yield node.args[0]
        if isinstance(function, ast.Attribute) and function.attr in _OF_LISTS:
            yield function.value


def _names_list(node: ast.AST) -> bool:
    return isinstance(node, ast.List | ast.ListComp)
