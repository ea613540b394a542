"""The page "Architecture": its tables are the map of the layers."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import DOCS, ROOT

sys.path.insert(0, str(DOCS / "_ext"))

import layers  # the folder of Sphinx's extensions is no package

MAP: dict[str, Any] = layers.the_map()
PARTS = [name for names in MAP["layers"] for name in names]


@pytest.mark.parametrize("part", PARTS)
def test_the_table_says_of_a_part_its_own_first_line(part: str) -> None:
    path = ROOT / "jwtpolicy" / part
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    doc = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""

    lines = list(layers.table_lines())
    assert lines[lines.index(f"   * - ``{part}``") + 1] == f"     - {doc.splitlines()[0]}"


def test_the_command_prints_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(layers.__file__, run_name="__main__")

    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in printed] == PARTS


@pytest.fixture
def html(tmp_path: Path) -> str:
    """Return a page that Sphinx has made with the directives."""
    from sphinx.application import Sphinx

    (tmp_path / "index.rst").write_text(".. layers-request::\n\n.. layers-table::\n")
    settings = {"extensions": ["layers"], "default_role": "code"}
    out = tmp_path / "out"
    Sphinx(tmp_path, None, out, out, "html", settings, None, None, warningiserror=True).build()
    return (out / "index.html").read_text(encoding="utf-8")


def test_the_directives_make_the_way_and_the_table(html: str) -> None:
    assert len(re.findall("<li>", html)) >= len(MAP["request"])
    assert html.count("<tr") == len(PARTS) + 1
