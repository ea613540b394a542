"""Render tables from the code that they describe; that of errors is here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from jwtpolicy import exceptions


def table_lines(rows: Iterable[Sequence[str]], widths: str = "") -> Iterator[str]:
    """Yield *rows* as a reStructuredText table, the first as its heading."""
    yield ".. list-table::"
    yield "   :header-rows: 1"
    if widths:
        yield f"   :widths: {widths}"
    yield ""
    for row in rows:
        for index, cell in enumerate(row):
            yield f"   {'* -' if index == 0 else '  -'} {cell}"
    yield ""


def error_classes() -> list[type[exceptions.AccessError]]:
    """Return every refusal that clients can meet, in the order of the module."""
    found = [value for value in vars(exceptions).values() if isinstance(value, type)]
    return [cls for cls in found if issubclass(cls, exceptions.AccessError) and cls.code]


def error_lines() -> Iterator[str]:
    """Yield the errors as a reStructuredText table."""
    heads = ("class", "status", "``error``", "outcome", "challenge", "``error_description``")
    return table_lines([heads, *error_rows()])


def error_rows() -> Iterator[tuple[str, ...]]:
    """Yield a row for each error."""
    for cls in error_classes():
        error = cls()
        challenge = f"``{error.challenge.split()[0]}``" if error.challenge else "none"
        if error.retry_after:
            challenge = "``Retry-After``"
        name = f":exc:`~jwtpolicy.exceptions.{cls.__name__}`"
        yield (
            name,
            str(cls.code),
            f"``{cls.error}``",
            cls.outcome.name,
            challenge,
            cls.description,
        )


def class_lines(which: str) -> Iterator[str]:
    """Yield the classes of errors as directives: those of refusals, or the others."""
    for name, value in vars(exceptions).items():
        is_ours = isinstance(value, type) and value.__module__ == exceptions.__name__
        if not is_ours or not issubclass(value, Exception) or value is exceptions.AccessError:
            continue
        if issubclass(value, exceptions.AccessError) == (which == "refusals"):
            yield f".. autoexception:: jwtpolicy.exceptions.{name}"
            yield from ("   :show-inheritance:", "   :members:", "")


class Table(SphinxDirective):
    """Insert the lines of a generator, which may have headings."""

    lines = staticmethod(error_lines)

    def run(self) -> list[nodes.Node]:
        # The code may have changed though the page has not.
        self.env.note_reread()
        return self.parse_text_to_nodes("\n".join(self.lines()), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives of the errors."""

    class ErrorClasses(Table):
        """Insert the classes of the errors that the argument says: refusals, or others."""

        required_arguments = 1

        def lines(self) -> Iterator[str]:
            return class_lines(self.arguments[0])

    app.add_directive("error-table", Table)
    app.add_directive("error-classes", ErrorClasses)
    return {"parallel_read_safe": True}
