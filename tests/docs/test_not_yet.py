"""What is said to be lacking is lacking, and what is not built is said to be lacking."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pkgutil import walk_packages

import pytest

import jwtpolicy
from tests.support.paths import DOCS

sys.path.insert(0, str(DOCS / "_ext"))

import not_yet  # the folder of Sphinx's extensions is no package
import requirements
from reference_settings import settings

LACKS = not_yet.lacks()


def names() -> Iterator[str]:
    """Yield what users could find the thing by: modules, public names and settings."""
    yield from (f"JWT_{name}" for name in settings())
    for package in (jwtpolicy, importlib.import_module("jwtpolicy.cli").jwtpolicy):
        yield from getattr(package, "__all__", getattr(package, "commands", ()))
    yield from vars(jwtpolicy.JWTManager)
    for module in walk_packages(jwtpolicy.__path__, "jwtpolicy."):
        if not re.search(r"\.(compat|migrate|testing)\b|__main__", module.name):
            yield module.name.rpartition(".")[2]
            yield from getattr(importlib.import_module(module.name), "__all__", ())


NAMES = set(names())


@pytest.mark.parametrize("name", LACKS)
def test_what_is_lacking_has_no_name_in_the_library(name: str) -> None:
    pattern = re.compile(LACKS[name]["names"])

    assert sorted(filter(pattern.fullmatch, NAMES)) == []


def test_names_of_all_sorts_are_looked_at() -> None:
    assert {"HasRole", "JWT_SECRET_KEY", "routes", "step_up", "KeyRing", "verifier"} <= NAMES


def test_every_requirement_that_is_not_built_is_said_to_be_lacking() -> None:
    table = requirements.requirements()
    unbuilt = [id_ for id_, row in table.items() if "not-built" in row]
    said = [id_ for entry in LACKS.values() for id_ in entry["requirements"]]

    assert sorted(said) == sorted(unbuilt)


@pytest.mark.parametrize("name", LACKS)
def test_an_entry_says_what_can_be_done_instead(name: str) -> None:
    entry = LACKS[name]

    assert entry.keys() == {"title", "says", "instead", "names", "requirements"}
    assert entry["says"].endswith(".")
    assert entry["instead"].endswith(".")
