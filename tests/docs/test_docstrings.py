"""Run the examples in the docstrings of public names, each in an application of its own."""

from __future__ import annotations

import doctest
import inspect
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

import jwtpolicy
from jwtpolicy import JWTManager, Policy
from tests.support.applications import SECRET

#: Public names that are no policies, and have to show how they are used all the same.
SHOWN = {"ProtectedView", "When", "claim", "contains", "one_of", "policy", "protect", "public"}
SHOWN |= {"view_arg"}


def is_shown(name: str, value: object) -> bool:
    return name in SHOWN or (isinstance(value, type) and issubclass(value, Policy))


NAMES = {name: getattr(jwtpolicy, name) for name in jwtpolicy.__all__}
EXAMPLES = {name: value for name, value in NAMES.items() if ">>>" in (inspect.getdoc(value) or "")}


def test_every_policy_and_every_guard_has_an_example() -> None:
    assert {name for name, value in NAMES.items() if is_shown(name, value)} <= set(EXAMPLES)


@pytest.fixture
def names() -> Iterator[dict[str, Any]]:
    """Return what an example finds: all public names, an application, and its manager."""
    app = Flask("tests.app")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    jwt = JWTManager(app)
    with app.app_context():
        yield {**NAMES, "app": app, "jwt": jwt}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_prints_what_it_says(name: str, names: dict[str, Any]) -> None:
    parser, said = doctest.DocTestParser(), inspect.getdoc(EXAMPLES[name]) or ""
    example = parser.get_doctest(said, names, name, None, 0)

    failed, run = doctest.DocTestRunner().run(example, out=sys.stdout.write)

    assert (failed, bool(run)) == (0, True)
