"""Answer each job of standard input, a line of JSON, with a line of JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

Job = dict[str, Any]


def answer(**jobs: Callable[[Job], Job]) -> None:
    """Do each job by the function of its name; what is raised is an answer too."""
    for line in sys.stdin:
        job = json.loads(line)
        try:
            result = jobs[job["do"]](job)
        except Exception as error:  # noqa: BLE001 # whatever a library raises, it refuses
            result = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), flush=True)  # noqa: T201
