"""Find, read and write source files; those of an application are written together."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

#: Folders that hold other people's code.
_FOREIGN: Final = frozenset({"__pycache__", "node_modules", "site-packages", "venv"})


class Unusable(Exception):  # noqa: N818 # becomes a message
    """A file that cannot be read or written, with the reason."""


def found(paths: Iterable[str]) -> Iterator[str]:
    """Yield the files that *paths* name, and those of folders; each once.

    Raises nothing for a path that does not exist: reading it will tell.
    """
    seen: set[Path] = set()
    for path in paths:
        for name in below(Path(path)) if Path(path).is_dir() else (path,):
            if (resolved := Path(name).resolve()) not in seen:
                seen.add(resolved)
                yield str(name)


def below(folder: Path) -> Iterator[Path]:
    """Yield the Python files of *folder* that are its owner's."""
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            if not _is_skipped(entry):
                yield from below(entry)
        elif entry.suffix == ".py":
            yield entry


def _is_skipped(folder: Path) -> bool:
    is_environment = (folder / "pyvenv.cfg").exists()
    is_hidden = folder.name.startswith(".")
    return is_hidden or is_environment or folder.is_symlink() or folder.name in _FOREIGN


def read(name: str) -> tuple[str, str]:
    """Return the text of a file, with its line ends as they are, and its encoding.

    Raises:
        Unusable: The file does not exist, cannot be read, or is not in its encoding.
    """
    try:
        content = Path(name).read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return content.decode(encoding), encoding
    except OSError as error:
        raise Unusable(error.strerror or "it cannot be read") from None
    except (UnicodeDecodeError, SyntaxError):
        # The standard library calls a wrong encoding a syntax error.
        msg = "it is neither UTF-8 nor of the encoding that its first lines name"
        raise Unusable(msg) from None


def write_all(contents: Mapping[str, bytes]) -> None:
    """Replace the contents of files, all of them or none, keeping their permissions.

    Everything is written beside the files first. Where one of them cannot be replaced then, those
    that were are put back.

    Raises:
        Unusable: A file cannot be written; all files are as they were.
    """
    before: dict[str, bytes] = {}
    temporaries: dict[str, str] = {}
    try:
        for name, content in contents.items():
            before[name] = Path(name).read_bytes()
            temporaries[name] = _beside(Path(name).resolve(), content)
        for name in contents:
            Path(temporaries[name]).replace(Path(name).resolve())
            del temporaries[name]
    except OSError as error:
        for done in before.keys() - temporaries.keys():
            Path(done).write_bytes(before[done])
        raise Unusable(f"{name}: {error.strerror}") from None
    finally:
        for temporary in temporaries.values():
            Path(temporary).unlink(missing_ok=True)


def _beside(target: Path, content: bytes) -> str:
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        shutil.copymode(target, temporary)
    except OSError:
        Path(temporary).unlink()
        raise
    return temporary
