"""The reference of the command line says what ``--help`` says."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from jwtpolicy.cli import jwtpolicy
from tests.support.paths import DOCS

PAGE = DOCS / "reference" / "cli.rst"
_BLOCK = re.compile(r"^\.\. code-block:: text\n\n((?:   .*\n|\n)+)", re.MULTILINE)


def printed(command: str) -> str:
    """Return what the page shows for a command line."""
    blocks = map(textwrap.dedent, _BLOCK.findall(PAGE.read_text(encoding="utf-8")))
    shown = dict(block.strip().split("\n", 1) for block in blocks)
    return shown[f"$ {command}"]


def commands(group: click.Group, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of a group, and of every command in it."""
    yield above
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, (*above, name))
        else:
            yield (*above, name)


@pytest.mark.parametrize("arguments", list(commands(jwtpolicy)), ids=str)
def test_the_page_shows_the_help_of_every_command(arguments: tuple[str, ...]) -> None:
    name = "flask jwtpolicy"
    done = CliRunner().invoke(jwtpolicy, [*arguments, "--help"], prog_name=name, terminal_width=80)

    assert printed(" ".join([name, *arguments, "--help"])) == done.output.strip()
