"""Get the pinned source distribution, and lay out its tests and its package.

Nothing of it enters this repository: the archive is kept in the user's cache, and what is taken
out of it goes into a temporary folder.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

PACKAGE = "flask_jwt_extended"
VERSION = "4.7.4"
SHA256 = "78fd0f460317facf3a0084a6457ffaf2f1dda9eefbd576f94cea35b0eadd5531"


class SourceMissingError(Exception):
    """The source distribution is not in the cache, and the package index did not give it."""


@dataclass(frozen=True)
class Layout:
    """Where the parts of a source distribution lie, none on the path of another.

    Attributes:
        tests: The folder in which ``tests`` is.
        package: The folder in which ``flask_jwt_extended`` is.
    """

    tests: Path
    package: Path

    @property
    def submodules(self) -> list[str]:
        """The names of the modules inside the package."""
        files = (self.package / PACKAGE).glob("*.py")
        return sorted(file.stem for file in files if file.stem != "__init__")


def lay_out(archive: Path, folder: Path) -> Layout:
    """Take the tests and the package, as they are, out of *archive* into *folder*."""
    layout = Layout(folder / "suite", folder / "package")
    take_out(archive, "tests", layout.tests)
    take_out(archive, PACKAGE, layout.package)
    return layout


def take_out(archive: Path, wanted: str, folder: Path) -> None:
    """Write the files of the folder *wanted* of *archive*, byte for byte, below *folder*."""
    with tarfile.open(archive) as opened:
        for member in opened:
            _, *parts = PurePosixPath(member.name).parts
            content = opened.extractfile(member)
            if content and parts[0] == wanted and ".." not in parts:
                target = folder.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())


def pinned(cache: Path | None = None) -> Path:
    """Return the archive of the pinned version, downloaded once.

    Raises:
        SourceMissingError: It is not in the cache and cannot be downloaded.
    """
    cache = cache or default_cache()
    kept = cache / f"{PACKAGE}-{VERSION}.tar.gz"
    if not is_pinned(kept):
        requirement = f"{PACKAGE}=={VERSION} --hash=sha256:{SHA256}"
        with tempfile.TemporaryDirectory() as folder:
            downloaded = download(requirement, Path(folder), "--require-hashes")
            keep(downloaded, kept)
    return kept


def default_cache() -> Path:
    """Return the folder that outlives a run and lies outside the repository."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "jwtpolicy-tests"


def is_pinned(archive: Path) -> bool:
    """Return whether *archive* is there and is the one whose hash is written here."""
    return archive.is_file() and hashlib.sha256(archive.read_bytes()).hexdigest() == SHA256


def keep(downloaded: Path, kept: Path) -> None:
    """Put a file into the cache in one step, since another run may do the same."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_name(f"{kept.name}.{os.getpid()}")
    part.write_bytes(downloaded.read_bytes())
    part.replace(kept)


def download(requirement: str, folder: Path, *options: str, python: str = sys.executable) -> Path:
    """Return the source distribution of *requirement*, fetched into *folder* by pip.

    Raises:
        SourceMissingError: pip did not get it; its last line says why.
    """
    wanted = folder / "requirements.txt"
    wanted.write_text(requirement, encoding="utf-8")
    command = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    command += [*options, "--dest", str(folder), "--requirement", str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = next(folder.glob("*.tar.gz"), None)
    if done.returncode or found is None:
        raise SourceMissingError((done.stderr.strip().splitlines() or ["pip said nothing"])[-1])
    return found
