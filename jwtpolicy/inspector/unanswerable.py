"""`Unanswerable`: the sentence and the exit code where a command has no answer."""

from __future__ import annotations

import click

from ..decision import one_line


class Unanswerable(click.ClickException):
    """An error of the input or of the application, which its message tells in one sentence."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        # An application's exception may hold what a client has sent.
        super().__init__("\n".join(map(one_line, message.split("\n"))))
