"""The page "Architecture": its picture and its tables are the map of the layers."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.support.paths import DOCS, ROOT

sys.path.insert(0, str(DOCS / "_ext"))

import layers  # the folder of Sphinx's extensions is no package

MAP: dict[str, Any] = layers.the_map()
PARTS = [name for names in MAP["layers"] for name in names]
SVG = "{http://www.w3.org/2000/svg}"


def texts(tag: str) -> list[str]:
    """Return the texts of all elements of the picture that are called *tag*."""
    root = ElementTree.fromstring(layers.picture())
    return [element.text or "" for element in root.iter(SVG + tag)]


def test_the_picture_shows_every_part_in_the_order_of_the_map() -> None:
    shown = " ".join(texts("text")).replace(",", "").split()

    assert shown[: len(PARTS)] == PARTS


def test_the_picture_numbers_the_stops_of_a_request() -> None:
    numbers = [text for text in texts("text") if text.isdigit()]

    assert numbers == [str(number) for number in range(1, len(MAP["request"]) + 1)]


def test_the_picture_says_in_words_what_it_shows() -> None:
    (said,) = texts("desc")

    assert all(part in said for part in PARTS)
    assert "A request goes through views, app, guards" in said


def test_the_picture_stays_readable_on_a_telephone() -> None:
    """The page is 358 pixels wide there, of which the picture takes all."""
    root = ElementTree.fromstring(layers.picture())
    width = float(root.attrib["viewBox"].split()[2])
    sizes = [int(size) for size in re.findall(r"(\d+)px", texts("style")[0])]

    assert min(sizes) * 358 / width >= 11


def test_the_picture_stays_within_its_frame() -> None:
    root = ElementTree.fromstring(layers.picture())
    width, height = (float(number) for number in root.attrib["viewBox"].split()[2:])
    stops = [element.attrib for element in root.iter(f"{SVG}circle")]

    assert all(9 <= float(stop["cx"]) <= width - 9 for stop in stops)
    assert all(9 <= float(stop["cy"]) <= height - 9 for stop in stops)


def test_the_picture_has_no_colour_of_its_own() -> None:
    """The theme's variables follow its dark mode; a colour beside them is for other themes."""
    coloured = re.findall(r"(?:fill|stroke): ([^;]+);", texts("style")[0])

    assert all(value == "none" or value.startswith("var(--color-") for value in coloured)


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

    directives = "\n\n".join(f".. layers-{name}::" for name in ("picture", "request", "table"))
    (tmp_path / "index.rst").write_text(f"{directives}\n")
    settings = {"extensions": ["layers"], "default_role": "code"}
    out = tmp_path / "out"
    Sphinx(tmp_path, None, out, out, "html", settings, None, None, warningiserror=True).build()
    return (out / "index.html").read_text(encoding="utf-8")


def test_the_directives_make_the_picture_the_way_and_the_table(html: str) -> None:
    assert '<svg class="layers"' in html
    assert len(re.findall("<li>", html)) >= len(MAP["request"])
    assert html.count("<tr") == len(PARTS) + 1
