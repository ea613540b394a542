"""Measure what a process pays before it answers: the import, and the first request."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from .goals import Amount, Duration
from .measuring import Figures
from .systems import Ours

_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Start:
    """What one of ``benchmarks.scripts`` prints in interpreters of its own.

    Attributes:
        name: What ``--only`` calls it.
        title: What the table calls it.
        goal: What the figure has to stay below; its unit is the member of the printed object.
        script: The module.
        runs: How many interpreters are started, at the most.
    """

    name: str
    title: str
    goal: Duration | Amount
    script: str
    runs: int = 3

    @property
    def unit(self) -> str:
        return self.goal.unit

    def figures(self, rounds: int) -> Figures:
        """Run the script once to compile the modules, then some times for the median."""
        with TemporaryDirectory() as folder:
            self._printed(folder)
            found = [self._printed(folder) for _ in range(min(rounds, self.runs))]
        return Figures(0.0, {Ours.name: statistics.median(found)})

    def _printed(self, folder: str) -> float:
        command = [sys.executable, "-m", f"benchmarks.scripts.{self.script}"]
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        printed = subprocess.check_output(command, cwd=_ROOT, env=environment)
        return float(json.loads(printed)[self.unit])


STARTS = (
    Start("first", "first request of 1,000 endpoints", Duration(100, "ms"), "first_request"),
    Start("first-MB", "the same, memory", Amount(6, "MB"), "first_request"),
    Start("import", "import, over what it needs", Duration(15, "ms"), "importing", 9),
)
