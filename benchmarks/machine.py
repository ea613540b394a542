"""Say on what machine something was measured: figures without it are worth nothing."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Final

#: Where Linux names the processor, on most kinds of them.
CPUINFO: Final = Path("/proc/cpuinfo")


def machine() -> dict[str, str | int]:
    """Return the model of the processor, the number of its cores, and the operating system."""
    return {"cpu": _model(), "cores": os.cpu_count() or 1, "system": platform.system()}


def _model() -> str:
    """Return the processor's name, or that of its kind where nobody says more."""
    text = CPUINFO.read_text(encoding="utf-8") if CPUINFO.exists() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()
