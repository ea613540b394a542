"""Find files that belong to an application but were not among the paths."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from .application import Application, File
from .files import Unusable, below, read
from .names import ORIGINAL, own_name
from .source import Source, is_tail


def left_out(application: Application) -> Iterator[tuple[File, str]]:
    """Yield left-out files that use Flask-JWT-Extended, each with a named file that leads there.

    Those are left out that a named file imports, also through files that do not concern tokens,
    and those that import one of these files.
    """
    named = {Path(file.source.name).resolve() for file in application.files}
    unread = {path for folder in map(_root, named) for path in below(folder)} - named
    reached = [(file.source, file) for file in application.files]
    by_name = _by_name(unread)
    for source, beside in reached:
        for path in _imported(source, by_name) & unread:
            unread.remove(path)
            if (other := _parsed(path)) is not None:
                reached.append((other, beside))
                if _is_concerned(other):
                    yield beside, str(path)
    for path in sorted(unread):
        if (importing := _parsed(path, ORIGINAL)) is not None and _is_concerned(importing):
            for source, beside in reached:
                if any(is_tail(module, source.dotted) for module in importing.modules):
                    yield beside, str(path)
                    break


def _by_name(paths: set[Path]) -> dict[str, list[tuple[Path, str]]]:
    """Return the paths with their dotted names, by the last part of those."""
    found: dict[str, list[tuple[Path, str]]] = defaultdict(list)
    for path in paths:
        parts = path.with_suffix("").parts[1:]
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        found[parts[-1]].append((path, ".".join(parts)))
    return found


def _imported(source: Source, by_name: dict[str, list[tuple[Path, str]]]) -> set[Path]:
    """Return the files that *source* imports; the nearest one where a name fits several."""
    found: set[Path] = set()
    for module in source.modules:
        rivals = by_name.get(module.rpartition(".")[2], ())
        meant = [path for path, dotted in rivals if is_tail(module, dotted)]
        if meant:
            found.add(max(meant, key=lambda path: len(os.path.commonpath([path, source.path]))))
    return found


def _parsed(path: Path, word: str = "") -> Source | None:
    """Return the file at *path*; None where *word* does not stand in it, or it is no Python."""
    try:
        text, _ = read(str(path))
        return Source(str(path), text) if word in text else None
    except Unusable:
        return None


def _is_concerned(source: Source) -> bool:
    return any(own_name(module) is not None for module in source.modules)


def _root(path: Path) -> Path:
    """Return the folder in which the package of a file stands."""
    folder = path.parent
    while (folder / "__init__.py").exists():
        folder = folder.parent
    return folder
