"""The page "Before production" shows what the command prints, and has every check."""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from jwtpolicy.checklist.catalogue import CHECKS
from tests.support.pages import run_page
from tests.support.paths import DOCS
from tests.support.terminal import run

PAGE = "operate/checklist.rst"
_SHOWN = re.compile(r"^   \$ flask --app shop jwtpolicy (.*)\n((?:   .*\n|\n)+)", re.MULTILINE)

sys.path.insert(0, str(DOCS / "_ext"))


def test_the_page_shows_what_the_command_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_URL", f"sqlite:///{tmp_path}/sessions.sqlite3")
    [(command, shown)] = _SHOWN.findall((DOCS / PAGE).read_text(encoding="utf-8"))
    parts = [part.strip("\n") for part in textwrap.dedent(shown).split("…\n") if part.strip()]

    done = run(run_page(PAGE, tmp_path, monkeypatch)["app"], command)

    assert (done.code, len(parts)) == (1, 3)
    assert [part for part in parts if part not in done.out] == []


def read(cell: Tag) -> str:
    """Return the text of a cell, with the apostrophe of the source."""
    return " ".join(cell.get_text().split()).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def test_the_page_has_a_row_for_each_check(site: Path) -> None:
    html = (site / PAGE.replace(".rst", ".html")).read_text(encoding="utf-8")
    rows = BeautifulSoup(html, "html.parser").select("table tbody tr")
    cells = [[read(cell) for cell in row.select("td")] for row in rows]

    assert [(question, advice) for question, _, advice in cells] == [
        (check.question, check.advice.replace("`", "")) for check in CHECKS
    ]
    assert [looked_at.split(", ")[0] for _, looked_at, _ in cells] == [one.name for one in CHECKS]


def test_every_setting_of_a_check_exists() -> None:
    from reference_settings import settings

    named = {name for check in CHECKS for name in check.settings if name.startswith("JWT_")}
    of_the_bridge = {"JWT_COMPAT_…", "JWT_COOKIE_CSRF_PROTECT"}

    assert {f"JWT_{name}" for name in settings()} >= named - of_the_bridge
