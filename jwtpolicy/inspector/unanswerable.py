"""`Unanswerable`: the sentence and the exit code where a command has no answer."""

from __future__ import annotations

import click


class Unanswerable(click.ClickException):
    """An error of the input or of the application, which its message tells in one sentence."""

    exit_code = 2
