"""Print, or write, what becomes of files: what ``flask jwtpolicy migrate`` does."""

from __future__ import annotations

from collections.abc import Sequence

import click

from .files import Unusable, write
from .migration import Migration, Result
from .report import diff, moved


def run(paths: Sequence[str], *, writes: bool) -> int:
    """Migrate the files of *paths*, and return the exit code.

    What changes goes to the standard output: a diff, or the names of the files that were
    written. What is left to a person goes to the standard error.
    """
    migration = Migration(paths)
    errors = list(migration.errors)
    for result in migration.results:
        errors.extend(_written(result) if writes else _shown(result))
    unusable = {name for name, _ in errors}
    for result in migration.results:
        _list(result, writes=writes and result.name not in unusable)
    for name, reason in errors:
        click.echo(f"{name}: {reason}", err=True)
    click.echo(_summary(migration, writes=writes), err=True)
    return 1 if errors else 0


def _shown(result: Result) -> list[tuple[str, str]]:
    for line in diff(result.name, result.before.code, result.after.code):
        click.echo(line, nl=False)
    return []


def _written(result: Result) -> list[tuple[str, str]]:
    if not result.is_changed:
        return []
    try:
        write(result.name, result.after.bytes)
    except Unusable as error:
        return [(result.name, str(error))]
    click.echo(result.name)
    return []


def _list(result: Result, *, writes: bool) -> None:
    notes = list(result.notes)
    if writes:
        notes = moved(notes, result.before.code, result.after.code)
    for note in notes:
        click.echo(f"{result.name}:{note.line}: {note.text}", err=True)


def _summary(migration: Migration, *, writes: bool) -> str:
    changed = sum(result.is_changed for result in migration.results)
    left = sum(len(result.notes) for result in migration.results)
    verb = "rewritten" if writes else "to be rewritten with --write"
    return f"files {verb}: {changed}; places for a person: {left}"
