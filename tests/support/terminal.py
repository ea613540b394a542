"""Call the commands of an application as a terminal does, and read what they print."""

from __future__ import annotations

from typing import NamedTuple

from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from jwtpolicy.cli import jwtpolicy


class Printed(NamedTuple):
    """The exit code of a command, and what it has printed.

    Attributes:
        code: The exit code.
        out: The standard output.
        err: The standard error.
    """

    code: int
    out: str
    err: str


def run(
    app: Flask | ScriptInfo, *arguments: str, given: str | bytes | None = None, **environ: str
) -> Printed:
    """Run ``flask jwtpolicy …`` for an application, or for what loads one.

    *given* is the standard input, and keywords are environment variables.

    An exception that is no answer of the command fails the test.
    """
    loading = (
        ScriptInfo(create_app=lambda: app, set_debug_flag=False) if isinstance(app, Flask) else app
    )
    env = {"JWT_TOKEN": None, **environ}
    done = CliRunner().invoke(jwtpolicy, list(arguments), input=given, env=env, obj=loading)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Printed(done.exit_code, done.stdout, done.stderr)
