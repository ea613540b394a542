"""Find, read and write source files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import libcst as cst

#: Folders that hold other people's code.
_FOREIGN: Final = frozenset({"__pycache__", "node_modules", "site-packages", "venv"})


class Unusable(Exception):  # noqa: N818 # becomes a message
    """A file that cannot be read, with the reason."""


def found(paths: Iterable[str]) -> Iterator[str]:
    """Yield the files that *paths* name, and those of folders; each once.

    Raises nothing for a path that does not exist: reading it will tell.
    """
    seen: set[Path] = set()
    for path in paths:
        for name in _below(Path(path)) if Path(path).is_dir() else (path,):
            if (resolved := Path(name).resolve()) not in seen:
                seen.add(resolved)
                yield str(name)


def _below(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            if not _is_skipped(entry):
                yield from _below(entry)
        elif entry.suffix == ".py":
            yield entry


def _is_skipped(folder: Path) -> bool:
    is_environment = (folder / "pyvenv.cfg").exists()
    is_hidden = folder.name.startswith(".")
    return is_hidden or is_environment or folder.is_symlink() or folder.name in _FOREIGN


def parsed(name: str) -> cst.Module:
    """Return the tree of a file.

    Raises:
        Unusable: It does not exist, cannot be read, or is no Python.
    """
    try:
        return cst.parse_module(Path(name).read_bytes())
    except OSError as error:
        raise Unusable(error.strerror or "it cannot be read") from None
    except (UnicodeDecodeError, SyntaxError):
        # The standard library calls a wrong encoding a syntax error.
        msg = "it is neither UTF-8 nor what its first lines say"
        raise Unusable(msg) from None
    except cst.ParserSyntaxError as error:
        msg = f"line {error.raw_line} is no Python: {error.message}"
        raise Unusable(msg) from None


def check_whole(name: str, module: cst.Module) -> None:
    """Refuse a file that would lose something by being written again.

    Raises:
        Unusable: It would.
    """
    if Path(name).read_bytes() != module.bytes:
        msg = "it holds form feeds, which would be lost: remove them first"
        raise Unusable(msg)


def write(name: str, content: bytes) -> None:
    """Replace the content of a file in one step, keeping its permissions.

    Raises:
        Unusable: That is not allowed; the file is as it was.
    """
    target = Path(name).resolve()
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            shutil.copymode(target, temporary)
            Path(temporary).replace(target)
        except OSError:
            Path(temporary).unlink()
            raise
    except OSError as error:
        raise Unusable(error.strerror or "it cannot be written") from None
