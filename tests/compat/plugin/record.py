"""A pytest plugin that writes down what ran, and how each case ended."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

#: The name that the suite imports.
NAME = "flask_jwt_extended"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", metavar="FILE", type=Path, help="where to write it")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Record(config.getoption("--record")))


def modules() -> dict[str, str | None]:
    """Return the file behind each name of the package and of its modules."""
    names = [name for name in sys.modules if name.split(".")[0] == NAME]
    return {name: sys.modules[name].__file__ for name in names}


class Record:
    """What is known of one run; the worst phase of a case is how the case ended."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.collected = 0
        self.outcomes: dict[str, str] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.collected = len(session.items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self.outcomes.get(report.nodeid, "passed") == "passed":
            self.outcomes[report.nodeid] = report.outcome

    def pytest_sessionfinish(self) -> None:
        written = {
            "modules": modules(),
            "collected": self.collected,
            "outcomes": self.outcomes,
        }
        self.file.write_text(json.dumps(written), encoding="utf-8")
