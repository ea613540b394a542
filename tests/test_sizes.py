"""No function takes more parameters than a reader can keep in mind: beyond them, pass a value."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.support.paths import ROOT

PACKAGE = ROOT / "jwtpolicy"

#: Parameters, ``self`` and ``cls`` not counted.
MOST = 7

#: What users call with keywords, each for one thing that they may want.
PUBLIC_VERBS = {
    "auth_blueprint",
    "resource_metadata_blueprint",
    "JWTManager.explain",
    "JWTManager.issue",
    "JWTManager.login",
    "open_store",
}

#: Values, whose members are what they are made of; dataclasses need no ``__init__`` to be listed.
VALUES = {"AccessRequest.__init__", "Issuer.__init__"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(node: ast.AST, where: tuple[str, ...] = ()) -> Iterator[tuple[str, Function]]:
    """Return the functions below *node*, with their qualified names."""
    for child in ast.iter_child_nodes(node):
        named = isinstance(child, Function | ast.ClassDef)
        inner = (*where, child.name) if named else where
        if isinstance(child, Function):
            yield ".".join(inner), child
        yield from functions(child, inner)


def parameters(function: Function) -> list[str]:
    args = function.args
    listed = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    names = [argument.arg for argument in listed if argument is not None]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def long_ones() -> set[str]:
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for name, function in functions(ast.parse(path.read_text(encoding="utf-8"))):
            if len(parameters(function)) > MOST:
                found.add(name)
    return found


def test_no_function_takes_more_than_seven_parameters_but_public_verbs_and_values() -> None:
    assert long_ones() == PUBLIC_VERBS | VALUES


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(a, /, b, *c, d, **e): ...", [("f", ["a", "b", "d", "c", "e"])]),
        ("class A:\n  async def f(self, a): ...", [("A.f", ["a"])]),
        (
            "class A:\n  if 1:\n    def f(cls): \n      def g(b): ...",
            [("A.f", []), ("A.f.g", ["b"])],
        ),
    ],
)
def test_parameters_are_counted_without_self(source: str, expected: object) -> None:
    found = [(name, parameters(function)) for name, function in functions(ast.parse(source))]

    assert found == expected
