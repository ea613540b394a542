"""Applications as others have written them: what passes with Flask-JWT-Extended passes here too."""

from __future__ import annotations

import ast
import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parent / "applications"
ORIGINAL = "flask_jwt_extended"
BRIDGE = "jwtpolicy.compat.flask_jwt_extended"

#: Tests of these applications that pass with the original and not with the bridge, and why.
EXCEPTIONS = {
    ("own_scheme", "test_a_partners_token_need_not_say_what_kind_it_is"): (
        "tokens without `type` are none of the kinds (S1); JWT_COMPAT_UNTYPED lets them in"
    ),
    ("own_scheme", "test_the_settings_say_how_long_tokens_live"): (
        "app.config is not filled with defaults (K35); the log names the line and what to write"
    ),
}

SOURCES = {path.stem: path.read_text("utf-8") for path in sorted(FOLDER.glob("[!_]*.py"))}
CASES = [
    (name, node.name)
    for name, source in SOURCES.items()
    for node in ast.parse(source).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
]
cases = pytest.mark.parametrize(("name", "test"), CASES, ids=str)


def loaded(name: str, library: str) -> ModuleType:
    """Return the application with its imports changed, and nothing else of it."""
    source = SOURCES[name]
    for package in sorted({line.split()[1] for line in source.splitlines() if is_import(line)}):
        name_of_it = package.partition(".")[0]
        pytest.importorskip(name_of_it, reason=f"pip install {name_of_it}")
    spec = importlib.util.spec_from_loader(f"{__name__}.{name}", loader=None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    code = compile(source.replace(ORIGINAL, library), str(FOLDER / f"{name}.py"), "exec")
    exec(code, vars(module))
    return module


def is_import(line: str) -> bool:
    return line.startswith(("from flask_", "import flask_")) and ORIGINAL not in line


def run(name: str, test: str, library: str) -> None:
    """Run one test of an application that was just made."""
    module = loaded(name, library)
    app = module.create_app()
    assert type(app.extensions["flask-jwt-extended"]).__module__.startswith(library)
    function = getattr(module, test)
    given = {"app": app, "client": app.test_client()}
    try:
        function(**{name: given[name] for name in inspect.signature(function).parameters})
    finally:
        if "DATABASE" in app.config:
            app.config["DATABASE"].close()


@cases
def test_it_passes_with_the_original(name: str, test: str) -> None:
    run(name, test, ORIGINAL)


@cases
def test_it_passes_with_the_bridge(name: str, test: str) -> None:
    """The listed exceptions do not: one that does is to be taken off the list."""
    if (name, test) not in EXCEPTIONS:
        run(name, test, BRIDGE)
        return
    module = loaded(name, BRIDGE)
    with pytest.raises((AssertionError, KeyError)):
        run(name, test, BRIDGE)
    assert module.create_app() is not None


def test_there_are_ten_and_every_exception_is_one_of_their_tests() -> None:
    assert len(SOURCES) == 10
    assert all(list(SOURCES).count(name) == 1 for name, _ in EXCEPTIONS)
    assert set(EXCEPTIONS) <= set(CASES)
    assert len(CASES) > 50
