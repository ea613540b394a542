"""Load the application of a command; what hinders it is a sentence, and no traceback."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import ScriptInfo

from ..app.bound_app import BoundApp, bound_app_of
from ..exceptions import AccessError, SetupError
from .unanswerable import Unanswerable


def loaded() -> tuple[Flask, BoundApp]:
    """Return the application that the command is about, bound as at its first request.

    Raises:
        Unanswerable: It cannot be loaded, has no `JWTManager`, or cannot start.
    """
    app = found_app()
    try:
        with app.app_context():
            bound = bound_app_of(app)
            bound.enforcement  # noqa: B018 # binds the plans
    except SetupError as error:
        raise Unanswerable(str(error)) from error
    except AccessError as error:
        raise Unanswerable(f"the application cannot start: {error.reason}") from error
    except (Exception, SystemExit) as error:
        raise _not_started(error) from error
    return app, bound


def found_app() -> Flask:
    """Return the application that ``--app`` names; nothing of it is bound.

    Raises:
        Unanswerable: It is not there, or its code raises an exception.
    """
    info = click.get_current_context().ensure_object(ScriptInfo)
    try:
        return info.load_app()
    except click.ClickException as error:
        # Flask puts a whole traceback into the message of an import that fails.
        lines = error.message.strip().splitlines()
        last = f" {lines[-1].strip()}" if len(lines) > 1 else ""
        raise Unanswerable(lines[0] + last) from error
    except (Exception, SystemExit) as error:
        raise _not_started(error) from error


def _not_started(error: BaseException) -> Unanswerable:
    # An application that calls ``sys.exit`` would end the command with an exit code of its own,
    # which has another meaning here.
    return Unanswerable(f"the application cannot start: {type(error).__name__}: {error}")
