"""`LevelOrigin`: where a level was written, for people who ask why their request has to pass it."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, Literal, NamedTuple
from weakref import WeakKeyDictionary

from ..policy.base import Policy

#: What a level was written on. *default* is `Access()`, where no level was written; *resource* is
#: the audience that is demanded because of a protected resource.
LevelSource = Literal["baseline", "blueprint", "class", "decorator", "default", "resource"]

#: Packages whose frames stand between this one and the line that called it; ``JWTManager[User]()``
#: is called by `typing`.
_IN_BETWEEN: Final = frozenset({__name__.partition(".")[0], "typing"})


class Line(NamedTuple):
    """A line of a source file, as far as it is known.

    Attributes:
        file: The path, as Python knows it.
        number: The number of the line, from 1.
    """

    file: str | None = None
    number: int | None = None


#: Where nobody knows where something was written.
UNKNOWN_LINE: Final = Line()

#: The lines of classes that were asked for: to parse their source is most of a dry run.
_LINES: Final[WeakKeyDictionary[type, Line]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class LevelOrigin:
    """A level of an endpoint, and where it was written.

    Attributes:
        source: What it was written on: the baseline, a blueprint, a class or a decorator; or
            *default* where the view has no level of its own, which counts as ``Access()``; or
            *resource* for the audience that is demanded because of a protected resource.
        policy: The level, as it was written.
        name: The name of the blueprint or class; else empty.
        file: The path of the source file, or None where it is not known.
        line: The line of the decorator, of the class, or of the call; or None.
    """

    source: LevelSource
    policy: Policy
    name: str = ""
    file: str | None = None
    line: int | None = None

    @property
    def where(self) -> str:
        """The file and the line as people read them; a file below the current folder is relative.

        It is empty where the file is not known.
        """
        if self.file is None:
            return ""
        return _shown(self.file) + ("" if self.line is None else f":{self.line}")

    def __str__(self) -> str:
        name = f" {self.name}" if self.name else ""
        where = f"  ({self.where})" if self.where else ""
        return f"{self.source}{name}: {self.policy!r}{where}"


def _shown(file: str) -> str:
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except (ValueError, OSError):  # elsewhere; or the current folder was deleted
        return file


def calling_line() -> Line:
    """Return the line of the application that is calling this package.

    It reads frames alone, and no source.
    """
    frame = inspect.currentframe()
    while frame is not None and _is_in_between(frame):
        frame = frame.f_back
    return UNKNOWN_LINE if frame is None else Line(frame.f_code.co_filename, frame.f_lineno)


def _is_in_between(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] in _IN_BETWEEN


def line_of_class(cls: type) -> Line:
    """Return the line of the ``class`` statement of *cls*.

    Python before 3.13 has to read the source for it, so that nobody asks before a person does.
    """
    if cls in _LINES:
        return _LINES[cls]
    module = sys.modules.get(cls.__module__)
    try:
        _LINES[cls] = found = Line(inspect.getsourcefile(cls), inspect.getsourcelines(cls)[1])
        return found
    except (OSError, TypeError, SyntaxError):
        # Made by a call, typed into a console, compiled; or the file is being edited.
        return Line(getattr(module, "__file__", None))
