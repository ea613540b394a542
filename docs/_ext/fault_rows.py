"""Give each row of "What cannot happen here" an anchor, such as ``k30``, and the list of its tests.

The test suite imports this module too: only `setup` needs Sphinx.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from requirements import lines_of_tests, naming

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER = "understand/what-cannot-happen/"

#: The id of a fault: no dash, unlike that of a requirement.
ID = re.compile(r"\b([SCDK])\d+\b")

ROW = re.compile(r"^   \* - ([SCDK]\d+)\n((?:     .*\n)+)", re.MULTILINE)


def linked_rows(text: str) -> str:
    """Return a page's *text* with an anchor and the tests in each row."""
    return ROW.sub(_row, text)


def _row(found: re.Match[str]) -> str:
    id_, cells = found.groups()
    lines = [f"   * - .. _{id_.lower()}:", "", f"       {id_}", cells]
    lines += [f"    {line}" if line else "" for line in lines_of_tests(naming(ID).get(id_, []))]
    return "\n".join([*lines, ""])


def setup(app: Sphinx) -> dict[str, bool]:
    """Change the pages when they are read."""

    def change(_: Sphinx, page: str, source: list[str]) -> None:
        if page.startswith(FOLDER):
            source[0] = linked_rows(source[0])

    app.connect("source-read", change)
    # The tests may have changed though the pages have not.
    app.connect(
        "env-get-outdated",
        lambda _, env, *__: [page for page in env.found_docs if page.startswith(FOLDER)],
    )
    return {"parallel_read_safe": True}
