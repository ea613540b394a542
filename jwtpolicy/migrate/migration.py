"""Plan the move of all files of an application; nothing is written here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import libcst as cst

from .edits import Note
from .facts import Facts
from .files import Unusable, check_whole, found, parsed
from .imports import rewrite_imports
from .places import Place
from .project import Project
from .rewriting import planned
from .source import Source
from .work import Work

#: Files in which none of these stands have nothing to rewrite.
_WORDS: Final = (b"flask_jwt_extended", b"jwtpolicy", b"JWT_", b"_loader")


@dataclass(frozen=True, slots=True)
class Result:
    """What becomes of one file.

    Attributes:
        name: Its path, as it was given.
        before: Its tree as it is.
        after: Its tree as it should be.
        notes: What a person has to look at, by the lines of the file as it is.
    """

    name: str
    before: cst.Module
    after: cst.Module
    notes: Sequence[Note]

    @property
    def is_changed(self) -> bool:
        """Whether anything is to be rewritten."""
        return self.before.code != self.after.code


class Migration:
    """What becomes of all files.

    Attributes:
        errors: The files that cannot be used, with the reasons.
        results: What becomes of the others.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self.errors: list[tuple[str, str]] = []
        modules = dict(self._parsed(paths))
        imported = {name for place, module in modules.items() for name in place.imported(module)}
        files = [Facts(Source(*found)) for found in modules.items() if _is_concerned(found[1])]
        project = Project(files, imported)
        works = [planned(file, project) for file in files if project.is_concerned]
        for work in works:
            _note_bridge(work, works)
        self.results = [_result(work) for work in works]

    def _parsed(self, paths: Sequence[str]) -> Iterator[tuple[Place, cst.Module]]:
        for name in found(paths):
            try:
                module = parsed(name)
                if _is_concerned(module):
                    check_whole(name, module)
                yield Place(name), module
            except Unusable as error:
                self.errors.append((name, str(error)))


def _is_concerned(module: cst.Module) -> bool:
    return any(word in module.bytes for word in _WORDS)


def _note_bridge(work: Work, works: Sequence[Work]) -> None:
    """Say that what is left of the bridge needs a manager of the bridge."""
    names = {reference.name for other in works for reference in other.kept()}
    is_needed = any("." not in name for name in names) and "JWTManager" not in names
    for manager in work.facts.managers if is_needed else ():
        work.note(
            manager.call,
            "until nothing is imported from the bridge any more, its own JWTManager(app) is needed "
            "beside this one",
        )


def _result(work: Work) -> Result:
    rewrite_imports(work)
    module = work.source.module
    notes = sorted(work.edits.notes)
    return Result(work.source.place.name, module, work.edits.applied_to(module), notes)
