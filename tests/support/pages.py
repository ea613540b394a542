"""Find the Python code of the pages and of the README."""

from __future__ import annotations

import re
import textwrap

from tests.support.paths import DOCS, ROOT

_PYTHON = re.compile(r"^\.\. code-block:: python\n\n((?:   .*\n|\n)+)", re.MULTILINE)
_README = re.compile(r"<!-- readme-(script|file): (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)

#: The pages with Python blocks, below `DOCS`.
PAGES = sorted(
    page.relative_to(DOCS).as_posix()
    for page in DOCS.rglob("*.rst")
    if "code-block:: python" in page.read_text(encoding="utf-8")
)


def code_of(page: str) -> str:
    """Return the Python blocks of a page, one below the other."""
    blocks = _PYTHON.findall((DOCS / page).read_text(encoding="utf-8"))
    return "\n".join(map(textwrap.dedent, blocks))


README = (ROOT / "README.md").read_text(encoding="utf-8")
#: What the README tells its reader to run or to write, by names that stand in comments there.
BLOCKS = {name: text for _, name, text in _README.findall(README)}
