"""Reminders about an application that uses the native API."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .application import Application, File, native_managers
from .judged import reminders_of
from .source import Function, Note, Source


def reminders(application: Application) -> Iterator[tuple[File, Note]]:
    """Yield the reminders about the code as it is after the migration, the same at each run."""
    yield from reminders_of(application)
    for file in application.files:
        for node, text in _of_code(file.source):
            yield file, Note(node.lineno, text)  # type: ignore[attr-defined] # they have lines


def _of_code(source: Source) -> Iterator[tuple[ast.AST, str]]:
    for call in native_managers(source):
        yield (
            call,
            (
                "sessions and revocations are kept now, by default in a file of the instance "
                "folder: see JWT_STORE_URL; refusals have the statuses and bodies of this library"
            ),
        )
    for node in source.nodes:
        if isinstance(node, Function):
            yield from _of_function(source, node)
        elif isinstance(node, ast.Attribute) and node.attr == "unset_cookies":
            yield node, "the session stays open: jwt.logout(response), behind a guard, ends it too"


def _of_function(source: Source, function: Function) -> Iterator[tuple[ast.AST, str]]:
    decorators = {ast.unparse(decorator) for decorator in function.decorator_list}
    is_refresh = any("Refresh()" in text for text in decorators)
    if any(text.endswith(".revocation_check") for text in decorators):
        yield (
            function,
            (
                "once jwt.logout() or jwt.revoke(token) writes to the manager's own store, this "
                "function can go"
            ),
        )
    if is_refresh and any(
        isinstance(node, ast.Attribute) and node.attr == "issue" for node in ast.walk(function)
    ):
        yield (
            function,
            (
                "this view takes a refresh token again and again: RefreshView of "
                "jwtpolicy.endpoints uses it up, and gives the next pair"
            ),
        )
