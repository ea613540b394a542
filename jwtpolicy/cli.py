"""The click commands of ``flask jwtpolicy``: routes, matrix, explain, inspect, mint and more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click
from flask import current_app
from flask.cli import with_appcontext

if TYPE_CHECKING:
    from .stores.base import TokenStore

Command = TypeVar("Command", bound=Callable[..., Any])


def wishes(command: Command) -> Command:
    """Add the options that describe the token that is made for ``--as``."""
    for option in (
        click.option(
            "--claim",
            "claims",
            multiple=True,
            metavar="NAME=JSON",
            help="Add this claim to the token of --as; may be repeated.",
        ),
        click.option(
            "--kind",
            default="access",
            show_default=True,
            metavar="KIND",
            help="The kind of the token of --as.",
        ),
        click.option("--scope", metavar="SCOPES", help="Its scopes, separated by spaces."),
        click.option("--fresh", is_flag=True, help="Make that token fresh, as after a login."),
    ):
        command = option(command)
    return command


@click.group()
def jwtpolicy() -> None:
    """Audit and check applications, explain requests, migrate, maintain the token store."""


@jwtpolicy.command(no_args_is_help=True)
@click.argument("method")
@click.argument("path")
@click.option("--as", "subject", metavar="USER", help="Send a new token of this user.")
@click.option("--token-stdin", is_flag=True, help="Send the token on the standard input.")
@wishes
@click.option("--place", metavar="NAME", help="Where to send the token: headers, cookies …")
@click.option("--verbose", is_flag=True, help="Show what the library adds to the policies.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for machines.")
def explain(method: str, path: str, **options: Any) -> None:
    """Explain whether a request would reach its view, and why.

    The application handles the request as usual, but the view does not run:
    nothing is deleted, used up, ended or sent. The token comes from --as, from
    the standard input, or from the environment variable JWT_TOKEN. It cannot
    be an argument, because shells store arguments in their history.

    \b
    Example:
      flask jwtpolicy explain DELETE /accounts/2 --as alice --fresh

    The exit code is 0 if the view would run, 1 if it would not, and 2 if the
    command cannot tell: no rule matches the path or the method, the input is
    wrong, the application does not start, or a check cannot be made.
    """  # noqa: D301 # the backspace is click's
    from .inspector.commands import explain

    raise SystemExit(explain(method, path, options))


@jwtpolicy.command()
@click.option(
    "--as",
    "subjects",
    multiple=True,
    metavar="USER",
    help="Add a column for a new token of this user; may be repeated.",
)
@wishes
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="METHOD",
    help="Show only requests with this method; may be repeated.",
)
@click.option(
    "--path",
    "paths",
    multiple=True,
    metavar="PATH",
    help="A path for a rule with variables, such as /accounts/2; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for machines.")
def matrix(**options: Any) -> None:
    """Show for every endpoint and user whether the view would run.

    Each cell is decided as by "explain", and no view runs. The first column
    is a request without a token. For a rule with variables, give a path with
    --path. Without one its cells are "?", because no value is guessed.

    
    Example:
      flask jwtpolicy matrix --as alice --as bob --path /accounts/2

    The exit code is 0 if every cell is known, 1 if a cell is "?", and 2 if
    there is no table: the input is wrong, or the application does not start.
    """  # the backspace is click's
    from .inspector.commands import ask_all

    raise SystemExit(ask_all(options))


@jwtpolicy.command()
@click.argument("source", metavar="[-]", default="")
def inspect(source: str) -> None:
    """Show the claims of a token, and whether the application accepts it.

    If the argument is a dash, the token is read from the standard input, else
    from the environment variable JWT_TOKEN. No address in the token is
    contacted, and its signature is not shown.

    \b
    Example:
      flask --debug jwtpolicy mint --as alice | flask jwtpolicy inspect -

    The exit code is 0 if the token is valid, 1 if the application refuses it,
    and 2 if the input is not a token or there is no application.
    """  # noqa: D301 # the backspace is click's
    from .inspector.commands import inspect

    raise SystemExit(inspect(source))


@jwtpolicy.command()
@click.option("--as", "subject", metavar="USER", required=True, help="The user of the token.")
@wishes
@click.option("--expires", type=float, metavar="SECONDS", help="The lifetime of the token.")
@click.option("--force", is_flag=True, help="Make it even if debug mode is off.")
def mint(**options: Any) -> None:
    """Print a token of a user, for development.

    The token belongs to no session, and nothing is written to the token store.
    If debug mode is off, --force is needed: everybody who can read the
    terminal can act as that user.

    \b
    Example:
      flask --debug jwtpolicy mint --as alice --scope reports:read

    The exit code is 2 if no token can be made.
    """  # noqa: D301 # the backspace is click's
    from .inspector.commands import mint

    mint(options)


@jwtpolicy.command()
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for machines.")
@click.option(
    "--unguarded",
    is_flag=True,
    help="Show only endpoints without a guard; fail if there is one.",
)
@click.option(
    "--allow",
    multiple=True,
    metavar="ENDPOINT",
    help="Accept this endpoint: --unguarded cannot see its checks; may be repeated.",
)
@with_appcontext
def routes(as_json: bool, unguarded: bool, allow: tuple[str, ...]) -> None:
    """List every endpoint with the policies and kinds of token that it demands.

    The exit code is 1 if there is an endpoint that no request can pass. With --unguarded it is
    also 1 if an endpoint has no guard that the command can see and is not declared public.
    """
    from .audit import audit, report
    from .exceptions import SetupError

    try:
        found = audit(current_app)
    except SetupError as error:
        raise click.ClickException(str(error)) from None
    unknown = set(allow) - {row.endpoint for row in found.rows}
    if unknown or (allow and not unguarded):
        msg = (
            f"no endpoint is called {', '.join(sorted(unknown))}"
            if unknown
            else "needs --unguarded too"
        )
        raise click.BadParameter(msg, param_hint="--allow")
    write = report.as_json if as_json else report.as_text
    allowed = allow if unguarded else None
    click.echo(write(found, allowed))
    raise SystemExit(report.exit_code(found, allowed))


@jwtpolicy.command()
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for machines.")
@click.option(
    "--allow",
    multiple=True,
    metavar="ENDPOINT",
    help="Accept this endpoint: its checks cannot be seen; may be repeated.",
)
def check(as_json: bool, allow: tuple[str, ...]) -> None:
    """Check an application before production, with the settings of production.

    The result of a check is ok, warning, failure, or "cannot tell" if the
    application does not know. One request is sent to the token store. If the
    store is new, that creates its tables, as the first request would.

    \b
    Example:
      flask --app shop jwtpolicy check --allow webhook

    The exit code is 0 if no check fails, 1 if one fails, and 2 if the
    application cannot be loaded or has no JWTManager.
    """  # noqa: D301 # the backspace is click's
    from .checklist.asking import check

    raise SystemExit(check(is_json=as_json, allowed=allow))


@jwtpolicy.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@click.option(
    "--to",
    required=True,
    type=click.Choice(["bridge", "native"]),
    help="bridge: change only the imports. native: rewrite all code.",
)
@click.option("--write", is_flag=True, help="Rewrite the files instead of showing a diff.")
def migrate(paths: tuple[str, ...], to: str, write: bool) -> None:
    """Rewrite an application of Flask-JWT-Extended for this library.

    Each PATH is a file or a folder of its Python source: name all of them, tests included. Either
    all files are rewritten or none. The diff is printed on the standard output. Reminders and
    obstacles are printed on the standard error, with file and line. The exit code is 1 if
    nothing can be rewritten yet.
    """
    from .migrate.command import run

    raise SystemExit(run(paths, to, writes=write))


@jwtpolicy.command()
@click.option(
    "--batch",
    default=500,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="The number of entries to remove at a time.",
)
@click.option(
    "--pause",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="The pause after each batch.",
)
@with_appcontext
def prune(batch: int, pause: float) -> None:
    """Remove entries of expired tokens from the token store.

    About N entries are removed at a time, with a pause after each batch, so that other requests
    are not blocked. Stores also remove such entries by themselves, a few with every few hundred
    changes.
    """
    with _asking() as (found, now):
        total = _prune(found, now, batch, pause)
    click.echo(f"{total} entries removed")


@jwtpolicy.group()
def store() -> None:
    """Maintain the token store."""


@store.command()
@with_appcontext
def upgrade() -> None:
    """Upgrade the token store to this version of the library.

    An SQLite file and Redis are changed in place. For an SQL database, the command prints the SQL.
    Run it as a database user who may change tables.
    """
    with _asking() as (found, _):
        told = found.upgrade()
    click.echo(told.rstrip())


@jwtpolicy.command()
@click.option(
    "--dialect",
    required=True,
    type=click.Choice(["postgresql", "mysql", "mariadb", "sqlite"]),
    help="The database system.",
)
def ddl(dialect: str) -> None:
    """Print the SQL that makes the tables of SQLAlchemyStore.

    For applications that set JWT_STORE_CREATE_TABLES to False.
    """
    from .exceptions import ConfigurationError

    try:
        from .stores.sqlalchemy import ddl as statements
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    click.echo(statements(dialect), nl=False)


@contextmanager
def _asking() -> Iterator[tuple[TokenStore, int]]:
    """Yield the application's token store and the time, in seconds since the epoch.

    Raises:
        ClickException: The application has no token store, or the store is unavailable.
    """
    from .app.bound_app import EXTENSION
    from .exceptions import StoreUnavailableError

    application = current_app.extensions.get(EXTENSION)
    if application is None or application.parts.store is None:
        msg = "this application has no token store; create a JWTManager and set JWT_STORE_URL"
        raise click.ClickException(msg)
    try:
        yield application.parts.store, int(application.parts.clock())
    except StoreUnavailableError as error:
        raise click.ClickException(str(error.reason)) from None


def _prune(store: TokenStore, now: int, batch: int, pause: float) -> int:
    total = 0
    with click.progressbar(length=store.prunable(now=now) or 0, label="Pruning") as bar:
        while removed := store.prune_batch(now=now, limit=batch):
            total += removed
            bar.update(removed)
            time.sleep(pause)
    return total
