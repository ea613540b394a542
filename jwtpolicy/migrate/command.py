"""The command ``flask jwtpolicy migrate``: it prints a diff, or writes the files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

import click

from .diff import diff
from .files import Unusable, write_all
from .migration import Migration
from .source import Note


def run(paths: Sequence[str], to: str, *, writes: bool) -> int:
    """Move the application of *paths*, and return the exit code.

    The standard output gets a diff, or the names of the files that were written. The standard
    error gets the reminders and hindrances.
    """
    migration = Migration(paths, to, _shown)
    errors = [f"{name}: {reason}" for name, reason in migration.errors]
    if not errors and not migration.hindrances:
        errors = _finish(migration, writes=writes)
    _list(migration.hindrances or ([] if errors else migration.reminders))
    for error in errors:
        click.echo(error, err=True)
    click.echo(_summary(migration, to, is_wrong=bool(errors), writes=writes), err=True)
    return 1 if errors or migration.hindrances else 0


def _shown(names: Iterable[str]) -> Iterator[str]:
    """Yield *names*, and show on a terminal how many of them are read."""
    with click.progressbar(list(names), label="Reading", file=sys.stderr) as bar:
        yield from bar


def _finish(migration: Migration, *, writes: bool) -> list[str]:
    """Write or print the changes; return the errors."""
    if writes:
        try:
            write_all({r.name: r.after.encode(r.encoding) for r in migration.results})
        except Unusable as error:
            return [f"{error}; nothing was written"]
    for result in migration.results:
        lines = diff(result.name, result.before, result.after)
        for line in (f"{result.name}\n",) if writes else lines:
            click.echo(line, nl=False)
    return []


def _list(notes: Sequence[tuple[str, Note]]) -> None:
    for name, note in notes:
        click.echo(f"{name}:{note.line}: {note.text}", err=True)


def _summary(migration: Migration, to: str, *, is_wrong: bool, writes: bool) -> str:
    if is_wrong:
        return "nothing changes: mend the files above first"
    if migration.hindrances:
        count = len(migration.hindrances)
        return f"nothing changes: {count} places hinder --to {to}; mend them, and run this again"
    verb = "rewritten" if writes else "to be rewritten with --write"
    return f"files {verb}: {len(migration.results)}; reminders: {len(migration.reminders)}"
