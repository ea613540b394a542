"""The plan of a migration: results, errors, hindrances and reminders; nothing is written."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from . import bridging, native
from .application import Application, File
from .left_out import left_out
from .names import OLD_ATTRIBUTES, OLD_NAMES, own_name
from .reminders import reminders
from .source import Function, Note, Source


@dataclass(frozen=True, slots=True)
class Result:
    """The result for one file: its text before and after.

    Attributes:
        name: Its path, as it was given.
        before: Its content as it is.
        after: Its content as it should be.
        encoding: That of both.
    """

    name: str
    before: str
    after: str
    encoding: str


class Migration:
    """The migration of an application to the bridge or to the native API.

    Args:
        paths: Files and folders.
        to: ``bridge`` or ``native``.
        shown: Yields its argument's items, and may show the progress.

    Attributes:
        errors: The files that cannot be read or parsed, with the reasons.
        hindrances: The code that a person has to change first; while there is any, no file changes.
        results: The files that change.
        reminders: Notes on work that is left to a person after the migration.
    """

    def __init__(
        self,
        paths: Sequence[str],
        to: str,
        shown: Callable[[Iterable[str]], Iterator[str]] = iter,
    ) -> None:
        application = Application(paths, shown)
        self.errors = application.errors
        self.hindrances: list[tuple[str, Note]] = []
        self.results: list[Result] = []
        self.reminders: list[tuple[str, Note]] = []
        if not application.is_concerned or self.errors:
            return
        _find_old(application)
        for file, name in left_out(application):
            text = f"{name} belongs to this application and uses Flask-JWT-Extended: name it too"
            file.hinder(file.source.tree, text)
        if not any(file.hindrances for file in application.files):
            (bridging if to == "bridge" else native).rewrite(application)
        self.hindrances = sorted(
            (file.source.name, note) for file in application.files for note in file.hindrances
        )
        if not self.hindrances:
            self._finish(application, to)

    def _finish(self, application: Application, to: str) -> None:
        """Render the results, and collect the reminders that the next run would give."""
        find = bridging.reminders if to == "bridge" else reminders
        for file in application.files:
            self._render(file)
        after = {result.name: result.after for result in self.results}
        again = Application.of(
            [(f.source.name, after.get(f.source.name, f.source.text)) for f in application.files]
        )
        self.reminders = sorted((file.source.name, note) for file, note in find(again))

    def _render(self, file: File) -> None:
        before, after = file.source.text, file.source.rendered()
        if before != after:
            self.results.append(Result(file.source.name, before, after, file.encoding))


def _find_old(application: Application) -> None:
    """Add hindrances for names of Flask-JWT-Extended 3, which version 4 does not have."""
    for file in application.files:
        for node in file.source.nodes:
            if _is_old(file.source, node):
                file.hinder(node, "this is of Flask-JWT-Extended 3: move to FJE 4 first")
        for reference in file.of("jwt_required"):
            above = file.source.parent(reference.node)
            if reference.call is None and isinstance(above, Function | ast.List | ast.Tuple):
                file.hinder(
                    reference.node,
                    "jwt_required has parentheses since Flask-JWT-Extended 4: move to FJE 4 first",
                )
        for reference in file.of("create_access_token", "create_refresh_token"):
            for keyword in reference.call.keywords if reference.call is not None else ():
                if keyword.arg == "user_claims":
                    file.hinder(keyword.value, "user_claims is of version 3: move to FJE 4 first")


def _is_old(source: Source, node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        module = source.absolute(node)
        return any(own_name(f"{module}.{alias.name}") in OLD_NAMES for alias in node.names)
    if isinstance(node, ast.Attribute):
        return node.attr in OLD_ATTRIBUTES or own_name(source.origin(node)) in OLD_NAMES
    return False
