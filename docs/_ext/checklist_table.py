"""Render the checks of ``flask jwtpolicy check``, so that the page and the command say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reference_settings import settings
from tables import table_lines

from jwtpolicy.checklist.catalogue import CHECKS
from jwtpolicy.checklist.check import Check

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: Code between backticks within a sentence, or a setting.
_CODE = re.compile(r"`([^`]+)`|\b(JWT_[A-Z_]+)\b")


def check_rows() -> Iterator[tuple[str, str, str]]:
    """Yield a row for each check."""
    yield ("question", "check, and what it looks at", "if not")
    for check in CHECKS:
        yield (_marked(check.question), _looked_at(check), _marked(check.advice))


def _looked_at(check: Check) -> str:
    named = [f"``{check.name}``", *map(_setting, check.settings)]
    return ", ".join(named)


def _marked(text: str) -> str:
    """Return *text* as reStructuredText: code as code, and settings as links."""
    return _CODE.sub(lambda found: _setting(found[2]) if found[2] else f"``{found[1]}``", text)


def _setting(name: str) -> str:
    is_ours = name.removeprefix("JWT_") in settings()
    return f":data:`{name}`" if is_ours else f"``{name}``"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive of the checks."""
    from tables import Table

    class Checks(Table):
        """Insert the table of checks."""

        lines = staticmethod(lambda: table_lines(check_rows(), "30 28 42"))

    app.add_directive("checks-table", Checks)
    return {"parallel_read_safe": True}
