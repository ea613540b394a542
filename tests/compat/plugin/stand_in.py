"""A pytest plugin that puts one package in the place of another before any test is imported.

This folder is a path of its own: the suite that is run has a package called ``tests`` too.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys

import pytest
from flask import Flask
from werkzeug.datastructures import ImmutableDict

#: The name that the suite imports.
NAME = "flask_jwt_extended"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stand-in", metavar="PACKAGE", help="what the suite gets to import")
    parser.addoption("--submodule", action="append", default=[], help="a module inside it")
    parser.addoption("--switch", action="append", default=[], help="a setting that is True")


def pytest_configure(config: pytest.Config) -> None:
    switch_on(config.getoption("--switch"))
    stand_in(config.getoption("--stand-in"), config.getoption("--submodule"))


def switch_on(switches: list[str]) -> None:
    """Give every application of this process *switches*, without an edit of the suite."""
    on = dict.fromkeys(switches, True)
    Flask.default_config = ImmutableDict({**Flask.default_config, **on})


def stand_in(package: str, submodules: list[str]) -> None:
    """Let *package* and those *submodules* that it has answer to the other name."""
    sys.modules[NAME] = importlib.import_module(package)
    for submodule in submodules:
        if importlib.util.find_spec(f"{package}.{submodule}"):
            found = importlib.import_module(f"{package}.{submodule}")
            sys.modules[f"{NAME}.{submodule}"] = found
