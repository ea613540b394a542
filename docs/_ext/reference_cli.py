"""Render the commands of ``flask jwtpolicy`` from click, so that a new one appears by itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
from tables import table_lines

from jwtpolicy.cli import jwtpolicy

if TYPE_CHECKING:
    from sphinx.application import Sphinx

NAME = "flask jwtpolicy"


def commands(group: click.Group, name: str = NAME) -> Iterator[tuple[str, click.Command]]:
    """Yield the commands that do something, each with the words that call it."""
    for word, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


def command_lines() -> Iterator[str]:
    """Yield all commands as reStructuredText: usage, what it does, and the options."""
    for name, command in commands(jwtpolicy):
        title = name.removeprefix(f"{NAME} ")
        yield from (title, "-" * len(title), "")
        yield from (".. code-block:: text", "", f"   {usage(name, command)}", "")
        for paragraph in paragraphs(command):
            yield from paragraph
        if rows := list(option_rows(name, command)):
            yield from table_lines([("option", "meaning"), *rows], "30 70")


def usage(name: str, command: click.Command) -> str:
    """Return the line that calls a command."""
    return " ".join([name, *command.collect_usage_pieces(_context(name, command))])


def paragraphs(command: click.Command) -> Iterator[list[str]]:
    """Yield what the help of a command says; lines that click does not wrap are an example."""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        first, *rest = paragraph.split("\n")
        if first == "\b":
            title, *lines = rest
            yield [
                plain(title),
                "",
                ".. code-block:: text",
                "",
                *(f"   {each}" for each in lines),
                "",
            ]
        else:
            yield [plain(" ".join(paragraph.split())), ""]


def option_rows(name: str, command: click.Command) -> Iterator[tuple[str, str]]:
    """Yield each option but ``--help``, and what it means."""
    context = _context(name, command)
    for parameter in command.params:
        found = parameter.get_help_record(context)
        if found is not None:
            yield (f"``{found[0]}``", plain(found[1]) or "See above.")


def plain(text: str) -> str:
    """Return *text* so that reStructuredText takes it as it stands; what looks like code is code.

    Help is for a terminal: it marks nothing.
    """
    escaped = re.sub(r"([*|\\`])", r"\\\1", text)
    linked = re.sub(r"\bJWT_[A-Z_]+\b", r":data:`\g<0>`", escaped)
    return re.sub(r"(?<![\w-])(--[a-z][\w-]*)", r"``\1``", linked)


def _context(name: str, command: click.Command) -> click.Context:
    return click.Context(command, info_name=name)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive of the commands."""
    from tables import Table

    class Commands(Table):
        """Insert all commands."""

        lines = staticmethod(command_lines)

    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
