"""Offer the commands of ``flask jwtpolicy``."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext


@click.group()
def jwtpolicy() -> None:
    """Look at what JSON Web Tokens protect here."""


@jwtpolicy.command()
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for machines.")
@click.option("--unguarded", is_flag=True, help="Show endpoints without a guard; fail if any is.")
@with_appcontext
def routes(as_json: bool, unguarded: bool) -> None:
    """Show what every endpoint demands.

    The exit code is 1 where no request can pass an endpoint, and with --unguarded where an
    endpoint has no guard, and nobody said that it is public.
    """
    from .audit import audit, report
    from .exceptions import SetupError

    try:
        found = audit(current_app)
    except SetupError as error:
        raise click.ClickException(str(error)) from None
    write = report.as_json if as_json else report.as_text
    click.echo(write(found, only_unguarded=unguarded))
    raise SystemExit(report.exit_code(found, only_unguarded=unguarded))


@jwtpolicy.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@click.option("--write", is_flag=True, help="Rewrite the files instead of showing a diff.")
def migrate(paths: tuple[str, ...], write: bool) -> None:
    """Rewrite an application of Flask-JWT-Extended for this library.

    Each PATH is a file or a folder of Python source. The standard output is a diff; the standard
    error lists, with file and line, what a person has to do. The exit code is 1 where a file
    cannot be read or written.
    """
    try:
        from .migrate.command import run
    except ModuleNotFoundError as error:
        if error.name != "libcst":
            raise
        msg = 'this needs libcst: pip install "jwtpolicy[migrate]"'
        raise click.ClickException(msg) from None
    raise SystemExit(run(paths, writes=write))
