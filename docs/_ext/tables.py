"""Render the tables of settings and errors from the code that they describe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from jwtpolicy import exceptions
from jwtpolicy.settings import Settings


def setting_lines() -> Iterator[str]:
    """Yield the settings as reStructuredText."""
    for field in fields(Settings):
        if "key" not in field.metadata:
            continue
        default = "" if field.default is MISSING else f"Default: ``{field.default!r}``. "
        yield f".. data:: {field.metadata['key']}"
        yield ""
        yield f"   {field.metadata['effect']}"
        yield ""
        yield f"   {default}Allowed: {field.metadata['allowed']}."
        yield ""


def error_classes() -> list[type[exceptions.AccessError]]:
    """Return every refusal that clients can meet, in the order of the module."""
    found = [value for value in vars(exceptions).values() if isinstance(value, type)]
    return [cls for cls in found if issubclass(cls, exceptions.AccessError) and cls.code]


def error_lines() -> Iterator[str]:
    """Yield the errors as a reStructuredText table."""
    yield ".. list-table::"
    yield "   :header-rows: 1"
    yield ""
    for row in [("class", "status", "``error``", "outcome", "challenge"), *error_rows()]:
        for index, cell in enumerate(row):
            yield f"   {'* -' if index == 0 else '  -'} {cell}"


def error_rows() -> Iterator[tuple[str, ...]]:
    """Yield a row for each error."""
    for cls in error_classes():
        error = cls()
        challenge = f"``{error.challenge.split()[0]}``" if error.challenge else "none"
        if error.retry_after:
            challenge = "``Retry-After``"
        name = f":exc:`~jwtpolicy.exceptions.{cls.__name__}`"
        yield (name, str(cls.code), f"``{cls.error}``", cls.outcome.name, challenge)


class Table(SphinxDirective):
    """Insert the lines of a generator."""

    lines = staticmethod(setting_lines)

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n".join(self.lines()))


class ErrorTable(Table):
    """Insert the table of errors."""

    lines = staticmethod(error_lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("settings-table", Table)
    app.add_directive("error-table", ErrorTable)
    return {"parallel_read_safe": True}
