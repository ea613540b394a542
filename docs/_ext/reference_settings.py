"""Render the settings from the fields that describe them, in groups."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jwtpolicy.settings import Settings

if TYPE_CHECKING:
    from sphinx.application import Sphinx

TABLE = Path(__file__).parents[1] / "reference/data/settings.toml"

#: How a default in seconds is said, the largest unit first.
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))

#: A setting, or an identifier, within a sentence about another one.
_MENTION = re.compile(r"`?(JWT_[A-Z_]+)`?|`([^`]+)`")


@cache
def the_table() -> dict[str, Any]:
    """Return what ``settings.toml`` says."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def settings() -> dict[str, Field[Any]]:
    """Return the fields of all settings, by their keys without ``JWT_``."""
    found = (field for field in fields(Settings) if "key" in field.metadata)
    return {field.metadata["key"].removeprefix("JWT_"): field for field in found}


def default_of(field: Field[Any]) -> str:
    """Return the default of a setting in words, with its unit."""
    value, allowed = field.default, field.metadata["allowed"]
    if not isinstance(value, int | float | str | tuple) or value == ():
        return "not set"
    if type(value) in (int, float) and "second" in allowed:
        return _seconds(value)
    if type(value) is int:
        return f"{value:,} {allowed if ' ' not in allowed else ''}".strip()
    if isinstance(value, tuple):
        return ", ".join(f"``{item}``" for item in value)
    return "empty" if value == "" else f"``{value}``"


def _seconds(value: float) -> str:
    for size, unit in _UNITS:
        if value >= size and value % size == 0:
            count = int(value // size)
            said = f"{count} {unit}{'' if count == 1 else 's'}"
            return said if size == 1 else f"{said} (``{int(value)}`` seconds)"
    return f"{value:g} seconds"


def environment_of(name: str, field: Field[Any]) -> tuple[str, str]:
    """Return the name and the value of the environment variable that sets a setting."""
    sample: Mapping[str, str] = the_table()["environment"]
    value = field.default
    said = value if isinstance(value, str) else json.dumps(value, default=str)
    return f"FLASK_JWT_{name.replace('<KIND>', 'DOWNLOAD')}", sample.get(name, said)


def setting_lines() -> Iterator[str]:
    """Yield the groups and their settings as reStructuredText."""
    known = settings()
    for group in the_table()["group"]:
        yield from (group["title"], "-" * len(group["title"]), "")
        yield from (f"Used in {_pages(group['see'])}.", "")
        for name in group["settings"]:
            yield from one_setting(name, known[name])


def one_setting(name: str, field: Field[Any]) -> Iterator[str]:
    """Yield what a reader has to know of one setting."""
    variable, value = environment_of(name, field)
    yield from (f".. data:: {field.metadata['key']}", "")
    yield from (f"   {linked(field.metadata['effect'])}", "")
    yield f"   :Default: {default_of(field)}"
    yield f"   :Allowed: {linked(field.metadata['allowed'])}"
    yield f"   :Environment: ``{variable}={_quoted(value)}``"
    if pages := the_table()["see"].get(name):
        yield f"   :See: {_pages(pages)}"
    yield ""


def linked(text: str) -> str:
    """Return *text* with the settings that it names as links, and other code as code."""
    known = {field.metadata["key"] for field in settings().values()}

    def as_role(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return f":data:`{name}`" if name in known else f"``{name}``"

    return _MENTION.sub(as_role, text)


def _quoted(value: str) -> str:
    """Return *value* as a shell takes it."""
    return value if re.fullmatch(r"[\w./:@%+,…-]+", value) else f"'{value}'"


def _pages(names: list[str]) -> str:
    return ", ".join(f":doc:`{name}`" for name in names)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive of the settings."""
    from tables import Table

    class SettingsTable(Table):
        """Insert the settings, in their groups."""

        lines = staticmethod(setting_lines)

    app.add_directive("settings-table", SettingsTable)
    return {"parallel_read_safe": True}
