"""Find the Python code of the pages and of the README, and run it as a reader would."""

from __future__ import annotations

import re
import secrets
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.support.keys import RSA_KEY, public_pem
from tests.support.paths import DOCS, ROOT

_PYTHON = re.compile(r"^\.\. code-block:: python\n\n((?:   .*\n|\n)+)", re.MULTILINE)
_PRINTED = re.compile(r"^( *)\.\. code-block:: python\n\n((?:\1   .*\n|\n)+)", re.MULTILINE)
_README = re.compile(r"<!-- readme-\w+: (\S+) -->\n```\w*\n(.*?)```", re.DOTALL)

#: The pages with Python blocks, below `DOCS`.
PAGES = sorted(
    page.relative_to(DOCS).as_posix()
    for page in DOCS.rglob("*.rst")
    if "code-block:: python" in page.read_text(encoding="utf-8")
)

#: What pages read from the environment, and how many random bytes it has.
ENVIRONMENT = {
    "JWT_SECRET_KEY": 48,
    "ADA_PASSWORD": 16,
    "BOB_PASSWORD": 16,
    "GATEWAY_SECRET": 32,
    "INTROSPECTION_SECRET": 32,
    "RED_SECRET": 48,
    "BLUE_SECRET": 48,
    "OLD_SECRET": 48,
    "NEW_SECRET": 48,
    "SHORT_SECRET": 18,
}


def code_of(page: str) -> str:
    """Return the Python blocks of a page, one below the other."""
    blocks = _PYTHON.findall((DOCS / page).read_text(encoding="utf-8"))
    return "\n".join(map(textwrap.dedent, blocks))


def printed_blocks(page: str) -> list[str]:
    """Return all Python blocks that a page prints, those inside of lists and boxes too."""
    blocks = _PRINTED.findall((DOCS / page).read_text(encoding="utf-8"))
    return [textwrap.dedent(block) for _, block in blocks]


def run_page(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run the blocks of a page in an empty folder, and return what they have defined.

    Secrets and passwords are in the environment, as on a server. That is all the set-up there is:
    pages do not print any, and what they print works without.
    """
    monkeypatch.chdir(folder)
    for name, size in ENVIRONMENT.items():
        monkeypatch.setenv(name, secrets.token_urlsafe(size))
    monkeypatch.setenv("PROVIDER_PUBLIC_KEY", public_pem(RSA_KEY))
    module = type(sys)("page")
    monkeypatch.setitem(sys.modules, "page", module)
    exec(compile(code_of(page), page, "exec"), vars(module))
    return vars(module)


README = (ROOT / "README.md").read_text(encoding="utf-8")
#: What the README tells its reader to run, to write or to expect, by names in comments there.
BLOCKS = dict(_README.findall(README))
