"""The texts that the package publishes, and the words that they should not have."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from typing import Any, Final

import click

from jwtpolicy.cli import jwtpolicy
from jwtpolicy.settings import Settings

#: Where names for users are, as the pages below ``docs/reference/api`` have them.
MODULES: Final = (
    "jwtpolicy",
    "jwtpolicy.audit",
    "jwtpolicy.compat.flask_jwt_extended",
    "jwtpolicy.endpoints",
    "jwtpolicy.exceptions",
    "jwtpolicy.keys",
    "jwtpolicy.stores",
    "jwtpolicy.stores.redis",
    "jwtpolicy.stores.sqlalchemy",
    "jwtpolicy.testing",
    "jwtpolicy.testing.strategies",
    "jwtpolicy.transports",
)

#: What is wrong with a sentence, by what to write instead.
FORBIDDEN: Final = {
    "things do not live, stand, die, believe or forget: say what happens": (
        r"\b(stands?|stood|lives?|died?|dies|believes?|forgets?|forgotten|swallows?|tossed)\b"
    ),
    "a condition begins with if": (
        r"([.;] |\n\n|\band |, )[Ww]here (there|that|it|they|none|nothing|nobody|no)\b"
        r"|([.;] |\n\n)[Ww]here\b"
        r"|\b(None|empty|also|only|except|0|1|2) where\b"
    ),
    "say how long, with a unit or a setting": r"\b(for so long|so long may|for ever)\b",
    "name who does it": r"\b([Ww]hoever|[Nn]obody said|[Ss]omebody said|[Ww]ho raises)\b",
}


def faults(text: str) -> list[str]:
    """Return what is wrong with the words of *text*."""
    return [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text)]


def settings() -> Iterator[tuple[str, str]]:
    """Yield the texts of each setting."""
    for field in fields(Settings):
        if key := field.metadata.get("key"):
            yield key, f"{field.metadata['effect']}\n{field.metadata['allowed']}"


def helps(command: click.Command = jwtpolicy, name: str = "jwtpolicy") -> Iterator[tuple[str, str]]:
    """Yield the help of each command and of its options."""
    options = [str(getattr(parameter, "help", "")) for parameter in command.params]
    yield name, "\n".join([command.help or "", *options])
    if isinstance(command, click.Group):
        for word, inner in command.commands.items():
            yield from helps(inner, f"{name} {word}")


def docstrings() -> Iterator[tuple[str, str]]:
    """Yield the docstrings that the pages of the API show."""
    for module in MODULES:
        for name, value in _published(module):
            yield f"{module}.{name}", inspect.cleandoc(value.__doc__ or "")
            for member in _members(value) if isinstance(value, type) else ():
                doc = getattr(member, "__doc__", None) or ""
                yield f"{module}.{name}.{member_name(member)}", inspect.cleandoc(doc)


def _published(module: str) -> Iterator[tuple[str, Any]]:
    for name, value in vars(import_module(module)).items():
        is_own = getattr(value, "__module__", "").startswith("jwtpolicy")
        if is_own and not name.startswith("_") and (isinstance(value, type) or callable(value)):
            yield name, value


def _members(cls: type) -> Iterator[Any]:
    for name, member in vars(cls).items():
        is_described = isinstance(member, property) or inspect.isroutine(member)
        if is_described and not name.startswith(("_", "test_")):
            yield member


def member_name(member: Any) -> str:
    """Return the name of a method or property."""
    found = member.fget if isinstance(member, property) else member
    return str(getattr(found, "__name__", found))
