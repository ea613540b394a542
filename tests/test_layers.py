"""Imports point one way; the map that the documentation draws is this one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "jwtpolicy"

LAYERS = [
    "outcomes sentinels expecting clock loops exceptions decision token access",
    "jose registered_claims access_profile keys schemas policy stores",
    "verifier signer additions revocation statements keeping sessions",
    "settings transports csrf challenges plans users state misplaced refusals enforcement ending",
    "misspelt guards registrations parts finishing frameworks handlers planning binding globals "
    "views endpoints signals logout open_session extension",
    "audit migrate pruning cli testing compat",
    "__init__",
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names.split()}
#: Flask begins here.
HTTP = 3

MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))


def part_of(module: str) -> str:
    """Return the name that the map has for a file."""
    return module.split("/")[0].removesuffix(".py")


def imports(module: str) -> set[str]:
    """Return what a module imports at run time, as absolute dotted names."""
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            here = ["jwtpolicy", *module.split("/")[:-1]]
            base = here[: len(here) - node.level + 1] if node.level else []
            found.add(".".join([*base, node.module or ""]).rstrip("."))
    return found


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_its_layer_or_below(module: str) -> None:
    own = part_of(module)
    inner = {name.split(".")[1] for name in imports(module) if name.startswith("jwtpolicy.")}

    assert {name for name in inner if RANK[name] > RANK[own]} == set()


@pytest.mark.parametrize("module", [name for name in MODULES if RANK[part_of(name)] < HTTP])
def test_the_inner_layers_know_no_flask(module: str) -> None:
    assert not {name for name in imports(module) if name.split(".")[0] == "flask"}


@pytest.mark.parametrize("module", [name for name in MODULES if part_of(name) == "compat"])
def test_the_bridge_touches_few_parts_and_no_verified_token(module: str) -> None:
    allowed = {"compat", "exceptions", "jose", "registered_claims", "revocation", "settings"}
    inner = {name.split(".")[1] for name in imports(module) if name.startswith("jwtpolicy.")}

    assert inner <= allowed | {"keys", "stores"}


def test_every_module_is_on_the_map_and_says_what_it_is_for() -> None:
    assert {part_of(module) for module in MODULES} == set(RANK)
    for module in MODULES:
        doc = ast.get_docstring(ast.parse((PACKAGE / module).read_text(encoding="utf-8")))
        assert doc, f"{module} does not say what it is for"
        assert doc.splitlines()[0].endswith("."), module


def test_the_documentation_draws_the_same_map() -> None:
    page = PACKAGE.parent / "docs" / "explanation" / "life-of-a-request.rst"
    text = page.read_text(encoding="utf-8")
    for names in LAYERS[:-1]:
        drawn = next(line for line in text.splitlines() if f"``{names.split()[0]} " in line)
        assert set(names.split()) == set(drawn.split("``")[1].split())
