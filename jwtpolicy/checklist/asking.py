"""The command ``check``, behind its options."""

from __future__ import annotations

from collections.abc import Sequence

import click
from flask import Flask
from flask.cli import ScriptInfo

from ..exceptions import SetupError
from ..inspector.commands import quietly
from ..inspector.loading import found_app
from ..inspector.unanswerable import Unanswerable
from .candidate import Candidate, candidate_of
from .catalogue import CHECKS
from .printing import as_json, as_text, has_failed


@quietly()
def check(*, is_json: bool, allowed: Sequence[str]) -> int:
    """Print the results of all checks, and return the exit code.

    Raises:
        Unanswerable: The application cannot be loaded or audited, or has no endpoint of a name
            in *allowed*.
    """
    # Flask would set it as the command line says, and hide what the application says of it.
    click.get_current_context().ensure_object(ScriptInfo).set_debug_flag = False
    app = found_app()
    candidate = _audited(app, allowed)
    unknown = sorted(set(allowed) - {row.endpoint for row in candidate.audit.rows})
    if unknown:
        raise Unanswerable(f"--allow: no endpoint is called {', '.join(unknown)}")
    results = [one.ask(candidate) for one in CHECKS]
    click.echo((as_json if is_json else as_text)(app.name, results))
    return 1 if has_failed(results) else 0


def _audited(app: Flask, allowed: Sequence[str]) -> Candidate:
    try:
        return candidate_of(app, allowed)
    except SetupError as error:
        raise Unanswerable(str(error)) from error
    except Exception as error:
        msg = f"the application cannot be audited: {type(error).__name__}: {error}"
        raise Unanswerable(msg) from error
