"""Folders are the layers, and imports point down; the map is ``docs/layers.toml``."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PACKAGE = ROOT / "jwtpolicy"
MAP = PACKAGE.parent / "docs" / "layers.toml"
THE_MAP = tomllib.loads(MAP.read_text(encoding="utf-8"))
LAYERS: list[list[str]] = THE_MAP["layers"]
RANK = {name: rank for rank, names in enumerate(reversed(LAYERS)) for name in names}

MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

#: Imports that point up or sideways, each for a reason.
EXCEPTIONS = {
    # A way to call the command line, which stands above everything.
    ("jwtpolicy.migrate.__main__", "cli"),
    # What the bridge's configuration refuses is told before the move.
    ("jwtpolicy.migrate.judged", "compat"),
}

#: Names of files that stand in several folders, because they say the same of each.
SHARED = {
    "__init__": "what the folder offers",
    "base": "the class from which the others of the folder derive",
    "cookies": "tokens in cookies: of the native API, and of the bridge",
    "exceptions": "errors; the bridge has the names of Flask-JWT-Extended",
    "failures": "what errors of a store's driver mean",
    "places": "where tokens of a request are found: native, and at the bridge",
    "store": "the store of a database",
}


def part_of(module: str) -> str:
    """Return the name that the map has for a module."""
    return module.split(".")[1]


@cache
def imports(module: str) -> frozenset[str]:
    """Return what a module imports, those for its types included, as absolute dotted names."""
    return frozenset(_imports(MODULES[module]))


def _imports(path: Path) -> Iterator[str]:
    package = list(path.relative_to(PACKAGE.parent).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *filter(None, [node.module])])
            named = [f"{source}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else source for name in named)


BELOW_THE_TOP = [name for name in MODULES if name != "jwtpolicy"]


@pytest.mark.parametrize("module", BELOW_THE_TOP)
def test_a_module_imports_only_from_its_folder_and_below(module: str) -> None:
    own = part_of(module)
    parts = {part_of(name) for name in imports(module) if name.startswith("jwtpolicy.")}
    wrong = {name for name in parts - {own} if RANK[name] >= RANK[own]}

    assert {(module, name) for name in wrong} <= EXCEPTIONS


@pytest.mark.parametrize(("module", "name"), sorted(EXCEPTIONS))
def test_every_exception_is_needed(module: str, name: str) -> None:
    assert RANK[name] >= RANK[part_of(module)]
    assert any(found.startswith(f"jwtpolicy.{name}") for found in imports(module))


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Python would forgive it where an import is for types alone; a reader would not."""
    graph = {module: imports(module) & (MODULES.keys() - {module}) for module in MODULES}

    assert list(TopologicalSorter(graph).static_order())


#: Modules of other parts that are about requests and answers.
FLASK_BELOW = {
    "jwtpolicy.sessions.results": "the answers of verbs, which views return",
    "jwtpolicy.settings.reads": "reads in an application's code what it asks of its configuration",
}


def knows_flask(module: str) -> bool:
    """Whether a module may import Flask."""
    return part_of(module) not in THE_MAP["without_flask"] or module in FLASK_BELOW


@pytest.mark.parametrize("module", [name for name in BELOW_THE_TOP if not knows_flask(name)])
def test_the_inner_layers_know_no_flask(module: str) -> None:
    assert not {name for name in imports(module) if name.split(".")[0] == "flask"}


@pytest.mark.parametrize("module", sorted(FLASK_BELOW))
def test_every_module_that_may_import_flask_below_does(module: str) -> None:
    assert any(name.split(".")[0] == "flask" for name in imports(module))


#: What a part must not know though it stands below; the page "Architecture" says why.
UNKNOWN = {
    "sessions": {"transports", "settings"},
    "stores": {"policy", "schemas", "keys"},
    "policy": {"schemas", "keys"},
}


@pytest.mark.parametrize("module", [name for name in BELOW_THE_TOP if part_of(name) in UNKNOWN])
def test_a_part_does_not_know_all_that_stands_below(module: str) -> None:
    parts = {part_of(name) for name in imports(module) if name.startswith("jwtpolicy.")}

    assert not parts & UNKNOWN[part_of(module)]


@pytest.mark.parametrize("module", BELOW_THE_TOP)
def test_only_keys_and_the_bridge_import_pyjwt(module: str) -> None:
    is_importing = any(name.split(".")[0] == "jwt" for name in imports(module))

    assert not is_importing or part_of(module) in {"keys", "compat"}


@pytest.mark.parametrize(
    "module", [name for name in MODULES if name.startswith("jwtpolicy.compat.")]
)
def test_the_bridge_touches_few_parts_and_no_verified_token(module: str) -> None:
    inner = {name for name in imports(module) if name.startswith("jwtpolicy.")}
    allowed = {"compat", "exceptions", "keys", "settings", "stores"}

    rest = {name for name in inner if part_of(name) not in allowed}
    assert rest <= {
        "jwtpolicy.tokens.jose",
        "jwtpolicy.tokens.claims",
        "jwtpolicy.parsing.strict_json",
        "jwtpolicy.sessions.revocation",
    }


def test_the_map_knows_every_part_once() -> None:
    listed = [name for names in LAYERS for name in names]

    assert sorted(listed) == sorted({part_of(name) for name in BELOW_THE_TOP})


def test_at_most_nine_modules_stand_beside_the_folders() -> None:
    assert len([path for path in PACKAGE.glob("*.py") if path.stem != "__init__"]) <= 9


def test_no_two_files_of_one_name_say_different_things() -> None:
    stems = [path.stem for path in MODULES.values()]

    assert {stem for stem in stems if stems.count(stem) > 1} == SHARED.keys()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_in_its_first_line_what_it_is_for(module: str) -> None:
    doc = ast.get_docstring(ast.parse(MODULES[module].read_text(encoding="utf-8")))

    assert doc, f"{module} does not say what it is for"
    assert doc.splitlines()[0].endswith(".")
