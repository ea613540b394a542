"""Run the suite of Flask-JWT-Extended once, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from .source import PACKAGE, Layout

PLUGIN = Path(__file__).parent / "plugin"
BRIDGE = "jwtpolicy.compat.flask_jwt_extended"
#: Cases in the pinned version, one of which is for an old Flask and skipped.
COLLECTED = 181

#: A guard wants a token that says what it is (S1).
WITHOUT_TYPE = frozenset(
    {
        "tests/test_view_decorators.py::test_jwt_invalid_audience",
        "tests/test_view_decorators.py::test_jwt_invalid_issuer",
    }
)
#: A view that answers OPTIONS itself is protected like any other (S18).
OPTIONS_VIEWS = frozenset(
    {
        "tests/test_options_method.py::test_access_jwt_required_enpoint",
        "tests/test_options_method.py::test_access_jwt_refresh_token_required_enpoint",
        "tests/test_options_method.py::test_access_fresh_jwt_required_enpoint",
    }
)


class SuiteError(Exception):
    """pytest did not get as far as writing down what happened."""


@dataclass(frozen=True)
class Run:
    """What the suite is run against.

    Attributes:
        package: What the suite gets when it imports ``flask_jwt_extended``.
        switches: The settings that are on in every application.
        listed: The node ids that have to fail although the original passes them.
    """

    name: str
    package: str
    switches: tuple[str, ...] = ()
    listed: frozenset[str] = frozenset()


#: The keys of the suite are short; that one thing is needed to run it at all.
_WEAK = "JWT_COMPAT_WEAK_KEYS"
_ALL = (_WEAK, "JWT_COMPAT_UNTYPED", "JWT_COMPAT_OPTIONS_VIEW")

ORIGINAL = Run("Flask-JWT-Extended", PACKAGE)
STRICT = Run("bridge", BRIDGE, (_WEAK,), WITHOUT_TYPE | OPTIONS_VIEWS)
LENIENT = Run("bridge, every switch", BRIDGE, _ALL)


@dataclass(frozen=True)
class Report:
    """What happened in a run.

    Attributes:
        modules: The file behind each module name of the package that the suite imported.
        outcomes: ``passed``, ``failed`` or ``skipped`` by node id.
        output: What pytest printed.
    """

    modules: dict[str, str | None] = field(default_factory=dict)
    collected: int = 0
    outcomes: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    output: str = ""

    def ended(self, outcome: str) -> frozenset[str]:
        """Return the node ids of the cases that ended so."""
        return frozenset(name for name, ended in self.outcomes.items() if ended == outcome)


def run_suite(run: Run, layout: Layout, python: str = sys.executable) -> Report:
    """Return what came of the suite in *layout*, run by *python*.

    Raises:
        SuiteError: pytest stopped before the end.
    """
    record = layout.tests / "record.json"
    record.unlink(missing_ok=True)
    command = [python, "-m", "pytest", *arguments(run, layout, record), "tests"]
    begun = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=layout.tests,
        env=environment(run, layout),
        capture_output=True,
        text=True,
        check=False,
    )
    if not record.exists():
        raise SuiteError(f"{run.name}: {done.stdout}{done.stderr}")
    written = json.loads(record.read_text(encoding="utf-8"))
    return Report(**written, seconds=time.perf_counter() - begun, output=done.stdout)


def arguments(run: Run, layout: Layout, record: Path) -> list[str]:
    """Return pytest's arguments: our plugins, and nothing of this repository's settings."""
    own = ["-c", os.devnull, f"--rootdir={layout.tests}", "-p", "no:cacheprovider"]
    brief = ["-q", "--tb=short", "--disable-warnings"]
    plugins = ["-p", "stand_in", "-p", "record", f"--record={record}", f"--stand-in={run.package}"]
    submodules = [f"--submodule={name}" for name in layout.submodules]
    return [*own, *brief, *plugins, *submodules, *(f"--switch={name}" for name in run.switches)]


def environment(run: Run, layout: Layout) -> dict[str, str]:
    """Return the variables of the process; only a run of the original sees its package."""
    own = {"PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONPATH", "PYTHONWARNINGS"}
    kept = {name: value for name, value in os.environ.items() if name not in own}
    package = [layout.package] if run.package == PACKAGE else []
    path = os.pathsep.join(map(str, [PLUGIN, *package]))
    return {**kept, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
